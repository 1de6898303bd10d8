"""gradebook.csv: a row a submission, a column a question."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from autograder.report.clean import line_cell
from autograder.report.numbers import csv_number
from autograder.store import AssignmentRecord, SubmissionRecord, SubmissionScore

COLUMNS = (
    "submission",
    "student_id",
    "name",
    "status",
    "late_days",
    "score",
    "unmarked",
    "max_score",
)


def gradebook_row(
    assignment: AssignmentRecord, record: SubmissionRecord, score: SubmissionScore
) -> list[str]:
    """A submission's row: a question that nobody has marked is empty, not 0."""
    result = record.result
    row = [
        line_cell(result.submission, 1000),
        line_cell(result.student_id),
        line_cell(result.name),
        str(result.status),
        csv_number(result.late_days),
        csv_number(score.score),
        csv_number(score.unmarked),
        csv_number(score.max_score),
    ]
    for question in assignment.questions:
        graded = score.question(question.id)
        row.append(csv_number(graded.score if graded else None))
    return row


def gradebook_csv(assignment: AssignmentRecord, rows: Iterable[list[str]]) -> str:
    """The whole file, from the rows that `gradebook_row` makes."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*COLUMNS, *(question.id for question in assignment.questions)])
    writer.writerows(rows)
    return file.getvalue()
