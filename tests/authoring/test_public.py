"""What a student reads of a public check in the notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.authoring.public import (
    CheckFailed,
    filled_in_choice,
    filled_in_matching,
    filled_in_number,
    run,
)
from autograder.judge.student import Student


def reason(check: Callable[[Student], Any], **names: object) -> str:
    with pytest.raises(CheckFailed) as caught:
        run(check, names)
    return str(caught.value)


def demand_two(student: Student) -> None:
    demand(student.number == 2, f"expected 2, got {student.number}")


def test_a_check_that_holds_says_nothing() -> None:
    run(demand_two, {"number": 2})


def test_the_reason_is_the_message_of_the_assert() -> None:
    assert reason(demand_two, number=3) == "expected 2, got 3"


def test_a_missing_name_is_named() -> None:
    assert reason(demand_two) == "`number` is not defined at this point of the notebook."


def test_an_exception_of_the_students_code_is_told() -> None:
    def broken() -> None:
        raise ValueError("no such thing")

    told = reason(lambda student: student.broken(), broken=broken)
    assert told == "Your code raised ValueError: no such thing"


def test_a_check_that_trips_over_an_answer_blames_its_form() -> None:
    told = reason(lambda student: student.number.shape, number=2)
    assert told.startswith("The check could not work with what your code returned.")


def test_a_reason_survives_otters_html() -> None:
    assert "‹b>" in reason(lambda student: demand(False, "a <b> and 1 < 2"))
    assert "1 < 2" in reason(lambda student: demand(False, "a <b> and 1 < 2"))


def demand(condition: bool, message: str) -> None:
    if not condition:  # an assert here would be rewritten by pytest, and one in a release is not
        raise AssertionError(message)


@pytest.mark.parametrize("blank", [None, ...])
def test_blank_quiz_answers_are_told(blank: object) -> None:
    assert reason(lambda s: filled_in_number(s, "n"), n=blank) == "`n` has no answer yet."
    assert reason(lambda s: filled_in_choice(s, "c", "ab"), c=blank) == "`c` has no answer yet."
    told = reason(lambda s: filled_in_matching(s, "m", ["x", "y"], "ab"), m={"x": "a", "y": blank})
    assert told == "`m` has no answer yet for 'y'."


def test_quiz_answers_of_another_form_are_told() -> None:
    assert "should be a number" in reason(lambda s: filled_in_number(s, "n"), n="12")
    assert "should be a number" in reason(lambda s: filled_in_number(s, "n"), n=True)
    assert "should be 'a' or 'b'" in reason(lambda s: filled_in_choice(s, "c", "ab"), c="A")
    told = reason(lambda s: filled_in_matching(s, "m", ["x"], ["a", "b"]), m={"x": "z"})
    assert told == "`m['x']` is 'z'; it should be 'a' or 'b'."
    assert "a dictionary" in reason(lambda s: filled_in_matching(s, "m", ["x"], ["a"]), m=["a"])


def test_wrong_but_well_formed_quiz_answers_pass() -> None:
    run(lambda s: filled_in_number(s, "n"), {"n": np.int64(-1)})
    run(lambda s: filled_in_choice(s, "c", ["a", "b"]), {"c": "a"})
    run(lambda s: filled_in_matching(s, "m", ["x"], ["a", "b"]), {"m": {"x": "b"}})
