"""Checks of 2.1. Each is a pytest function; its docstring's first line is its title for students.

They run before the judge, not beside student code: `student` forwards calls into the sandbox and
brings tensors back. `generator` is drawn from the seed. docs/author.md says more.
"""

import pytest
import torch

from autograder.checks.tensors import expect_close, expect_tensor

pytestmark = pytest.mark.question("q2_1")


@pytest.mark.points(1)
@pytest.mark.hint("Which dimension do the weights of one row run along?")
def test_example(student):
    """Two rows of two scores"""
    scores = torch.tensor([[0.0, 0.0], [0.0, 1.0986123]])
    got = student.softmax(scores)
    expect_tensor(got, "softmax(scores)", (2, 2))
    expect_close(got, torch.tensor([[0.5, 0.5], [0.25, 0.75]]), "softmax(scores)")


@pytest.mark.points(1)
@pytest.mark.hidden
@pytest.mark.hint("Try a tensor with three dimensions, none of them as long as another.")
def test_random(student, generator):
    """Random scores with three dimensions"""
    scores = 3 * torch.randn(2, 3, 5, generator=generator)
    got = student.softmax(scores)
    expect_tensor(got, "softmax(scores)", (2, 3, 5))
    expect_close(got, torch.softmax(scores.double(), dim=-1), "softmax(scores)")


@pytest.mark.points(1)
@pytest.mark.hidden
@pytest.mark.hint("What is the exponential of 1,000 as a float?")
def test_large(student, generator):
    """Scores as large as 1,000"""
    scores = 2000 * torch.rand(4, 6, generator=generator) - 1000
    scores[0, 0] = 1000
    expect_close(student.softmax(scores), torch.softmax(scores.double(), dim=-1), "softmax(scores)")
