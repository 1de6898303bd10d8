"""Checks of 2.2."""

import pytest
import torch

from autograder.checks.tensors import expect_close, expect_tensor

pytestmark = pytest.mark.question("q2_2")


@pytest.mark.points(0.5)
@pytest.mark.hint("A high temperature makes weights more alike.")
def test_example(student):
    """One row at temperature 2"""
    got = student.soften(torch.tensor([[0.0, 2.1972246]]), 2.0)
    expect_tensor(got, "soften(scores, 2.0)", (1, 2))
    expect_close(got, torch.tensor([[0.25, 0.75]]), "soften(scores, 2.0)")


@pytest.mark.points(1.5)
@pytest.mark.hidden
def test_random(student, generator):
    """Random scores at temperatures below and above 1"""
    scores = torch.randn(4, 5, generator=generator)
    for temperature in (0.25, 4.0):
        expect_close(
            student.soften(scores, temperature),
            torch.softmax(scores.double() / temperature, dim=-1),
            f"soften(scores, {temperature})",
        )
