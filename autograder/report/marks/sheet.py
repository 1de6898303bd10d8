"""The marking sheet: every rubric decision that waits, blind, for a spreadsheet."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import MarksError
from autograder.report.clean import cell, line_cell
from autograder.report.files import write_whole
from autograder.report.numbers import csv_number
from autograder.store import (
    QuestionRecord,
    Store,
    SubmissionRecord,
    score_submission,
)

COLUMNS = (
    # First a column that no script needs: the mark that tells Excel of UTF-8 sticks to its name.
    "row",
    "submission",
    "question",
    "item",
    "points",
    "comment",
    "marker",
    "max_points",
    "item_text",
    "look_for",
    "question_title",
    "answer",
)
BLANK = "(no answer)"


@dataclass(frozen=True)
class Sheet:
    """What was written."""

    path: Path
    answers: int
    rows: int


def write_marking_sheet(store: Store, path: Path) -> Sheet:
    """Write the decisions that still wait to ``path``, a row a rubric item.

    Blind: a submission is a code, name and number are taken out of the answers, and the order is
    another one for each question, the same every time. Raises MarksError rather than replace a
    sheet that a marker has begun to fill in.
    """
    if path.is_dir():
        raise MarksError(
            "this is a folder", where=str(path), remedy="Name the file that the sheet goes to."
        )
    if path.exists() and _is_begun(path):
        raise MarksError(
            "this sheet has points or comments in it",
            where=str(path),
            remedy="Read it back with --marks and move it away, or write to another file.",
        )
    assignment = store.assignment()
    waiting: dict[str, list[SubmissionRecord]] = {}
    for record in store.submissions():
        for score in score_submission(assignment, record).questions:
            if score.unmarked:
                waiting.setdefault(score.result.id, []).append(record)
    rows: list[list[str]] = []
    for question in assignment.questions:
        for record in sorted(waiting.get(question.id, ()), key=lambda r: _place(question.id, r)):
            rows += _rows(question, record)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([str(number), *row] for number, row in enumerate(rows, start=1))
    write_whole(path, "\ufeff" + file.getvalue())
    return Sheet(path, sum(len(records) for records in waiting.values()), len(rows))


def _place(question: str, record: SubmissionRecord) -> str:
    # Neither by name nor in the same order twice: who is read first must not depend on either.
    return hashlib.sha256(f"{question}/{record.code}".encode()).hexdigest()


def _rows(question: QuestionRecord, record: SubmissionRecord) -> list[list[str]]:
    decided = {mark.item for mark in record.marks_of(question.id) if mark.points is not None}
    answer = _blind(record, question.id)
    return [
        [
            record.code,
            question.id,
            item.id,
            "",
            "",
            "",
            csv_number(item.points),
            line_cell(item.text, 2000),
            cell(item.look_for),
            line_cell(question.title),
            answer,
        ]
        for item in question.rubric
        if item.id not in decided
    ]


def _blind(record: SubmissionRecord, question: str) -> str:
    """The answer without the student's name and number, where it says them."""
    result = record.result
    answer = next(part.answer for part in result.questions if part.id == question)
    # A name of a single word may be a word of the answer ("Key"), a short number one of its own.
    if len(result.name.split()) > 1:
        name = r"\s+".join(map(re.escape, result.name.split()))
        answer = re.sub(rf"(?i)(?<!\w){name}(?!\w)", "[name]", answer)
    if len(result.student_id) > 3:
        answer = re.sub(rf"(?i)(?<!\w){re.escape(result.student_id)}(?!\w)", "[number]", answer)
    return cell(answer.strip() or BLANK)


def _is_begun(path: Path) -> bool:
    """Whether a file holds a marker's work, or is anything but a sheet of ours."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restval="")
            if tuple(rows.fieldnames or ()) != COLUMNS:
                return True
            return any(row["points"].strip() or row["comment"].strip() for row in rows)
    except (UnicodeDecodeError, csv.Error):
        return True
