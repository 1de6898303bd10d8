"""Checks of 2.1."""

import pytest
import torch

from autograder.checks.probes import call_and_arguments
from autograder.checks.tensors import expect_close, expect_tensor

pytestmark = pytest.mark.question("q2_1")

EXAMPLE = torch.tensor([[1.0, 10.0], [3.0, 30.0]])


def standardised_twice_over(values):
    """The judge's own way, in float64."""
    wide = values.double()
    return (wide - wide.mean(0)) / wide.var(0, correction=0).sqrt()


@pytest.mark.points(1)
@pytest.mark.hint("Which dimension is a column?")
def test_example(student):
    """Two columns of two values"""
    got = student.standardise(EXAMPLE)
    expect_tensor(got, "result", (2, 2))
    expect_close(got, torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), "result")


@pytest.mark.points(1.5)
@pytest.mark.hidden
@pytest.mark.hint("Mean and variance run over rows.")
def test_random(student, generator):
    """Random values"""
    values = 7.25 * torch.randn(40, 3, generator=generator) + 100.5
    expect_close(student.standardise(values), standardised_twice_over(values), "result")


@pytest.mark.points(0.5)
@pytest.mark.hidden
def test_unchanged(student, generator):
    """The input stays as it is"""
    values = torch.randn(5, 2, generator=generator)
    _, after = student.probe(call_and_arguments, student.standardise, values)
    assert torch.equal(after[0], values), "the input was changed"
