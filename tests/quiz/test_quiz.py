from __future__ import annotations

import ast
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.assignment.models import (
    ChoiceOption,
    Matching,
    MatchingRow,
    Numeric,
    NumericPart,
    QuizItem,
    SingleChoice,
)
from autograder.errors import AssignmentError
from autograder.quiz import form, form_problem, score_item, variables

RIGHT = {"smooth": "soft", "needs_sampling": "hard", "costly": "soft"}


def matching(scoring: Any = "each") -> Matching:
    return Matching(
        type="matching",
        variable="kinds",
        prompt="Soft or hard?",
        options=("soft", "hard"),
        rows=tuple(
            MatchingRow(key=key, text=f"It is {key}.", answer=answer, explanation=f"Why {key}.")
            for key, answer in RIGHT.items()
        ),
        scoring=scoring,
    )


CHOICE = SingleChoice(
    type="single_choice",
    variable="choice",
    prompt="Which one?",
    options=(
        ChoiceOption(key="a", text="Soft attention"),
        ChoiceOption(key="b", text="Hard attention", feedback="That one samples."),
    ),
    answer="a",
    explanation="All inputs get a weight.",
)


def numeric(**part: Any) -> Numeric:
    first = {"variable": "lstm", "text": "Parameters of the LSTM", "answer": 33280, **part}
    return Numeric(
        type="numeric",
        prompt="How many?",
        parts=(
            NumericPart(**first),
            NumericPart(variable="rate", text="Share", answer=0.3, explanation="3 of 10."),
        ),
    )


def score(item: QuizItem, answers: dict[str, object], points: float = 3) -> float:
    return math.fsum(verdict.points for verdict in score_item(item, answers, points))


def test_variables_are_those_of_the_item() -> None:
    assert variables(matching()) == ("kinds",)
    assert variables(CHOICE) == ("choice",)
    assert variables(numeric()) == ("lstm", "rate")


def test_each_right_row_earns_its_share() -> None:
    verdicts = score_item(matching(), {"kinds": {**RIGHT, "costly": "hard"}}, 3)
    assert [(v.name, v.points, v.max_points, v.passed) for v in verdicts] == [
        ("kinds.smooth", 1, 1, True),
        ("kinds.needs_sampling", 1, 1, True),
        ("kinds.costly", 0, 1, False),
    ]
    assert verdicts[2].title == "It is costly."
    assert verdicts[2].message == "You chose 'hard'. Why costly."
    assert verdicts[0].message == ""


def test_right_minus_wrong_counts_wrong_rows_against_right_ones_but_not_empty_ones() -> None:
    item = matching("right_minus_wrong")
    assert score(item, {"kinds": RIGHT}) == 3
    assert score(item, {"kinds": {**RIGHT, "costly": None}}) == 2
    assert score(item, {"kinds": {**RIGHT, "costly": "hard"}}) == 1
    assert score(item, {"kinds": dict.fromkeys(RIGHT, "hard")}) == 0
    assert (
        "It is costly.: You chose"
        in score_item(item, {"kinds": {**RIGHT, "costly": "hard"}}, 3)[0].message
    )


def test_all_or_nothing_wants_every_row() -> None:
    item = matching("all_or_nothing")
    assert score(item, {"kinds": RIGHT}) == 3
    assert score(item, {"kinds": {**RIGHT, "costly": "hard"}}) == 0


def test_case_white_space_and_other_keys_do_not_matter() -> None:
    bent = {" SMOOTH": "Soft ", "Needs sampling": "HARD", "costly": "soft", "extra": [1], 7: 8}
    assert score(matching(), {"kinds": bent}) == 3
    assert form_problem(matching(), {"kinds": bent}) is None


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, "Not answered. Expected 'soft' or 'hard'."),
        ({"kinds": None}, "Not answered."),
        ({"kinds": {}}, "Not answered."),
        ({"kinds": ["soft"]}, "not a dictionary"),
        ({"kinds": {"smooth": "sotf"}}, "You wrote 'sotf'. Expected 'soft' or 'hard'."),
        ({"kinds": {"smooth": {"a": 1}}}, "You wrote a dict."),
    ],
)
def test_a_missing_or_malformed_row_is_told_the_expected_form(
    answers: dict[str, object], said: str
) -> None:
    assert said in score_item(matching(), answers, 3)[0].message
    assert form_problem(matching(), answers)


@pytest.mark.parametrize("value", ["a", " A ", "(a)", "a.", "soft  ATTENTION"])
def test_a_choice_by_key_or_text_counts(value: str) -> None:
    assert score(CHOICE, {"choice": value}) == 3
    assert form_problem(CHOICE, {"choice": value}) is None


def test_a_wrong_choice_is_told_its_feedback_and_the_explanation() -> None:
    (verdict,) = score_item(CHOICE, {"choice": "b"}, 3)
    assert verdict.message == "You chose 'b'. That one samples. All inputs get a weight."
    assert form_problem(CHOICE, {"choice": "b"}) is None


@pytest.mark.parametrize("value", [None, "", "c", "a or b", ["a"], {"a"}, b"a", 0, ...])
def test_what_names_no_option_earns_nothing(value: object) -> None:
    (verdict,) = score_item(CHOICE, {"choice": value}, 3)
    assert verdict.points == 0
    assert "Expected 'a' or 'b'." in verdict.message
    assert form_problem(CHOICE, {"choice": value})


@pytest.mark.parametrize(
    "value",
    [33280, 33280.0, "33280", " 33_280 ", np.int64(33280), np.array(33280.0), torch.tensor(33280)],
)
def test_a_number_may_come_in_any_honest_form(value: object) -> None:
    item = numeric(whole=True)
    assert score(item, {"lstm": value, "rate": 0.1 + 0.2}, 2) == 2


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "many",
        "33 280 or so",
        float("nan"),
        float("inf"),
        "nan",
        "1e999",
        1j,
        [33280],
        {},
        "",
        np.array([1, 2]),
        "9" * 5000,
        33280.5,
    ],
)
def test_what_is_no_whole_number_is_told_so(value: object) -> None:
    item = numeric(whole=True)
    verdict = score_item(item, {"lstm": value, "rate": 0.3}, 2)[0]
    assert verdict.points == 0
    assert "Expected a whole number." in verdict.message
    assert form_problem(item, {"lstm": value, "rate": 0.3})


def test_huge_numbers_are_wrong_not_fatal() -> None:
    assert score(numeric(whole=True), {"lstm": 10**9000, "rate": -(10**400)}, 2) == 0


def test_tolerance_is_inclusive_and_absolute() -> None:
    item = numeric(answer=1.0, tolerance=0.1)
    for value, right in ((1.1, 1), (0.9, 1), (1.1001, 0), ("1.1", 1)):
        assert score(item, {"lstm": value}, 2) == right


def test_whole_answers_are_exact_whatever_their_size() -> None:
    item = numeric(answer=10_000_000_000, whole=True)
    assert score(item, {"lstm": 10_000_000_001}, 2) == 0


def test_parts_may_have_points_of_their_own() -> None:
    verdicts = score_item(numeric(points=1.5), {"lstm": 33280, "rate": 0.3}, 2)
    assert [verdict.points for verdict in verdicts] == [1.5, 0.5]
    with pytest.raises(AssignmentError, match="add up to 5 points"):
        score_item(numeric(points=5), {}, 2)


@given(st.integers(1, 40), st.decimals(min_value="0.01", max_value="100", places=2))
def test_shares_add_up_exactly(rows: int, points: Any) -> None:
    item = Matching(
        type="matching",
        variable="v",
        prompt="p",
        options=("x", "y"),
        rows=tuple(MatchingRow(key=f"k{row}", text="t", answer="x") for row in range(rows)),
    )
    verdicts = score_item(item, {"v": {f"k{row}": "x" for row in range(rows)}}, float(points))
    assert sum(verdict.points for verdict in verdicts) == pytest.approx(float(points), abs=1e-12)
    assert len({verdict.name for verdict in verdicts}) == rows


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=30)
    | st.binary(max_size=10)
    | st.sampled_from(["soft", "hard", "a", "b", 33280, "0.3", ..., np.zeros(2), torch.ones(())]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*RIGHT, "SMOOTH", ""]) | st.integers(), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    item=st.sampled_from(
        [matching(), matching("right_minus_wrong"), matching("all_or_nothing"), CHOICE, numeric()]
    ),
    answers=st.dictionaries(st.sampled_from(["kinds", "choice", "lstm", "rate"]), plain),
)
def test_any_plain_value_scores_between_nothing_and_all(
    item: QuizItem, answers: dict[str, object]
) -> None:
    verdicts = score_item(item, answers, 3)
    for verdict in verdicts:
        assert 0 <= verdict.points <= verdict.max_points
        assert verdict.passed == (verdict.points == verdict.max_points)
        assert verdict.passed == (not verdict.message)
        assert len(verdict.message) < 2000
    assert math.fsum(v.max_points for v in verdicts) == pytest.approx(3)
    problem = form_problem(item, answers)
    if all(verdict.passed for verdict in verdicts):
        assert problem is None


def test_the_form_module_stands_alone() -> None:
    tree = ast.parse(Path(form.__file__).read_text())
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert modules <= set(sys.stdlib_module_names)


def test_rows_that_differ_in_case_alone_are_refused() -> None:
    rows = tuple(MatchingRow(key=key, text="t", answer="x") for key in ("Cost", "cost "))
    with pytest.raises(ValueError, match="stands twice"):
        Matching(type="matching", variable="v", prompt="p", options=("x", "y"), rows=rows)
