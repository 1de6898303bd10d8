"""Checks of 3.3, Several heads."""

import pytest
import torch
from torch import nn

from autograder.checks.attention import expect_distribution
from autograder.checks.inputs import random_reviews
from autograder.checks.probes import call_and_arguments, parameter_gradients
from autograder.checks.tensors import (
    expect_close,
    expect_pair,
    expect_tensor,
    expect_unchanged,
    given,
)

pytestmark = pytest.mark.question("q3_3")


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "With equal scores only the values, the heads and their order are left: follow row 0 by hand."
)
def test_uniform_example(student):
    """With equal scores everywhere, every token gets the mean of the real tokens"""
    attention = student.MultiHeadSelfAttention(4, 2)
    nothing, identity, no_bias = torch.zeros(4, 4), torch.eye(4), torch.zeros(4)
    weights = {"query": nothing, "key": nothing, "value": identity, "output": identity}
    state = {f"{name}.weight": weight for name, weight in weights.items()}
    state |= {f"{name}.bias": no_bias for name in weights}
    attention.load_state_dict(attention.state_dict() | state)
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0], [9.0, 9.0, 9.0, 9.0]]])
    mask = torch.tensor([[True, True, False]])
    inputs = given(x=x, mask=mask) + "\n  and the weights of query and key 0, those of value"
    inputs += " and output the identity, all biases 0"
    output, weights = expect_pair(attention(x, mask), "output, weights")
    expect_tensor(output, "output", (1, 3, 4), inputs=inputs)
    expect_tensor(weights, "weights", (1, 2, 3, 3), inputs=inputs)
    real = mask[:, :, None]
    half = torch.tensor([0.5, 0.5, 0.0]).expand(1, 2, 3, 3)
    expect_close(weights, half, "weights", where=mask[:, None, :, None], inputs=inputs)
    mean = torch.tensor([2.0, 3.0, 4.0, 5.0]).expand(1, 3, 4)
    expect_close(output, mean, "output", where=real, inputs=inputs)


@pytest.mark.points(0.25)
@pytest.mark.hint("Print the shape after every step, and compare it with the one that you mean.")
def test_shapes(student):
    """Shapes, and weights that sum to 1 over the real tokens"""
    generator = torch.Generator().manual_seed(0)
    attention = student.MultiHeadSelfAttention(12, 3)
    x = torch.randn(2, 5, 12, generator=generator)
    mask = torch.tensor([[True, True, True, True, True], [True, True, True, False, False]])
    output, weights = expect_pair(attention(x, mask), "output, weights")
    expect_tensor(output, "output", (2, 5, 12))
    expect_tensor(weights, "weights", (2, 3, 5, 5))
    expect_distribution(weights, mask[:, None, None, :], rows=mask[:, None, :], zero=1e-6)
    assert (weights[0, 0] - weights[0, 1]).abs().max() > 1e-5, (
        "the first two heads attend alike, though their projections are different."
    )


NAMES = ("query", "key", "value", "output")


def draw_state(generator, d_model):
    """Random weights for the four projections, by their names in the state_dict."""
    state = {}
    for name in NAMES:
        state[f"{name}.weight"] = torch.randn(d_model, d_model, generator=generator) / d_model**0.5
        state[f"{name}.bias"] = torch.randn(d_model, generator=generator)
    return state


def library_attention(d_model, num_heads, state):
    """PyTorch's own attention with the same weights."""
    library = nn.MultiheadAttention(d_model, num_heads, batch_first=True)
    with torch.no_grad():
        for part in ("weight", "bias"):
            joined = torch.cat([state[f"{name}.{part}"] for name in NAMES[:3]])
            getattr(library, f"in_proj_{part}").copy_(joined)
            getattr(library.out_proj, part).copy_(state[f"output.{part}"])
    return library


def expect_attention(student, generator, d_model, num_heads, lengths, width=None):
    """Compare a random case with PyTorch's attention; returns the student's and its results."""
    state = draw_state(generator, d_model)
    attention = student.MultiHeadSelfAttention(d_model, num_heads)
    attention.load_state_dict(attention.state_dict() | state)
    _, mask = random_reviews(generator, lengths, 10, width)
    x = torch.randn(*mask.shape, d_model, generator=generator)
    output, weights = expect_pair(attention(x, mask), "output, weights")
    library = library_attention(d_model, num_heads, state)
    with torch.no_grad():
        right_output, right_weights = library(
            x, x, x, key_padding_mask=~mask, average_attn_weights=False
        )
    expect_tensor(output, "output", tuple(right_output.shape))
    expect_tensor(weights, "weights", tuple(right_weights.shape))
    return mask, (output, weights), (right_output, right_weights)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Check which projection goes where, and that the output is projected, too.")
def test_one_head(student, generator):
    """One head, on random weights and inputs"""
    for d_model, lengths in (6, [4, 4]), (16, [3]):
        mask, got, right = expect_attention(student, generator, d_model, 1, lengths)
        expect_close(got[0], right[0], "output", where=mask[:, :, None])


@pytest.mark.points(1.5)
@pytest.mark.hidden
@pytest.mark.hint("Follow one entry of x through the split into heads and back: do axes get mixed?")
def test_several_heads(student, generator):
    """Several heads, on random weights and inputs"""
    for d_model, num_heads, lengths in (8, 2, [5, 5, 5]), (12, 3, [4, 4]), (64, 4, [6, 6]):
        mask, got, right = expect_attention(student, generator, d_model, num_heads, lengths)
        expect_close(got[0], right[0], "output", where=mask[:, :, None])


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint(
    "Head h has the h-th slice of columns. Are the weights those of each single head?"
)
def test_weights_of_each_head(student, generator):
    """Each head's weights"""
    for d_model, num_heads, lengths in (8, 4, [5, 5]), (12, 2, [4, 2]), (18, 3, [7, 1, 4]):
        mask, got, right = expect_attention(student, generator, d_model, num_heads, lengths)
        expect_close(got[1], right[1], "weights", where=mask[:, None, :, None])


@pytest.mark.points(1)
@pytest.mark.hidden
@pytest.mark.hint("The mask of shape (batch, n) has to hide keys, for every head and every query.")
def test_padding(student, generator):
    """No token attends to padding"""
    for d_model, num_heads, lengths, width in (
        (8, 2, [5, 3, 1], None),
        (16, 4, [2, 4], 7),
        (8, 2, [3, 1, 4, 2], None),
    ):
        mask, got, right = expect_attention(student, generator, d_model, num_heads, lengths, width)
        real = mask[:, None, :]
        expect_distribution(got[1], mask[:, None, None, :], rows=real, zero=1e-6)
        expect_close(got[0], right[0], "output", where=mask[:, :, None])


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: squeeze() without an axis drops every axis of size 1."
)
def test_smallest(student, generator):
    """A batch of one, a sequence of one, one column a head"""
    for d_model, num_heads, lengths in (8, 2, [4]), (8, 2, [1]), (4, 4, [1, 1]), (1, 1, [2]):
        _, got, right = expect_attention(student, generator, d_model, num_heads, lengths)
        expect_close(got[0], right[0], "output")
        expect_close(got[1], right[1], "weights")


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: do you leave the graph, with .detach(), .data or torch.no_grad()?"
)
def test_gradients(student, generator):
    """Gradients reach all four projections"""
    state = draw_state(generator, 12)
    attention = student.MultiHeadSelfAttention(12, 3)
    attention.load_state_dict(attention.state_dict() | state)
    library = library_attention(12, 3, state)
    _, mask = random_reviews(generator, [5, 5], 10)
    x = torch.randn(2, 5, 12, generator=generator)
    directions = torch.randn(2, 5, 12, generator=generator) * mask[:, :, None]
    output, _ = library(x, x, x, key_padding_mask=~mask)
    (output * directions).sum().backward()
    right = {
        "output.weight": library.out_proj.weight.grad,
        "output.bias": library.out_proj.bias.grad,
    }
    for part in ("weight", "bias"):
        chunks = getattr(library, f"in_proj_{part}").grad.chunk(3)
        right |= {f"{name}.{part}": chunk for name, chunk in zip(NAMES[:3], chunks, strict=True)}
    got = student.probe(parameter_gradients, attention, directions, x, mask)
    for name, gradient in right.items():
        assert got.get(name) is not None, f"no gradient reaches {name}"
        expect_close(got[name], gradient, f"the gradient of {name}", atol=1e-4, rtol=1e-3)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: what works in place, such as +=, and what does `self` remember?"
)
def test_inputs_stay(student, generator):
    """Inputs and mask stay as they are, and no call hangs on chance or on an earlier one"""
    attention = student.MultiHeadSelfAttention(8, 2)
    state = draw_state(generator, 8)
    attention.load_state_dict(attention.state_dict() | state)
    for lengths in [4, 2], [3, 4]:
        _, mask = random_reviews(generator, lengths, 10)
        x = torch.randn(2, 4, 8, generator=generator)
        got, after = student.probe(call_and_arguments, attention, x, mask)
        expect_unchanged(x, after[0], "x")
        expect_unchanged(mask, after[1], "mask")
        with torch.no_grad():
            right, _ = library_attention(8, 2, state)(x, x, x, key_padding_mask=~mask)
        output, _ = expect_pair(got, "output, weights")
        expect_close(output, right, "output", where=mask[:, :, None])
