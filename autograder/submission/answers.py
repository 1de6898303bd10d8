"""What a student wrote in the markdown cells of each question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograder.submission.model import Cell, Submission
from autograder.submission.tags import restore_tags
from autograder.submission.text import plain_text

_PLACEHOLDER = re.compile(
    r"[*_]{0,3}\s{0,9}Type\s+your\s+answer\s+here,?\s+replacing\s+this\s+text\.?\s{0,9}[*_]{0,3}",
    re.IGNORECASE,
)
_OTTERS_COMMENT = re.compile(r"<!--\s*(?:BEGIN|END)\s+QUESTION\s*-->")
MAX_ANSWER = 200_000
"""Characters of one answer that are kept; a long essay has 20,000."""


def answers_by_question(
    submission: Submission, question_ids: Sequence[str], template: Sequence[Cell] = ()
) -> dict[str, str]:
    """The written answer of each question, in markdown; empty where it was left blank.

    Blank is white space, the placeholder, and what the template's own cell said. With the cells
    of ``template``, answers are found by their place, too, where tags were lost.
    """
    cells = restore_tags(submission.cells, template) if template else submission.cells
    given = {_squeezed(_answer(cell)) for cell in template if cell.tags}
    answers = {}
    for id in question_ids:
        texts = [_answer(cell) for cell in cells if cell.kind == "markdown" and id in cell.tags]
        written = [text for text in texts if _squeezed(text) and _squeezed(text) not in given]
        # A cell that was copied says the same thing twice.
        answers[id] = "\n\n".join(dict.fromkeys(written))[:MAX_ANSWER]
    return answers


def _answer(cell: Cell) -> str:
    text = plain_text(cell.source[: 2 * MAX_ANSWER])
    return _PLACEHOLDER.sub("", _OTTERS_COMMENT.sub("", text)).strip()


def _squeezed(text: str) -> str:
    return " ".join(text.split())
