"""Checks of 3.2, Scaled dot-product attention."""

import math

import pytest
import torch

from autograder.checks.attention import expect_distribution
from autograder.checks.probes import call_and_arguments, gradients, gradients_of_all
from autograder.checks.tensors import (
    expect_close,
    expect_finite,
    expect_pair,
    expect_tensor,
    expect_unchanged,
    given,
)

pytestmark = pytest.mark.question("q3_2")


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "Follow the formula by hand with these numbers: scores, root of d_k, softmax over the keys."
)
def test_small_example(student):
    """One query, two keys: weights and output of a small example"""
    query = torch.tensor([[[[2.0, 0.0, 0.0, 0.0]]]])
    key = torch.tensor([[[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]]])
    value = torch.tensor([[[[1.0, 0.0, 10.0], [0.0, 1.0, 20.0]]]])
    inputs = given(query=query, key=key, value=value)
    output, weights = expect_pair(
        student.scaled_dot_product_attention(query, key, value), "output, weights"
    )
    expect_tensor(weights, "weights", (1, 1, 1, 2), inputs=inputs)
    expect_tensor(output, "output", (1, 1, 1, 3), inputs=inputs)
    expect_close(weights, torch.tensor([[[[0.731059, 0.268941]]]]), "weights", inputs=inputs)
    expected = torch.tensor([[[[0.731059, 0.268941, 12.689414]]]])
    expect_close(output, expected, "output", inputs=inputs)


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "Where the mask is False, the score has to be out of the softmax before it is taken."
)
def test_mask_example(student):
    """A masked key gets no weight, and the others share it"""
    query = torch.zeros(1, 1, 2, 4)
    key = torch.ones(1, 1, 3, 4)
    value = torch.tensor([[[[3.0], [5.0], [100.0]]]])
    mask = torch.tensor([[[[True, True, False], [False, True, False]]]])
    inputs = given(query=query, key=key, value=value, mask=mask)
    output, weights = expect_pair(
        student.scaled_dot_product_attention(query, key, value, mask), "output, weights"
    )
    expect_tensor(weights, "weights", (1, 1, 2, 3), inputs=inputs)
    expect_tensor(output, "output", (1, 1, 2, 1), inputs=inputs)
    expect_distribution(weights, mask, inputs=inputs)
    expected = torch.tensor([[[[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]]])
    expect_close(weights, expected, "weights", inputs=inputs)
    expect_close(output, torch.tensor([[[[4.0], [5.0]]]]), "output", inputs=inputs)


def reference_attention(query, key, value, mask=None):
    """What the function should return, computed in float64 (and differentiable there)."""
    query, key, value = (part.double() for part in (query, key, value))
    scores = torch.einsum("bhnd,bhmd->bhnm", query, key) / math.sqrt(query.shape[-1])
    allowed = torch.ones_like(scores, dtype=torch.bool)
    if mask is not None:
        allowed = mask.expand(scores.shape)
    top = scores.masked_fill(~allowed, -torch.inf).amax(-1, keepdim=True)
    top = torch.where(allowed.any(-1, keepdim=True), top, 0.0).detach()
    powers = torch.where(allowed, torch.where(allowed, scores - top, 0.0).exp(), 0.0)
    total = powers.sum(-1, keepdim=True)
    weights = powers / torch.where(total > 0, total, 1.0)
    return torch.einsum("bhnm,bhmd->bhnd", weights, value), weights


def draw_inputs(generator, batch, heads, n, m, d_k, d_v):
    """Random query, key and value of these sizes."""
    shapes = (batch, heads, n, d_k), (batch, heads, m, d_k), (batch, heads, m, d_v)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def draw_mask(generator, shape):
    """A random mask of that shape whose rows all allow something."""
    mask = torch.rand(shape, generator=generator) < 0.6
    first = torch.randint(0, shape[-1], (*shape[:-1], 1), generator=generator)
    return mask.scatter(-1, first, True)


def expect_attention(student, query, key, value, *mask, atol=1e-5):
    """Call the student's function, compare both results, and return them."""
    got = student.scaled_dot_product_attention(query, key, value, *mask)
    output, weights = expect_pair(got, "output, weights")
    right_output, right_weights = reference_attention(query, key, value, *mask)
    expect_tensor(weights, "weights", tuple(right_weights.shape))
    expect_tensor(output, "output", tuple(right_output.shape))
    expect_close(weights, right_weights, "weights", atol=atol)
    expect_close(output, right_output, "output", atol=atol * max(1.0, value.abs().max().item()))
    return output, weights


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint("Compare softmax axis and scaling with the formula. Which size is d_k?")
def test_random_inputs(student, generator):
    """Weights and output on random inputs without a mask"""
    for batch, heads, n, d in (2, 3, 4, 5), (3, 1, 5, 16), (1, 4, 3, 64), (1, 1, 1, 2):
        expect_attention(student, *draw_inputs(generator, batch, heads, n, n, d, d))


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Keys may be more or fewer than queries, and values longer than keys.")
def test_sizes_differ(student, generator):
    """Different numbers of queries and keys, and values of another width"""
    for sizes in (2, 3, 4, 6, 5, 7), (1, 2, 5, 3, 8, 2), (2, 1, 1, 4, 3, 3), (2, 2, 3, 1, 4, 6):
        expect_attention(student, *draw_inputs(generator, *sizes))


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("True means *may attend*; and where, before or after the softmax, is it applied?")
def test_masks(student, generator):
    """Masked keys get a weight of exactly 0, and the others still sum to 1"""
    for batch, heads, n, m in (2, 3, 4, 6), (3, 2, 5, 5), (1, 1, 3, 7):
        mask = draw_mask(generator, (batch, heads, n, m))
        inputs = draw_inputs(generator, batch, heads, n, m, 8, 5)
        _, weights = expect_attention(student, *inputs, mask)
        expect_distribution(weights, mask)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint(
    "The mask may lack dimensions, or have the size 1 in some: let PyTorch broadcast."
)
def test_masks_broadcast(student, generator):
    """Masks of smaller shapes broadcast"""
    for shape in (4, 6), (2, 1, 1, 6), (1, 1, 4, 6), (2, 1, 4, 6), (1, 3, 1, 6), (3, 4, 6):
        mask = draw_mask(generator, shape)
        inputs = draw_inputs(generator, 2, 3, 4, 6, 8, 5)
        _, weights = expect_attention(student, *inputs, mask)
        expect_distribution(weights, mask)
    # Equal sizes: an axis that is taken for another one fits, too.
    for shape in (4, 6), (4, 4, 6), (1, 4, 6), (4, 1, 6):
        inputs = draw_inputs(generator, 4, 4, 4, 6, 8, 5)
        expect_attention(student, *inputs, draw_mask(generator, shape))


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint("What does the softmax make of a row in which everything is masked?")
def test_row_without_keys(student, generator):
    """A query that may attend to nothing gets zero weights and a zero output"""
    for shape in (2, 3, 4, 6), (2, 1, 4, 6), (4, 6):
        mask = draw_mask(generator, shape)
        mask[..., 1, :] = False
        inputs = draw_inputs(generator, 2, 3, 4, 6, 8, 5)
        output, weights = expect_attention(student, *inputs, mask)
        assert not weights[:, :, 1].any(), "the weights of a masked row are not 0"
        assert not output[:, :, 1].any(), "the output of a masked row is not 0"
    mask = draw_mask(generator, (2, 3, 4, 6))
    mask[1, 2, 0] = False
    output, weights = expect_attention(student, *draw_inputs(generator, 2, 3, 4, 6, 8, 5), mask)
    assert not weights[1, 2, 0].any(), "the weights of a row that one head masks are not 0"
    assert not output[1, 2, 0].any(), "the output of a row that one head masks is not 0"


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint(
    "NaN times zero is NaN: it has to be avoided before the softmax, not removed after."
)
def test_gradient_with_row_without_keys(student, generator):
    """No NaN reaches a gradient where a query may attend to nothing"""
    inputs = draw_inputs(generator, 2, 2, 4, 5, 8, 3)
    mask = draw_mask(generator, (2, 1, 4, 5))
    mask[0, :, 2] = False
    expect_gradients(student, inputs, mask, generator)
    function = student.scaled_dot_product_attention
    for name, gradient in zip(
        ("query", "key", "value"),
        student.probe(gradients_of_all, function, inputs, mask),
        strict=True,
    ):
        assert gradient is not None, f"no gradient reaches {name}"
        expect_finite(gradient, f"the gradient of {name}")


def expect_gradients(student, inputs, mask, generator):
    """Compare the gradients of the student's output with ours, along a random direction."""
    others = [] if mask is None else [mask]
    leaves = [part.double().requires_grad_() for part in inputs]
    output, _ = reference_attention(*leaves, *others)
    directions = torch.randn(output.shape, generator=generator)
    (output * directions.double()).sum().backward()
    got = student.probe(
        gradients, student.scaled_dot_product_attention, inputs, directions, *others
    )
    for name, gradient, leaf in zip(("query", "key", "value"), got, leaves, strict=True):
        assert gradient is not None, f"no gradient reaches {name}"
        expect_close(gradient, leaf.grad, f"the gradient of {name}", atol=1e-4, rtol=1e-3)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: do you leave the graph, with .detach(), .data, .item() or NumPy?"
)
def test_gradients(student, generator):
    """Gradients reach query, key and value"""
    expect_gradients(student, draw_inputs(generator, 2, 3, 4, 5, 8, 6), None, generator)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint(
    "exp overflows soon, and a score may be lower than -10,000: which number masks it?"
)
def test_large_entries(student, generator):
    """Entries as large as 1,000"""

    def draw_large(*shape):
        # Multiples of 1,000 and d_k = 16: every score is exact in float32, however it is computed.
        return 1000.0 * torch.randint(-1, 2, shape, generator=generator)

    query, key, value = (draw_large(2, 2, n, 16) for n in (5, 6, 6))
    mask = draw_mask(generator, (2, 1, 5, 6))
    # A softmax in log space, right as it is, rounds scores of some millions to a quarter or so.
    expect_attention(student, query, key, value, atol=0.2)
    expect_attention(student, query, key, value, mask, atol=0.2)
    # The allowed keys score far below 0 and the masked ones far above.
    query = torch.full((1, 1, 2, 16), 1000.0)
    key = torch.full((1, 1, 4, 16), 1000.0)
    mask = torch.tensor([True, False, True, False]).expand(1, 1, 2, 4)
    key[0, 0, mask[0, 0, 0]] = -1000.0
    expect_attention(student, query, key, draw_large(1, 1, 4, 3), mask, atol=0.2)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: operations that end in an underscore, and /=, work in place."
)
def test_inputs_stay(student, generator):
    """Inputs and mask stay as they are"""
    inputs = draw_inputs(generator, 2, 2, 3, 4, 6, 5)
    mask = draw_mask(generator, (2, 1, 3, 4))
    # A query without keys, and a key that no query may attend to.
    mask[0, 0, 1] = False
    mask[1, 0, :, 2] = False
    copies = [part.clone() for part in (*inputs, mask)]
    function = student.scaled_dot_product_attention
    got, after = student.probe(call_and_arguments, function, *inputs, mask)
    expect_close(
        expect_pair(got, "output, weights")[0], reference_attention(*inputs, mask)[0], "output"
    )
    for name, old, new in zip(("query", "key", "value", "mask"), copies, after, strict=True):
        expect_unchanged(old, new, name)
