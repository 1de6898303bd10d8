"""Looks through all that students get, or can reach, for anything of the answer side."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.authoring.secrets import (
    LABELS,
    UNMISTAKABLE,
    Secrets,
    digits_of,
    grams,
    label_windows,
    review_hashes,
    squeezed,
    words_of,
)
from autograder.errors import LeakError

MAX_TEXT = 160
"""Characters of a leak that a message quotes."""

_LABEL = r"[01](?:\.0?)?"
_ROW_OF_LABELS = re.compile(rf"{_LABEL}(?:[\s,;|\[\]()]*{_LABEL}(?!\d)){{{LABELS - 1},}}")


@dataclass(frozen=True)
class Leak:
    """Something of the answer side, found where students can read it."""

    what: str
    file: str
    cell: int | None
    """Counted from 1; None outside of notebooks."""
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.text!r}"

    @property
    def where(self) -> str:
        """File and cell."""
        return self.file if self.cell is None else f"{self.file}, cell {self.cell}"


@dataclass(frozen=True)
class _Text:
    file: str
    cell: int | None
    text: str


def find_leaks(
    secrets: Secrets, place: Path, *, skip: Callable[[str, bytes], bool] | None = None
) -> list[Leak]:
    """All leaks in a folder or a zip; zips inside are opened, too.

    ``skip(name, content)`` tells of files that need not be looked at.
    """
    leaks: dict[tuple[str, str, int | None], Leak] = {}
    for name, data in _files(place):
        if skip is not None and skip(name, data):
            continue
        for leak in _leaks_of_file(secrets, name, data):
            # One of a kind in each place is enough.
            leaks.setdefault((leak.what, leak.file, leak.cell), leak)
    return list(leaks.values())


def refuse_leaks(leaks: list[Leak]) -> None:
    """Raise LeakError with the first of these leaks, and the places of some more."""
    if not leaks:
        return
    first, *others = leaks
    more = "".join(f"\n  {leak}" for leak in others[:9])
    if len(others) > 9:
        more += f"\n  and {len(others) - 9} more"
    raise LeakError(
        f"students would get {first.what}: {first.text!r}{more and f'; and also{more}'}",
        where=first.where,
        remedy="Move it between the solution markers of the master, or reword what students read.",
    )


def _files(place: Path) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield from _opened(str(path.relative_to(place)), path.read_bytes())
    else:
        yield from _opened(place.name, place.read_bytes())


def _opened(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, data
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield from _opened(f"{name}/{entry.filename}", archive.read(entry))


def _leaks_of_file(secrets: Secrets, name: str, data: bytes) -> Iterator[Leak]:
    what = secrets.files.get(hashlib.sha256(data).hexdigest())
    if what:
        yield Leak(what, name, None, f"{len(data)} bytes")
    if name.endswith(".npz"):
        yield from _leaks_of_arrays(secrets, name, data)
    for text in _texts(name, data):
        for found, quoted in _found(secrets, text.text, name.endswith(".py")):
            yield Leak(found, text.file, text.cell, quoted[:MAX_TEXT])


def _texts(name: str, data: bytes) -> Iterator[_Text]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    if not name.endswith(".ipynb"):
        yield _Text(name, None, text)
        return
    notebook = json.loads(text)
    for number, cell in enumerate(notebook.pop("cells", []), start=1):
        yield _Text(name, number, "".join(cell.pop("source", "")))
        # Metadata, outputs and attachments: the texts inside, and names together with values.
        for inner in (*_strings(cell), json.dumps(cell, ensure_ascii=False)):
            yield _Text(name, number, inner)
    for inner in (*_strings(notebook), json.dumps(notebook, ensure_ascii=False)):
        yield _Text(name, None, inner)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield "".join(value)
        else:
            for item in value:
                yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _strings(item)


def _found(secrets: Secrets, text: str, is_code: bool) -> Iterator[tuple[str, str]]:
    """(what, quoted) for each secret in a text; ``is_code`` where it is a file of Python."""
    words = words_of(text)
    for length, known in secrets.words.items():
        for gram in grams(words, length):
            if gram in known:
                yield known[gram], " ".join(gram)
    bare = squeezed(text)
    lines = [(what, line) for line, what in secrets.code.items() if line in bare]
    for what, line in lines:
        alone = [other for other, _ in lines].count(what) == 1
        if not (alone and is_code and len(line) < UNMISTAKABLE):
            yield what, line
    for pattern, what in secrets.patterns:
        match = pattern.search(text)
        if match:
            yield what, match[0]
    if secrets.labels:
        for row in _ROW_OF_LABELS.finditer(text):
            digits = re.sub(r"\.0?|[^01]", "", row[0])
            for window in label_windows(digits):
                if window in secrets.labels:
                    yield secrets.labels[window], window
                    break


def _leaks_of_arrays(secrets: Secrets, name: str, data: bytes) -> Iterator[Leak]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    for key, array in arrays.items():
        for window in label_windows(digits_of(array)):
            if window in secrets.labels:
                yield Leak(secrets.labels[window], name, None, f"array {key}: {window}")
                break
    shared = sum(digest in secrets.reviews for digest in review_hashes(arrays))
    if shared:
        yield Leak("hidden reviews", name, None, f"{shared} of them")
