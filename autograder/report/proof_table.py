"""The matrix of a proof in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autograder.authoring.entries import Sort
from autograder.authoring.proof import Proof, Row
from autograder.report.numbers import points

MOST_NAMED = 3
"""Checks that a row names; the page names them all."""


def proof_table(proof: Proof) -> Group:
    """The matrix, then what is wrong, then what is worth a look."""
    shown = [question for question in proof.questions if _matters(proof, question.id)]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("solution", no_wrap=True)
    for question in shown:
        table.add_column(question.id, justify="right", no_wrap=True)
    table.add_column("caught by", overflow="fold")
    table.add_column("s", justify="right", no_wrap=True)
    before = None
    for row in proof.rows:
        if before is not None and (row.sort, row.expected) != before:
            table.add_section()
        before = row.sort, row.expected
        cells = [_cell(row, question.id) for question in shown]
        name = Text(row.name, style="bold red" if row.faults else "")
        table.add_row(name, *cells, _catchers(row), Text(_seconds(row), style="dim"))
    legend = Text(
        "−2  points lost where the bug is · ✓  passed · s  passed with a stand-in for the piece "
        "that is wrong · −2!  points lost for nothing",
        style="dim",
    )
    return Group(table, Text(""), legend, Text(""), *_findings(proof), _summary(proof))


def _matters(proof: Proof, question: str) -> bool:
    """Quiz items are right in every solution: a column only where a solution loses points there."""
    return any(question in row.lost or question == row.expected for row in proof.rows)


def _cell(row: Row, question: str) -> Text:
    if question in row.lost:
        if question == row.expected:
            return Text(f"−{points(row.lost[question])}", style="green")
        return Text(f"−{points(row.lost[question])}!", style="bold red")
    if question == row.expected:
        return Text("missed", style="bold red")
    return Text("s" if question in row.stand_ins else "✓", style="dim")


def _seconds(row: Row) -> str:
    """In four characters: a narrow terminal would cut more off."""
    if row.kept:
        return "kept"
    return f"{row.seconds:.1f}" if row.seconds < 99.95 else f"{row.seconds:.0f}"


def _catchers(row: Row) -> Text:
    names = [name.removeprefix("test_") for name in row.caught_by.get(row.expected, ())]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return Text(", ".join(names[:MOST_NAMED]) + more)


def _findings(proof: Proof) -> list[RenderableType]:
    found: list[RenderableType] = []
    faulty = [row for row in proof.rows if row.faults]
    if faulty:
        found += [_heading(f"Wrong with {_count(len(faulty), 'solution')}"), *_list(faulty)]
    if proof.leaks:
        found.append(_heading("Leaks"))
        found += [Text(f"  {leak}") for leak in proof.leaks]
    remarks = [row for row in proof.rows if row.remarks]
    if remarks:
        found.append(_heading("Worth a look"))
        found += [Text(f"  {row.name}: {remark}") for row in remarks for remark in row.remarks]
    hidden = [check for check in proof.idle if check.hidden]
    public = [check for check in proof.idle if not check.hidden]
    for kind, checks in (("hidden", hidden), ("public", public)):
        if checks:
            found.append(_heading(f"Catch nothing that another {kind} check doesn't"))
            found += [
                Text(f"  {it.question}  {it.check}, which catches {it.catches}") for it in checks
            ]
    return found


def _list(rows: Sequence[Row]) -> list[RenderableType]:
    return [Text(f"  {row.name}: {fault}") for row in rows for fault in row.faults]


def _heading(words: str) -> Text:
    return Text(words, style="bold")


def _summary(proof: Proof) -> Text:
    right = [row for row in proof.rows if not row.expected]
    wrong = [row for row in proof.rows if row.expected and row.sort is Sort.WRONG]
    blank = [row for row in proof.rows if row.sort is Sort.BLANK]
    parts = [
        f"{sum(not row.lost for row in right)} of {_count(len(right), 'right solution')} with full "
        "points",
        f"{sum(row.caught for row in wrong)} of {_count(len(wrong), 'wrong one')} caught",
        f"{sum(row.caught for row in blank)} of {_count(len(blank), 'blank answer')} caught",
        f"{_count(proof.seeds, 'seed')}",
        f"{_count(len(proof.leaks), 'leak')}",
        f"{sum(proof.seconds.values()):.0f} seconds",
    ]
    if kept := sum(row.kept for row in proof.rows):
        parts.append(f"{_count(kept, 'solution')} as an earlier proof graded them")
    verdict = "Proved: " if proof.holds else "Not proved: "
    style = "bold green" if proof.holds else "bold red"
    return Text.assemble("\n", (verdict, style), ", ".join(parts) + ".")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
