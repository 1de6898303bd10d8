"""Tables for the terminal: the class after grading, and what a marking sheet changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from autograder.report import words
from autograder.report.clean import line
from autograder.report.numbers import points
from autograder.report.overview import remarks
from autograder.results import Ending
from autograder.store import Mark, Store, SubmissionRecord, SubmissionScore, score_submission

MOST_ROWS = 40


def summary_table(store: Store, most_rows: int = MOST_ROWS) -> Group:
    """The class: a row a submission, and the sums below.

    Of a class with more than ``most_rows`` submissions, those that an instructor should look at.
    """
    assignment = store.assignment()
    scored = [(record, score_submission(assignment, record)) for record in store.submissions()]
    shown = scored
    if len(scored) > most_rows:
        shown = [pair for pair in scored if _needs_a_look(pair[0])][:most_rows]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("submission", overflow="fold")
    table.add_column("name", overflow="fold")
    table.add_column("status")
    for heading in ("score", "unmarked", "flags"):
        table.add_column(heading, justify="right")
    for record, score in shown:
        table.add_row(*_row(record, score))
    title = f"{line(assignment.title)}: {points(assignment.max_score)} points"
    return Group(Text(title, style="bold"), table, _caption(scored, len(shown)))


def _needs_a_look(record: SubmissionRecord) -> bool:
    return record.result.status is not Ending.GRADED or bool(remarks(record))


def _row(record: SubmissionRecord, score: SubmissionScore) -> list[Text]:
    result = record.result
    found = remarks(record)
    return [
        Text(line(result.submission)),
        Text(line(result.name, 40)),
        Text(words.STATUS[result.status], style="" if result.status is Ending.GRADED else "red"),
        Text("–" if score.score is None or not score.questions else points(score.score)),
        Text(points(score.unmarked) if score.unmarked else "", style="yellow"),
        Text(str(len(found)) if found else "", style="yellow"),
    ]


def _caption(scored: Sequence[tuple[SubmissionRecord, SubmissionScore]], shown: int) -> Text:
    endings = Counter(record.result.status for record, _ in scored)
    parts = [f"{count} {words.STATUS[ending]}" for ending, count in endings.most_common()]
    waiting = sum(score.unmarked for _, score in scored)
    if waiting:
        parts.append(f"{points(waiting)} points to be marked")
    if shown < len(scored):
        parts.append(f"{shown} of {len(scored)} submissions shown: those to look at")
    return Text(" · ".join(parts) or "no submissions", style="dim")


def marks_table(store: Store, added: Sequence[Mark]) -> Table:
    """What was marked just now and what still waits: a row a question with manual points."""
    assignment = store.assignment()
    new = Counter(mark.question for mark in added if mark.before is None)
    changed = Counter(mark.question for mark in added if mark.before is not None)
    done: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    for record in store.submissions():
        for question in score_submission(assignment, record).questions:
            if question.result.manual_max:
                (waiting if question.unmarked else done)[question.result.id] += 1
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("question")
    for heading in ("new marks", "changed", "answers marked", "still waiting"):
        table.add_column(heading, justify="right")
    for asked in assignment.questions:
        if asked.manual:
            row = (new[asked.id], changed[asked.id], done[asked.id], waiting[asked.id])
            title = Text.assemble(f"{asked.id} ", (line(asked.title, 60), "dim"))
            table.add_row(title, *(str(count) if count else "" for count in row))
    return table
