"""A hand-in as otter takes it: code cells with otter's marks on them, and the files beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import UnreadableSubmission
from autograder.submission.archive import read_export
from autograder.submission.files import read_bytes
from autograder.submission.model import Caps, Cell
from autograder.submission.notebook import cells_of, listed_cells, parse_notebook
from autograder.submission.script import script_text
from autograder.submission.text import one_line
from autograder.submission.who import who

IGNORED_TAGS = {"otter_ignore", "skip-execution"}
"""Otter leaves the first out; the notebook runner that it uses skips the second."""


@dataclass(frozen=True)
class CodeCell:
    """A code cell that is run."""

    number: int
    """Its place in the notebook, from 1, as the student is told."""
    source: str
    tests: tuple[str, ...] = ()
    """Questions that its metadata says are checked right after it."""


@dataclass(frozen=True)
class ForeignHandIn:
    """One hand-in, read but not run."""

    cells: tuple[CodeCell, ...]
    name: str
    student_id: str
    content_hash: str
    file_name: str
    """Of the notebook or script."""
    content: bytes
    """The notebook or script itself: code may look for it beside itself."""
    files: dict[str, bytes]
    """The other files of an export, by path."""
    assignment_name: str | None
    """What its metadata says it is a notebook of; None for a script, which says nothing."""
    script: bool


def read_hand_in(path: Path, caps: Caps | None = None) -> ForeignHandIn:
    """Read a notebook, an export or a script. Raises UnreadableSubmission."""
    caps = caps or Caps()
    where = one_line(path.name, 200)
    data = read_bytes(path, caps.file_bytes)
    name, content, files = where, data, dict[str, bytes]()
    if path.suffix.lower() == ".zip":
        export = read_export(data, where, caps)
        name, content, files = export.notebook_name, export.notebook, export.files
        where = f"{where}, {name}"
    script = name.lower().endswith(".py")
    if script:
        # One cell, as otter runs it: what raises ends the script.
        text = script_text(content, where, caps)
        all_cells: tuple[Cell, ...] = (Cell(0, "code", text),)
        code: tuple[CodeCell, ...] = (CodeCell(1, text),)
        assignment_name = None
    else:
        notebook: Any = parse_notebook(content, where, caps)
        all_cells = cells_of(notebook, where, caps)
        code = _code(all_cells, listed_cells(notebook) or [])
        assignment_name = str(_otter(notebook).get("assignment_name") or "")
    if not any(cell.source.strip() for cell in all_cells):
        raise UnreadableSubmission(
            "the notebook is empty: no cell has anything in it",
            where=where,
            remedy="Save the notebook with your answers and hand in that file.",
        )
    student_name, student_id = who(all_cells)
    return ForeignHandIn(
        cells=code,
        name=student_name,
        student_id=student_id,
        content_hash=hashlib.sha256(data).hexdigest(),
        file_name=name,
        content=content,
        files=files,
        assignment_name=assignment_name,
        script=script,
    )


def _code(cells: tuple[Cell, ...], listed: list[object]) -> tuple[CodeCell, ...]:
    code: list[CodeCell] = []
    for cell, raw in zip(cells, listed, strict=True):
        marks = _otter(raw)
        left_out = marks.get("ignore") or IGNORED_TAGS.intersection(cell.tags)
        if left_out or cell.kind != "code":
            continue
        tests = marks.get("tests")
        named = tests if isinstance(tests, list) else []
        code.append(
            CodeCell(
                cell.index + 1, cell.source, tuple(name for name in named if isinstance(name, str))
            )
        )
    return tuple(code)


def _otter(item: object) -> dict[str, object]:
    """What otter has written into the metadata of a notebook or of a cell."""
    for key in ("metadata", "otter"):
        item = item.get(key) if isinstance(item, dict) else None
    return item if isinstance(item, dict) else {}
