"""Reading one hand-in, whatever it is: a Submission, or an error that says what to do."""

from __future__ import annotations

import hashlib
from pathlib import Path

from autograder.errors import UnreadableSubmission
from autograder.submission.archive import read_export
from autograder.submission.files import read_bytes
from autograder.submission.model import Caps, Cell, LeftOut, Submission
from autograder.submission.notebook import read_notebook
from autograder.submission.script import read_script
from autograder.submission.text import one_line
from autograder.submission.who import who


def read_submission(path: Path, caps: Caps | None = None) -> Submission:
    """Read a notebook (.ipynb), an otter export (.zip) or a script (.py) without running it.

    The content is hostile until proven otherwise: time and memory are bounded by ``caps``, and
    whatever is wrong raises UnreadableSubmission with what, where and remedy.
    """
    caps = caps or Caps()
    where = one_line(path.name, 200)
    suffix = path.suffix.lower()
    if suffix not in (".ipynb", ".zip", ".py"):
        raise UnreadableSubmission(
            "this is not a notebook",
            where=where,
            remedy="Hand in a notebook (.ipynb), an export (.zip) or a script (.py).",
        )
    data = read_bytes(path, caps.file_bytes)
    files: dict[str, bytes] = {}
    left_out: tuple[LeftOut, ...] = ()
    name = where
    content = data
    if suffix == ".zip":
        export = read_export(data, where, caps)
        files, left_out, content = export.files, export.left_out, export.notebook
        name = export.notebook_name
        where = f"{where}, {name}"
    cells = _cells(name, content, where, caps)
    if not any(cell.source.strip() for cell in cells):
        raise UnreadableSubmission(
            "the notebook is empty: no cell has anything in it",
            where=where,
            remedy="Save the notebook with your answers and hand in that file.",
        )
    student_name, student_id = who(cells)
    return Submission(
        cells=cells,
        name=student_name,
        student_id=student_id,
        files=files,
        content_hash=hashlib.sha256(data).hexdigest(),
        notebook_name=name,
        left_out=left_out,
    )


def _cells(name: str, content: bytes, where: str, caps: Caps) -> tuple[Cell, ...]:
    if name.lower().endswith(".py"):
        return read_script(content, where, caps)
    return read_notebook(content, where, caps)
