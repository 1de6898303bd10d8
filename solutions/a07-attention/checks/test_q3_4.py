"""Checks of 3.4, Where a word stands."""

import pytest
import torch

from autograder.checks.probes import tensor_facts
from autograder.checks.tensors import expect_close, expect_tensor, given

pytestmark = pytest.mark.question("q3_4")


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "At position 0 every angle is 0, whatever the exponent: sin(0) = 0 and cos(0) = 1."
)
def test_first_position(student):
    """Position 0 is 0, 1, 0, 1 and so on"""
    encoding = student.positional_encoding(1, 6)
    inputs = given(length=1, d_model=6)
    expect_tensor(encoding, "the encoding", (1, 6), inputs=inputs)
    expected = torch.tensor([[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]])
    expect_close(encoding, expected, "the encoding", inputs=inputs)


@pytest.mark.points(0.25)
@pytest.mark.hint("Work out the angle of row 1 for each column by hand: which columns share one?")
def test_small_example(student):
    """Three positions with four columns"""
    encoding = student.positional_encoding(3, 4)
    inputs = given(length=3, d_model=4)
    expect_tensor(encoding, "the encoding", (3, 4), inputs=inputs)
    expected = torch.tensor(
        [
            [0.0, 1.0, 0.0, 1.0],
            [0.841471, 0.540302, 0.010000, 0.999950],
            [0.909297, -0.416147, 0.019999, 0.999800],
        ]
    )
    expect_close(encoding, expected, "the encoding", atol=1e-4, inputs=inputs)


def expect_encoding(student, length, d_model):
    """Compare with the formula, computed in float64.

    The tolerance is a hundred times what float32 loses on angles up to a few hundred.
    """
    position = torch.arange(length, dtype=torch.float64)[:, None]
    column = torch.arange(d_model)
    angle = position / 10_000 ** ((column - column % 2).double() / d_model)
    expected = torch.where(column % 2 == 0, angle.sin(), angle.cos())
    got = student.positional_encoding(length, d_model)
    expect_tensor(got, "the encoding", (length, d_model))
    expect_close(got.float(), expected.float(), "the encoding", atol=2e-3)


@pytest.mark.points(1)
@pytest.mark.hidden
@pytest.mark.hint("Which exponent does column 7 have, and which column 6? From where do you count?")
def test_even_width(student, rng):
    """The formula, for even d_model"""
    for length, d_model in (
        (int(rng.integers(200, 260)), 64),
        (50, 2),
        (9, 2 * int(rng.integers(3, 20))),
        # Longer than a table that was made for some usual length.
        (6000, 4),
    ):
        expect_encoding(student, length, d_model)


@pytest.mark.points(1)
@pytest.mark.hidden
@pytest.mark.hint("With an odd d_model there is one sine more than there are cosines.")
def test_odd_width(student, rng):
    """The formula, for odd d_model"""
    for length, d_model in (70, 2 * int(rng.integers(3, 20)) + 1), (40, 3), (6, 1), (1, 9):
        expect_encoding(student, length, d_model)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("The encoding is fixed, not trained.")
def test_no_gradient(student, rng):
    """The encoding is a tensor without gradient"""
    length, d_model = int(rng.integers(5, 30)), 2 * int(rng.integers(2, 9))
    encoding, asks = student.probe(tensor_facts, student.positional_encoding, length, d_model)
    expect_tensor(encoding, "the encoding", (length, d_model))
    assert asks is False, "the encoding asks for a gradient"
    # A right first column, so that an empty answer earns nothing.
    column = torch.arange(length).float().sin()
    expect_close(encoding[:, 0].float(), column, "the encoding's first column", atol=2e-3)
