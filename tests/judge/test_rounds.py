"""Which of two tries at a check counts, and when stand-ins are tried at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from autograder.assignment import Limits
from autograder.judge.case import Case, QuestionCase, Redraw
from autograder.judge.rounds import judge_in_rounds
from autograder.results import Ending, Verdict


class Item:
    """What the rounds ask of a collected check."""

    def __init__(self, name: str, question: str, hidden: bool) -> None:
        self.name = name
        self.path = name
        self._marks = {"question": (question,)} | ({"hidden": ()} if hidden else {})

    def get_closest_marker(self, name: str) -> Any:
        arguments = self._marks.get(name)
        return None if arguments is None else SimpleNamespace(args=arguments)


ITEMS: Any = [
    Item("test_piece", "q1_1", hidden=True),
    Item("test_shown", "q1_2", hidden=False),
    Item("test_hidden", "q1_2", hidden=True),
]


def judged(
    fails: set[str],
    *,
    asked: tuple[str, ...] = ("q1_1", "q1_2"),
    lost: frozenset[str] = frozenset(),
    redraw: Redraw | None = None,
) -> tuple[Any, list[str]]:
    """The judgements where these checks fail with the student's own pieces, and what was run."""
    runs: list[str] = []

    def run(item: Any, question: QuestionCase, stand_in: bool, shown: bool) -> Any:
        runs.append(f"{item.name}{'+' if stand_in else ''}")
        passed = stand_in or item.name not in fails
        verdict = Verdict(
            item.name, "", float(passed), 1.0, passed, hidden=not shown, stand_in=stand_in
        )
        return verdict, Ending.GRADED

    questions = (
        QuestionCase("q1_1", None),
        QuestionCase("q1_2", None, stand_ins=("...",), needs=("q1_1",)),
    )
    case = Case(tuple(it for it in questions if it.id in asked), 1, {}, {}, Limits(), lost, redraw)
    return judge_in_rounds(case, ITEMS, run), runs


def test_failed_check_is_tried_again_where_an_earlier_piece_is_wrong() -> None:
    judgements, runs = judged({"test_piece", "test_hidden"})
    assert runs == ["test_shown", "test_piece", "test_hidden", "test_hidden+"]
    assert judgements["q1_2"].points == 2
    assert [verdict.stand_in for verdict in judgements["q1_2"].verdicts] == [False, True]


def test_stand_in_never_helps_the_question_that_it_stands_in_for() -> None:
    judgements, runs = judged({"test_piece"})
    assert "test_piece+" not in runs
    assert judgements["q1_1"].points == 0


def test_stand_in_is_not_tried_where_the_earlier_piece_has_full_points() -> None:
    judgements, runs = judged({"test_shown", "test_hidden"})
    assert runs == ["test_shown", "test_piece", "test_hidden"]
    assert judgements["q1_2"].points == 0


def test_public_check_is_tried_again_once_a_hidden_one_shows_the_earlier_piece_wrong() -> None:
    judgements, runs = judged({"test_piece", "test_shown"})
    assert runs == ["test_shown", "test_piece", "test_hidden", "test_shown+"]
    assert judgements["q1_2"].points == 2


def test_earlier_piece_that_lost_points_before_and_is_not_judged_again_counts_as_wrong() -> None:
    judgements, runs = judged({"test_hidden"}, asked=("q1_2",), lost=frozenset({"q1_1"}))
    assert "test_hidden+" in runs
    assert judgements["q1_2"].points == 2
    _, runs = judged({"test_hidden"}, asked=("q1_2",))
    assert "test_hidden+" not in runs


def test_a_proof_tries_stand_ins_first_where_an_earlier_piece_is_wrong() -> None:
    judgements, runs = judged({"test_piece", "test_hidden"}, redraw=Redraw(()))
    assert runs == ["test_shown", "test_piece", "test_hidden+"]
    assert judgements["q1_2"].points == 2


def test_a_proof_tries_no_stand_in_where_the_earlier_piece_has_full_points() -> None:
    judgements, runs = judged({"test_hidden"}, redraw=Redraw(()))
    assert runs == ["test_shown", "test_piece", "test_hidden"]
    assert judgements["q1_2"].points == 1
