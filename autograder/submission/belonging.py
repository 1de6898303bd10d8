"""Whether a notebook is of this assignment."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from autograder.errors import UnreadableSubmission
from autograder.submission.model import Cell, Submission
from autograder.submission.tags import fingerprint
from autograder.submission.text import one_line

PROMPTS_SHARE = 0.25
"""Share of the template's own texts that, found unchanged, settles it."""
IDS_SHARE = 0.5
NAMES_SHARE = 0.4

_QUESTION_TAG = re.compile(r"q\d+_\d+")
_CHECK = re.compile(r"""\.check\(\s{0,9}["'](\w{1,40})["']""")
_NOTEBOOK = re.compile(r"""Notebook\(\s{0,9}["']([^"'\n]{1,120})["']""")
_DEFINITION = re.compile(r"^(?:def|class)[ \t]+(\w{1,80})", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,2}[ \t]+(\S.{0,200})", re.MULTILINE)


def belongs(submission: Submission, template: Sequence[Cell], question_ids: Sequence[str]) -> bool:
    """Whether the hand-in was made from ``template``.

    It was if a good share of the template's own texts is in it; or if it names this assignment's
    notebook to otter and has a question of it; or if it has half of the question ids, as tags or
    in check calls, and the functions that the template asks for. Question ids alone prove
    nothing: every assignment has a q1_1.
    """
    cells = submission.cells
    texts = [fingerprint(cell) for cell in template if cell.kind == "markdown" and not cell.tags]
    if _share(texts, {fingerprint(cell) for cell in cells}) >= PROMPTS_SHARE:
        return True
    ids = _share(question_ids, _ids(cells))
    if ids > 0 and _found(_NOTEBOOK, template) & _found(_NOTEBOOK, cells):
        return True
    asked = sorted(_found(_DEFINITION, [cell for cell in template if cell.tags]))
    return ids >= IDS_SHARE and (
        _share(asked, _found(_DEFINITION, cells)) >= NAMES_SHARE
        if asked
        else not _found(_NOTEBOOK, cells) and not texts
    )


def require_assignment(
    submission: Submission, template: Sequence[Cell], question_ids: Sequence[str], title: str
) -> None:
    """Raise UnreadableSubmission, saying what it looks like, unless the hand-in belongs."""
    if belongs(submission, template, question_ids):
        return
    look = looks_like(submission)
    raise UnreadableSubmission(
        f"this is not {title}" + (f": it looks like {look}" if look else ""),
        where=submission.notebook_name,
        remedy="Hand in the notebook that was given out for this assignment.",
    )


def looks_like(submission: Submission) -> str:
    """What a notebook calls itself: its first heading, else the name that it gives to otter."""
    for cell in submission.cells:
        heading = cell.kind == "markdown" and _HEADING.search(cell.source[:5000])
        if heading:
            return f"“{one_line(heading[1].strip('#* '), 80)}”"
    for cell in submission.cells:
        notebook = cell.kind == "code" and _NOTEBOOK.search(cell.source[:20_000])
        if notebook:
            return one_line(notebook[1], 80)
    return ""


def _share(wanted: Sequence[object], there: Collection[object]) -> float:
    return sum(item in there for item in wanted) / len(wanted) if wanted else 0.0


def _ids(cells: Sequence[Cell]) -> set[str]:
    tags = {tag for cell in cells for tag in cell.tags if _QUESTION_TAG.fullmatch(tag)}
    return tags | _found(_CHECK, cells)


def _found(pattern: re.Pattern[str], cells: Sequence[Cell]) -> set[str]:
    return {text for cell in cells if cell.kind == "code" for text in pattern.findall(cell.source)}
