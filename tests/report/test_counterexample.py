"""Messages of checks become tables, with what is wrong marked."""

from __future__ import annotations

import pytest
import torch

from autograder.checks.attention import expect_distribution
from autograder.checks.tensors import expect_close, expect_finite, expect_unchanged, given
from autograder.report.counterexample import Counterexample, Value, counterexample


def taken_apart(call: object, *args: object, **options: object) -> Counterexample:
    """The counterexample in the message with which a helper of ours fails."""
    assert callable(call)
    with pytest.raises(AssertionError) as raised:
        call(*args, **options)
    found = counterexample(str(raised.value))
    assert found is not None
    return found


def marked(value: Value) -> list[list[bool]]:
    (grid,) = value.grids
    return [[cell.wrong for cell in row] for row in grid.rows]


def test_entries_that_differ_are_marked_in_what_came() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    found = taken_apart(
        expect_close, torch.tensor([[1.0, 2.5], [3.0, 5.0]]), x, "output", inputs=given(x=x)
    )
    assert found.sentence == "output[1, 1] should be 4, but is 5."
    (entered,) = found.inputs
    expected, got = found.results
    assert (entered.name, expected.name, got.name) == ("x", "expected", "got")
    assert marked(got) == [[False, True], [False, True]]
    assert not any(map(any, marked(expected)))
    assert [cell.text for cell in got.grids[0].rows[0]] == ["1", "2.5"]


def test_row_that_does_not_sum_to_one_is_marked_beside_its_sum() -> None:
    weights = torch.tensor([[0.5, 0.5], [0.3, 0.6]])
    found = taken_apart(expect_distribution, weights, torch.ones(2, 2, dtype=torch.bool))
    (value,) = found.results
    assert marked(value) == [[False, False], [True, True]]
    assert [(cell.text, cell.wrong) for cell in value.grids[0].sums] == [
        ("1", False),
        ("0.9", True),
    ]


def test_weight_that_is_not_zero_is_marked() -> None:
    weights = torch.tensor([[[0.75, 0.25], [1.0, 0.0]]])
    allowed = torch.tensor([[[True, False], [True, False]]])
    found = taken_apart(expect_distribution, weights, allowed)
    assert found.sentence.startswith("weights[0, 0, 1] should be 0")
    assert marked(found.results[0]) == [[False, True], [False, False]]
    assert found.results[0].grids[0].place == "[0]"


def test_number_that_is_not_finite_is_marked() -> None:
    found = taken_apart(expect_finite, torch.tensor([1.0, float("nan")]), "output")
    assert marked(found.results[0]) == [[False, True]]


def test_argument_that_was_changed_is_shown_before_and_after() -> None:
    found = taken_apart(
        expect_unchanged, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), "query"
    )
    assert [value.name for value in found.results] == ["before the call", "after it"]
    assert marked(found.results[1]) == [[False, True]]


def test_large_tensors_words_and_lines_of_the_check_stay_text() -> None:
    inputs = given(words=["a", "film"], x=torch.zeros(100)) + "\n  and all biases 0"
    found = taken_apart(
        expect_close, torch.tensor([1.0]), torch.tensor([2.0]), "output", inputs=inputs
    )
    assert [value.text for value in found.inputs] == [
        "['a', 'film']",
        "a tensor of shape (100,) and dtype float32",
    ]
    assert found.notes == ("and all biases 0",)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "output should be a torch tensor, but it is None.",
        "  x = [1, 2]",
        "Your code raised ValueError: expected: 1\nin cell 3, line 2: x = [1]",
    ],
)
def test_other_messages_stay_as_they_are(message: str) -> None:
    assert counterexample(message) is None


@pytest.mark.parametrize(
    "value",
    ["[" * 60 + "1" + "]" * 60, "[1, [2]]", "__import__('os')", "[1, 2", "1e999", "[]", "-" * 9000],
)
def test_what_student_code_may_have_written_does_no_harm(value: str) -> None:
    found = counterexample(f"x[0] should be 1, but is 2.\n  expected: [1]\n  got: {value}")
    assert found is not None
    assert found.results[1].text == value or found.results[1].grids == ()


@pytest.mark.parametrize("place", ["0", "9" * 5000])
@pytest.mark.parametrize("value", ["1, 2", "[1], [2]", "1e5, True", "-1", "[nan, 1e999]"])
def test_an_exception_of_the_students_own_that_looks_like_a_message_is_text(
    place: str, value: str
) -> None:
    """Making one page of it failed, and with it all pages of the class."""
    found = counterexample(
        f"Your code raised ValueError: x[{place}]\n  expected: 1\n  got: {value}"
    )
    assert found is not None
    assert [it.name for it in found.results] == ["expected", "got"]
