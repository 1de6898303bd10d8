"""A Python script as cells: jupytext's percent format, nbconvert's export, or one cell."""

from __future__ import annotations

import json
import re

from autograder.errors import UnreadableSubmission
from autograder.submission.model import Caps, Cell, CellKind

_MARK = re.compile(r"#\s?%%(?:[ \t](?P<rest>.*))?")
_NBCONVERT = re.compile(r"# In\s?\[[ \d]{0,6}\]:\s*")
_MARKDOWN = re.compile(r"\[(?:markdown|md|raw)\]")
_TAGS = re.compile(r"""["']?tags["']?\s?[=:]\s?(\[[^\[\]]{0,400}\])""")
_COMMENTED_MAGIC = re.compile(r"# ([%!]\S)")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_ENCODINGS = {"utf-8", "utf8", "ascii", "latin-1", "iso-8859-1", "iso-8859-15", "cp1252"}


def read_script(data: bytes, where: str, caps: Caps) -> tuple[Cell, ...]:
    """The cells of a .py file; a script without cell marks is one code cell.

    jupytext would parse a YAML header and more, without a bound: only the marks matter here.
    Raises UnreadableSubmission for what is no text, too large or empty.
    """
    text = script_text(data, where, caps)
    if not text.strip():
        raise UnreadableSubmission(
            "the file is empty", where=where, remedy="Save your script and hand it in again."
        )
    cells: list[Cell] = []
    kind: CellKind = "code"
    tags: tuple[str, ...] = ()
    lines: list[str] = []

    def close() -> None:
        source = _markdown(lines) if kind == "markdown" else _code(lines)
        if source or tags:
            cells.append(Cell(len(cells), kind, source, tags))

    for line in _without_header(text.split("\n")):
        mark = _MARK.fullmatch(line)
        if mark or _NBCONVERT.fullmatch(line):
            close()
            rest = (mark["rest"] or "") if mark else ""
            kind = "markdown" if _MARKDOWN.search(rest) else "code"
            tags = _tags(rest)
            lines = []
        else:
            lines.append(line)
    close()
    if len(cells) > caps.cells:
        raise UnreadableSubmission(
            f"the script has {len(cells):,} cells; {caps.cells:,} is the most",
            where=where,
            remedy="Remove cells that are not part of the answers.",
        )
    return tuple(cells)


def script_text(data: bytes, where: str, caps: Caps) -> str:
    """The text of a script. Raises UnreadableSubmission where it is none, or too large."""
    if len(data) > caps.script_bytes:
        raise UnreadableSubmission(
            f"the script is larger than {caps.script_bytes / 2**20:g} MB",
            where=where,
            remedy="Keep data in files of their own.",
        )
    encoding = "utf-8-sig"
    for line in data.split(b"\n", 2)[:2]:  # PEP 263: in the first two lines
        declared = _CODING.match(line[:200])
        if declared:
            encoding = declared[1].decode("ascii").lower().replace("_", "-")
            # Some codecs of Python's take minutes over a few MB (punycode, idna).
            encoding = encoding if encoding in _ENCODINGS else "utf-8-sig"
    try:
        text = data.decode("utf-8-sig" if encoding.startswith("utf") else encoding)
    except UnicodeDecodeError as error:
        raise UnreadableSubmission(
            "the script is not UTF-8 text", where=where, remedy="Save it as UTF-8."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _without_header(lines: list[str]) -> list[str]:
    """The lines without jupytext's YAML header, which stands between two lines `# ---`."""
    if lines[0].strip() != "# ---":
        return lines
    for number, line in enumerate(lines[1:100], 1):
        if line.strip() == "# ---":
            return lines[number + 1 :]
        if not line.startswith("#"):
            break
    return lines


def _tags(rest: str) -> tuple[str, ...]:
    found = _TAGS.search(rest[:2000])
    if not found:
        return ()
    try:
        tags = json.loads(found[1].replace("'", '"'))
    except ValueError:
        return ()
    return tuple(tag for tag in tags if isinstance(tag, str))


def _code(lines: list[str]) -> str:
    # jupytext writes magics as comments, so that the script stays Python.
    return "\n".join(_COMMENTED_MAGIC.sub(r"\1", line, count=1) for line in lines).strip("\n")


def _markdown(lines: list[str]) -> str:
    text = "\n".join(lines).strip()
    for quotes in ('"""', "'''"):
        if len(text) >= 6 and text.startswith(quotes) and text.endswith(quotes):
            return text[3:-3].strip("\n")
    return "\n".join(re.sub(r"^# ?", "", line) for line in text.split("\n"))
