"""The comparison with stock otter, as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from autograder.bundle.foreign.comparing import Compared, summary
from autograder.report.clean import line
from autograder.report.numbers import points

MOST_ROWS = 200


def comparison_table(compared: Sequence[Compared]) -> Group:
    """Submission by question: ours, otter's, and whether they are equal.

    Of a large class, the submissions that differ.
    """
    rows = sum(len(it.questions) for it in compared)
    shown = [it for it in compared if rows <= MOST_ROWS or it.explanation or it.different]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("submission", overflow="fold")
    table.add_column("question", overflow="fold")
    table.add_column("ours", justify="right")
    table.add_column("otter", justify="right")
    table.add_column("")
    table.add_column("", overflow="fold")
    for it in shown:
        for number, question in enumerate(it.questions):
            otters = "–" if question.otters is None else points(question.otters)
            table.add_row(
                Text(line(it.submission, 60) if number == 0 else ""),
                Text(line(question.id, 40)),
                points(question.ours),
                otters,
                _sign(question.equal, question.otters),
                Text(line(it.explanation, 300) if number == 0 else "", style="dim"),
            )
    return Group(table, Text(_caption(summary(compared), len(compared))))


def _sign(equal: bool, otters: float | None) -> Text:
    if otters is None:
        return Text("no score", style="yellow")
    return Text("equal", style="green") if equal else Text("differs", style="bold red")


def _caption(found: dict[str, Any], count: int) -> str:
    compared, equal = found["questions_compared"], found["questions_equal"]
    parts = [f"\n{count} submissions: {equal} of {compared} scores are those of otter"]
    if found["questions_equal_without_name"]:
        more = found["questions_equal_without_name"]
        parts.append(f"{more} more are where the notebook does not name itself to otter")
    if found["lost_by_otter"]:
        parts.append(f"otter has no scores for {len(found['lost_by_otter'])}")
    if found["totals_different"]:
        parts.append(f"{found['totals_different']} totals differ")
    if found["ratio"]:
        seconds = found["median_seconds"]
        parts.append(
            f"median time {seconds['ours']:.2f} s against {seconds['otter']:.2f} s: "
            f"{found['ratio']:.1f} times as fast"
        )
    return "; ".join(parts) + "."
