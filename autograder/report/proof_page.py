"""The matrix of a proof as a page: one file, which opens offline and runs no script."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.authoring.entries import Sort
from autograder.authoring.proof import Proof, QuestionHead, Row
from autograder.report.numbers import points
from autograder.report.pages import render


@dataclass(frozen=True)
class CellView:
    """A solution at a question."""

    sign: str
    tone: str
    """``caught``, ``passed``, ``helped``, ``missed`` or ``unfair``."""
    words: str
    """What it means, for those who don't see the sign."""


@dataclass(frozen=True)
class RowView:
    """A solution."""

    name: str
    sentence: str
    cells: tuple[CellView, ...]
    checks: tuple[str, ...]
    """What caught it."""
    faults: tuple[str, ...]
    remarks: tuple[str, ...]
    seconds: str


@dataclass(frozen=True)
class GroupView:
    """Solutions of one sort; wrong ones by the question that must catch them."""

    id: str
    title: str
    caption: str
    rows: tuple[RowView, ...]


def proof_html(proof: Proof) -> str:
    """The whole page."""
    shown = tuple(it for it in proof.questions if any(it.id == row.expected for row in proof.rows))
    right = [row for row in proof.rows if not row.expected]
    wrong = [row for row in proof.rows if row.sort is Sort.WRONG]
    return render(
        "proof.html.j2",
        proof=proof,
        questions=shown,
        groups=_groups(proof, shown),
        right=f"{sum(not row.lost for row in right)} of {len(right)}",
        wrong=f"{sum(row.caught for row in wrong)} of {len(wrong)}",
        faulty=[row for row in proof.rows if row.faults],
        remarked=[row for row in proof.rows if row.remarks],
        seconds=f"{sum(proof.seconds.values()):.0f}",
        kept=sum(row.kept for row in proof.rows),
        phases=[(phase, f"{seconds:.0f} s") for phase, seconds in proof.seconds.items()],
    )


def _groups(proof: Proof, shown: tuple[QuestionHead, ...]) -> list[GroupView]:
    groups = [
        _group(
            "right",
            "Right solutions",
            "Each must have full points.",
            shown,
            [row for row in proof.rows if not row.expected],
        ),
    ]
    for question in shown:
        rows = [row for row in proof.rows if row.expected == question.id]
        caption = "Each must lose points here, and nowhere else."
        groups.append(_group(question.id, question.title, caption, shown, rows))
    return groups


def _group(
    id: str, title: str, caption: str, shown: tuple[QuestionHead, ...], rows: list[Row]
) -> GroupView:
    return GroupView(id, title, caption, tuple(_row(row, shown) for row in rows))


def _row(row: Row, shown: tuple[QuestionHead, ...]) -> RowView:
    return RowView(
        name=row.name,
        sentence=row.sentence,
        cells=tuple(_cell(row, question.id) for question in shown),
        checks=tuple(name.removeprefix("test_") for name in row.caught_by.get(row.expected, ())),
        faults=row.faults,
        remarks=row.remarks,
        seconds="kept" if row.kept else f"{row.seconds:.1f}",
    )


def _cell(row: Row, question: str) -> CellView:
    lost = row.lost.get(question)
    if lost and question == row.expected:
        return CellView(f"−{points(lost)}", "caught", f"caught: {points(lost)} points lost")
    if lost:
        return CellView(f"−{points(lost)}", "unfair", f"{points(lost)} points lost for nothing")
    if question == row.expected:
        return CellView("missed", "missed", "not caught")
    if question in row.stand_ins:
        return CellView("◇", "helped", "full points, with a stand-in")
    return CellView("·", "passed", "full points")
