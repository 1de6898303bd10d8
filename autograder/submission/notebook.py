"""A notebook's bytes as cells: JSON read under caps, outputs dropped before they are parsed."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from autograder.errors import UnreadableSubmission
from autograder.submission.model import Caps, Cell, CellKind
from autograder.submission.text import without_surrogates

# A run of strings, numbers and separators, or one bracket. Every quantifier is possessive and the
# closing quote optional, so that no input makes the scan go back: it is linear.
_TOKEN = re.compile(
    rb'(?P<run>(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?+)++)|(?P<bracket>[\[\]{}])', re.DOTALL
)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+', re.DOTALL)
_DROPPED = re.compile(rb'(?<!\\)"(?:outputs|attachments|widgets)"\s*:\s*\Z')
_KINDS: dict[str, CellKind] = {
    "code": "code",
    "markdown": "markdown",
    "raw": "markdown",
    "heading": "markdown",
    "html": "markdown",
}
MAX_TAGS = 20
MAX_TAG_LENGTH = 100
_SAVE_AGAIN = "Open it in Jupyter, save it and hand in the saved .ipynb file."


def read_notebook(data: bytes, where: str, caps: Caps) -> tuple[Cell, ...]:
    """The cells of an .ipynb file, nbformat 4 or 3; outputs are never looked at.

    Raises UnreadableSubmission for anything else.
    """
    return cells_of(parse_notebook(data, where, caps), where, caps)


def parse_notebook(data: bytes, where: str, caps: Caps) -> object:
    """The JSON of an .ipynb file without its outputs. Raises UnreadableSubmission for no JSON."""
    if not data.strip(b" \t\r\n\0"):
        raise UnreadableSubmission("the file is empty", where=where, remedy=_SAVE_AGAIN)
    slim = _without_outputs(_as_utf8(data, where), where, caps)
    try:
        notebook: object = json.loads(
            slim.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_small_integer,
            parse_constant=lambda name: None,
        )
    except UnicodeDecodeError as error:
        raise UnreadableSubmission(
            "the file is not UTF-8 text", where=where, remedy=_SAVE_AGAIN
        ) from error
    except _DoubleKey as error:
        raise UnreadableSubmission(
            f"not a sound notebook: the key {error.key!r} stands twice in one object",
            where=where,
            remedy=_SAVE_AGAIN,
        ) from error
    except (ValueError, RecursionError) as error:
        reason = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "damaged"
        raise UnreadableSubmission(
            f"not a notebook: the file is not JSON ({reason})", where=where, remedy=_SAVE_AGAIN
        ) from error
    return notebook


def _as_utf8(data: bytes, where: str) -> bytes:
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    # JSON begins with two ASCII characters, so zero bytes among the first four give UTF-16 and
    # UTF-32 away even without a byte order mark (RFC 4627, section 3).
    encoding = json.detect_encoding(data)
    if encoding in ("utf-8", "utf-8-sig"):
        return data
    try:
        return data.decode(encoding).encode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise UnreadableSubmission(
            f"the file is not {encoding.upper()} text, though it begins like it",
            where=where,
            remedy=_SAVE_AGAIN,
        ) from error


def _without_outputs(data: bytes, where: str, caps: Caps) -> bytes:
    """The JSON text with outputs, pasted pictures and widget states emptied, within the caps.

    They are most of a large notebook, and nothing that is graded; parsing 50 MB of them would
    take ten times that in memory.
    """
    kept: list[bytes] = []
    size = parts = depth = 0
    dropped_from: int | None = None
    previous = b""
    for token in _TOKEN.finditer(data):
        piece = token.group()
        if token.lastgroup == "run":
            previous = piece[-64:]
            if dropped_from is None:
                kept.append(piece)
                size += len(piece)
                if size > caps.notebook_bytes:
                    raise _too_much(f"it is larger than {caps.notebook_bytes / 2**20:g} MB", where)
                outside = _STRING.sub(b"", piece)
                parts += outside.count(b",") + outside.count(b":")
        elif piece in b"[{":
            depth += 1
            if depth > caps.depth:
                raise _too_much(f"its JSON is nested more than {caps.depth} levels deep", where)
            if dropped_from is None:
                kept.append(piece)
                parts += 1
                if _DROPPED.search(previous):
                    dropped_from = depth
            previous = b""
        else:
            if dropped_from == depth:
                dropped_from = None
            if dropped_from is None:
                kept.append(piece)
            depth -= 1
            previous = b""
        if parts > caps.parts:
            raise _too_much(f"it has more than {caps.parts:,} values", where)
    return b"".join(kept)


def _too_much(what: str, where: str) -> UnreadableSubmission:
    return UnreadableSubmission(
        f"not a notebook that can be graded: outputs aside, {what}",
        where=where,
        remedy="Remove what is not part of the answers (large pictures, data), save and hand in.",
    )


class _DoubleKey(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key[:80]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # JSON readers differ in which of two equal keys wins: two people would grade two notebooks.
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _DoubleKey(key)
        result[key] = value
    return result


def _small_integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= 20 else None


def cells_of(notebook: object, where: str, caps: Caps) -> tuple[Cell, ...]:
    """The cells of a notebook's JSON. Raises UnreadableSubmission where it has none."""
    listed = listed_cells(notebook)
    if listed is None:
        raise UnreadableSubmission(
            "not a notebook: it has no list of cells", where=where, remedy=_SAVE_AGAIN
        )
    if len(listed) > caps.cells:
        raise UnreadableSubmission(
            f"the notebook has {len(listed):,} cells; {caps.cells:,} is the most",
            where=where,
            remedy="Remove cells that are not part of the answers.",
        )
    return tuple(_cell(index, cell, where) for index, cell in enumerate(listed))


def listed_cells(notebook: object) -> list[object] | None:
    """The cells as they stand in the JSON, one for each of `cells_of`; None where it has none."""
    if not isinstance(notebook, dict):
        return None
    if isinstance(notebook.get("cells"), list):
        return list(notebook["cells"])
    sheets = notebook.get("worksheets")  # nbformat 3
    if not isinstance(sheets, list):
        return None
    cells: list[object] = []
    for sheet in sheets:
        if not isinstance(sheet, dict) or not isinstance(sheet.get("cells"), list):
            return None
        cells += sheet["cells"]
    return cells


def _cell(index: int, cell: object, where: str) -> Cell:
    here = f"{where}, cell {index + 1}"
    if not isinstance(cell, dict):
        raise UnreadableSubmission("this cell is not an object", where=here, remedy=_SAVE_AGAIN)
    given_kind = cell.get("cell_type")
    kind = _KINDS.get(given_kind) if isinstance(given_kind, str) else None
    if kind is None:
        raise UnreadableSubmission(
            "this cell is neither code nor markdown", where=here, remedy=_SAVE_AGAIN
        )
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise UnreadableSubmission(
            "the source of this cell is not text", where=here, remedy=_SAVE_AGAIN
        )
    return Cell(index, kind, without_surrogates(source), _tags(cell.get("metadata")))


def _tags(metadata: object) -> tuple[str, ...]:
    """The tags that are text; a tag of any other form marks nothing."""
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if not isinstance(tags, list):
        return ()
    texts = [tag for tag in tags[:MAX_TAGS] if isinstance(tag, str) and len(tag) <= MAX_TAG_LENGTH]
    return tuple(without_surrogates(tag) for tag in texts)
