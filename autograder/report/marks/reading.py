"""A marker's decisions from a CSV file: all of them, or none and the reasons."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import MarksError
from autograder.report.clean import line, line_cell, text
from autograder.report.marks.spreadsheet import Line, read_lines
from autograder.report.numbers import points
from autograder.store import (
    WHOLE_ANSWER,
    AssignmentRecord,
    NewMark,
    QuestionRecord,
    Store,
)
from autograder.store.scores import NOT_GRADED

COLUMNS = ("submission", "question", "item", "points", "comment", "marker")
WITHDRAWN = "withdraw"
MOST_FAULTS = 20


@dataclass(frozen=True)
class Known:
    """A submission that a row can mean."""

    submission: str
    maxima: dict[str, float]
    """The manual points of each of its questions; empty where it was not graded."""


class Fault(Exception):
    """Why one row can't be taken, and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def read_marks(store: Store, path: Path, marker: str = "") -> list[NewMark]:
    """The decisions in a CSV file; rows that decide nothing are passed over.

    ``marker`` stands in where a row names none. Raises MarksError that names every line at fault
    (the first twenty) and its remedy; then nothing of the file is to be taken.
    """
    lines = read_lines(path, COLUMNS)
    rows = _Rows(store, marker)
    faults: list[tuple[Line, Fault]] = []
    for record in lines:
        try:
            rows.take(record)
        except Fault as fault:
            faults.append((record, fault))
    if faults:
        raise _error(path, faults)
    return [mark for mark, _ in rows.marks.values()]


class _Rows:
    """Takes rows one by one, and knows the earlier ones."""

    def __init__(self, store: Store, marker: str) -> None:
        self._assignment: AssignmentRecord = store.assignment()
        self._submissions = _names(store)
        self._marker = marker
        self.marks: dict[tuple[str, str, str], tuple[NewMark, Line]] = {}

    def take(self, record: Line) -> None:
        cells = record.cells
        if not cells["points"] and not cells["comment"]:
            return
        known = self._submission(cells["submission"])
        question = self._question(known, cells["question"])
        item, least, most = _item(question, cells["item"], known.maxima[question.id])
        given = _points(cells["points"], least, most)
        mark = NewMark(
            submission=known.submission,
            question=question.id,
            item=item,
            points=given,
            comment=text(cells["comment"]),
            marker=line(cells["marker"] or self._marker),
            withdrawn=cells["points"].lower() == WITHDRAWN,
        )
        earlier = self.marks.setdefault((mark.submission, mark.question, item), (mark, record))
        if earlier[0] != mark:
            raise Fault(
                f"{earlier[1].place} decides the same item of the same answer otherwise",
                "Keep one of the two.",
            )

    def _submission(self, name: str) -> Known:
        found = self._submissions.get(name, [])
        if len(found) == 1:
            return found[0]
        if found:
            raise Fault(
                f"{line(name)!r} can mean several submissions",
                "Write the code from the marking sheet.",
            )
        if not name:
            raise Fault("no submission is named", "Write its code or its path.")
        raise Fault(
            f"there is no submission {line(name)!r}",
            "Write the code from the marking sheet, or the path as in gradebook.csv.",
        )

    def _question(self, known: Known, id: str) -> QuestionRecord:
        question = self._assignment.question(id)
        marked = [asked.id for asked in self._assignment.questions if asked.manual]
        if question is None:
            raise Fault(
                f"there is no question {line(id)!r}", f"Questions to mark: {', '.join(marked)}."
            )
        if not known.maxima:
            raise Fault(
                f"{line(known.submission)} was not graded, so it has no answer to mark",
                "Grade a readable hand-in first.",
            )
        if not known.maxima.get(id):
            raise Fault(
                f"{id} has no points for a marker", f"Questions to mark: {', '.join(marked)}."
            )
        return question


def _names(store: Store) -> dict[str, list[Known]]:
    """What a row may call each submission: its code, its path, its path as gradebook.csv has it."""
    exact: dict[str, list[Known]] = {}
    shown: dict[str, list[Known]] = {}
    for record in store.submissions():
        result = record.result
        graded = result.status not in NOT_GRADED
        known = Known(
            record.submission,
            {part.id: part.manual_max for part in result.questions} if graded else {},
        )
        for name in {record.code, record.submission}:
            exact.setdefault(name, []).append(known)
        for name in {record.submission.strip(), line_cell(record.submission, 1000)}:
            shown.setdefault(name, []).append(known)
    return shown | exact


def _item(question: QuestionRecord, id: str, manual_max: float) -> tuple[str, float, float]:
    """The item, and the least and the most points that it can have."""
    if id == WHOLE_ANSWER:
        return id, 0, manual_max
    for item in question.rubric:
        if item.id == id:
            return id, min(0, item.points), max(0, item.points)
    items = ", ".join(item.id for item in question.rubric)
    raise Fault(
        f"{question.id} has no rubric item {line(id)!r}",
        f"Its items: {items}; or {WHOLE_ANSWER} for the whole answer.",
    )


def _points(written: str, least: float, most: float) -> float | None:
    if not written or written.lower() == WITHDRAWN:
        return None
    remedy = (
        f"Write a number from {points(least)} to {points(most)}, leave it empty, or write "
        f"{WITHDRAWN!r} to take an earlier decision back."
    )
    number = written.removeprefix("'").replace("−", "-").replace(",", ".")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", number, re.ASCII):
        raise Fault(f"{line(written, 40)!r} is not a number of points", remedy)
    given = float(number)
    if not math.isfinite(given) or not least <= given <= most:
        raise Fault(f"{line(written, 40)} points are out of range", remedy)
    return given + 0.0


def _error(path: Path, faults: list[tuple[Line, Fault]]) -> MarksError:
    if len(faults) == 1:
        record, fault = faults[0]
        row = "" if record.number == record.row else f" (row {record.row} of the spreadsheet)"
        return MarksError(
            fault.what + row,
            where=f"{path}:{record.number}",
            remedy=f"{fault.remedy} Nothing was taken from this file.",
        )
    return MarksError(
        f"{len(faults)} lines can't be taken, so nothing was",
        where=f"{path}:{faults[0][0].number}",
        remedy="\n  ".join(_listed(faults)),
    )


def _listed(faults: list[tuple[Line, Fault]]) -> Iterator[str]:
    for record, fault in faults[:MOST_FAULTS]:
        yield f"{record.place}: {fault.what}. {fault.remedy}"
    if len(faults) > MOST_FAULTS:
        yield f"and {len(faults) - MOST_FAULTS} more."
