"""Checks of 2.2."""

import pytest
import torch

from autograder.checks.tensors import expect_close

pytestmark = pytest.mark.question("q2_2")


@pytest.mark.points(1)
def test_example(student):
    """One column"""
    got = student.furthest(torch.tensor([[1.0], [1.0], [1.0], [5.0]]))
    expected = 3**0.5
    assert abs(float(got) - expected) < 1e-4, f"expected {expected:.4f}, got {float(got):.4f}"


@pytest.mark.points(1)
@pytest.mark.hidden
def test_negative(student, generator):
    """A value far below the mean counts as well"""
    values = torch.randn(30, 4, generator=generator)
    values[11] = -1e3
    expect_close(student.furthest(values), torch.full((4,), 29.0).sqrt(), "result", atol=1e-2)
