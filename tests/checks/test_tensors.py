from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from autograder.checks.tensors import (
    expect_close,
    expect_finite,
    expect_pair,
    expect_tensor,
    expect_unchanged,
    given,
    show,
)


def test_shows_small_tensors_in_full_and_large_ones_by_shape() -> None:
    assert show(torch.tensor([[1.0, 0.25], [1 / 3, 2e-9]])) == "[[1, 0.25], [0.3333, 2e-09]]"
    assert show(torch.tensor([True, False])) == "[True, False]"
    assert show(np.array([1, 2])) == "[1, 2]"
    assert show(torch.zeros(10, 10)) == "a tensor of shape (10, 10) and dtype float32"


def test_gives_each_input_a_line() -> None:
    assert given(sequences=[[1, 2]], max_len=3) == "  sequences = [[1, 2]]\n  max_len = 3"


def test_takes_a_tensor_of_the_right_form() -> None:
    value = torch.zeros(2, 3)
    assert expect_tensor(value, "x", (2, 3)) is value
    assert expect_tensor(value.double(), "x", (2, 3)).dtype == torch.float64


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "x should be a torch tensor, but it is None."),
        ([1, 2], "x should be a torch tensor, but it is a list of 2."),
        (np.zeros(3), r"x should be a torch tensor, but it is a NumPy array of shape \(3,\)."),
        (torch.zeros(3, 2), r"x should have the shape \(2, 3\), but has \(3, 2\)."),
        (torch.zeros(2, 3, dtype=torch.long), "x should hold floats, but its dtype is int64."),
    ],
)
def test_names_what_is_wrong_with_the_form(value: object, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        expect_tensor(value, "x", (2, 3))


def test_names_a_wrong_dtype_and_the_call() -> None:
    with pytest.raises(AssertionError, match=r"the dtype bool, but has float32.\nCalled with\nn=1"):
        expect_tensor(torch.zeros(2), "mask", (2,), torch.bool, "n=1")


@pytest.mark.parametrize("value", [torch.zeros(2, 2), (1, 2, 3), None, [1]])
def test_refuses_what_is_no_pair(value: object) -> None:
    with pytest.raises(AssertionError, match="should return a pair"):
        expect_pair(value, "a, b")


def test_takes_what_two_ways_of_rounding_may_differ_by() -> None:
    values = torch.linspace(-3, 1000, 50)
    expect_close(values * (1 + 1e-6), values.double(), "x")


def test_names_the_worst_entry() -> None:
    got, expected = torch.tensor([[1.0, 2.0], [3.0, 4.5]]), torch.tensor([[1.0, 2.1], [3.0, 4.0]])
    with pytest.raises(AssertionError, match=r"x\[1, 1\] should be 4, but is 4.5"):
        expect_close(got, expected, "x")


def test_nan_is_wrong_wherever_it_counts() -> None:
    got, expected = torch.tensor([1.0, math.nan]), torch.tensor([1.0, 2.0])
    with pytest.raises(AssertionError, match=r"x\[1\] should be 2, but is nan"):
        expect_close(got, expected, "x")
    expect_close(got, expected, "x", where=torch.tensor([True, False]))


def test_compares_truth_values() -> None:
    expect_close(torch.tensor([True, False]), torch.tensor([True, False]), "mask")
    with pytest.raises(AssertionError, match=r"should be False, but is True"):
        expect_close(torch.tensor([True]), torch.tensor([False]), "mask")


def test_other_shapes_are_not_broadcast() -> None:
    with pytest.raises(AssertionError, match="should have the shape"):
        expect_close(torch.zeros(1), torch.zeros(3), "x")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_finds_what_is_not_finite(bad: float) -> None:
    with pytest.raises(
        AssertionError, match=r"x\[0, 1\] should be a finite number, but is -?(nan|inf)"
    ):
        expect_finite(torch.tensor([[0.0, bad]]), "x")


def test_finds_a_changed_argument() -> None:
    expect_unchanged([[1, 2]], [[1, 2]], "sequences")
    expect_unchanged(torch.ones(2), torch.ones(2), "x")
    with pytest.raises(AssertionError, match="changed its argument sequences"):
        expect_unchanged([[1, 2]], [[1]], "sequences")
    with pytest.raises(AssertionError, match="changed its argument x"):
        expect_unchanged(torch.ones(2), torch.zeros(2), "x")
