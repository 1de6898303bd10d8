"""The class in short, for the terminal: a row a submission, and the sums below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group
from rich.table import Table
from rich.text import Text

from autograder.report import words
from autograder.report.clean import line
from autograder.report.numbers import points
from autograder.report.remarks import remarks
from autograder.results import Ending
from autograder.store import AssignmentRecord, SubmissionRecord, SubmissionScore

MOST_ROWS = 40


@dataclass(frozen=True)
class SummaryRow:
    """One submission in short."""

    submission: str
    name: str
    status: Ending
    score: float | None
    """None where nothing was graded."""
    unmarked: float
    remarks: int
    """How many things an instructor should look at."""


@dataclass(frozen=True)
class Summary:
    """The class in short."""

    title: str
    max_score: float
    rows: tuple[SummaryRow, ...]


def summary_row(record: SubmissionRecord, score: SubmissionScore) -> SummaryRow:
    """The row of one submission."""
    return SummaryRow(
        submission=record.submission,
        name=line(record.result.name),
        status=record.result.status,
        score=score.score if score.questions else None,
        unmarked=score.unmarked,
        remarks=len(remarks(record)),
    )


def summary_of(assignment: AssignmentRecord, rows: Sequence[SummaryRow]) -> Summary:
    """The summary of a class."""
    return Summary(assignment.title, assignment.max_score, tuple(rows))


def summary_table(summary: Summary, most_rows: int = MOST_ROWS) -> Group:
    """The summary as a table.

    Of a class with more than ``most_rows`` submissions, those that an instructor should look at.
    """
    shown = summary.rows
    if len(shown) > most_rows:
        shown = tuple(row for row in shown if _needs_a_look(row))[:most_rows]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("submission", overflow="fold")
    table.add_column("name", overflow="fold")
    table.add_column("status")
    for heading in ("score", "unmarked", "flags"):
        table.add_column(heading, justify="right")
    for row in shown:
        table.add_row(*_cells(row))
    title = f"{line(summary.title)}: {points(summary.max_score)} points"
    return Group(Text(title, style="bold"), table, _caption(summary, len(shown)))


def _needs_a_look(row: SummaryRow) -> bool:
    return row.status is not Ending.GRADED or bool(row.remarks)


def _cells(row: SummaryRow) -> list[Text]:
    return [
        Text(line(row.submission)),
        Text(line(row.name, 40)),
        Text(words.STATUS[row.status], style="" if row.status is Ending.GRADED else "red"),
        Text("–" if row.score is None else points(row.score)),
        Text(points(row.unmarked) if row.unmarked else "", style="yellow"),
        Text(str(row.remarks) if row.remarks else "", style="yellow"),
    ]


def _caption(summary: Summary, shown: int) -> Text:
    endings = Counter(row.status for row in summary.rows)
    parts = [f"{count} {words.STATUS[ending]}" for ending, count in endings.most_common()]
    waiting = sum(row.unmarked for row in summary.rows)
    if waiting:
        parts.append(f"{points(waiting)} points to be marked")
    if shown < len(summary.rows):
        parts.append(f"{shown} of {len(summary.rows)} submissions shown: those to look at")
    return Text(" · ".join(parts) or "no submissions", style="dim")
