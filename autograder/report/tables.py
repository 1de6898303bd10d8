"""The table for the terminal that says what a marking sheet changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from autograder.report.clean import line
from autograder.store import Mark, Store, score_submission


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
