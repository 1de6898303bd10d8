"""Checks of 3.3, One step of an LSTM."""

import pytest
import torch

from autograder.checks.probes import call_and_arguments, gradients_of_all, torch_functions
from autograder.checks.tensors import (
    expect_close,
    expect_finite,
    expect_pair,
    expect_tensor,
    expect_unchanged,
    given,
)

pytestmark = pytest.mark.question("q3_3")


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "sigmoid(0) is one half and tanh(0) is 0: follow the equations with these numbers by hand."
)
def test_half_open_gates(student):
    """With all weights 0, every gate is half open and nothing new is written"""
    x, h, c = torch.tensor([[3.0, 4.0]]), torch.tensor([[5.0]]), torch.tensor([[2.0]])
    weights = [torch.zeros(4, 2), torch.zeros(4, 1), torch.zeros(4), torch.zeros(4)]
    inputs = given(x=x, h=h, c=c) + "\n  and all weights and biases 0"
    new_h, new_c = expect_pair(student.lstm_step(x, h, c, *weights), "h, c")
    expect_tensor(new_h, "h", (1, 1), inputs=inputs)
    expect_tensor(new_c, "c", (1, 1), inputs=inputs)
    expect_close(new_c, torch.tensor([[1.0]]), "c", inputs=inputs)
    expect_close(new_h, torch.tensor([[0.380797]]), "h", inputs=inputs)


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "The first block of rows belongs to i, the second to f, the third to g, the last to o."
)
def test_order_of_gates(student):
    """Biases that open and close gates: the blocks stand in the order i, f, g, o"""
    x, h, c = torch.zeros(1, 1), torch.zeros(1, 2), torch.tensor([[0.5, 0.5]])
    # i open and closed, f closed and open, g 0.7616, o half open.
    bias_ih = torch.tensor([50.0, -50.0, -50.0, 50.0, 1.0, 1.0, 0.0, 0.0])
    weights = [torch.zeros(8, 1), torch.zeros(8, 2), bias_ih, torch.zeros(8)]
    inputs = given(x=x, h=h, c=c, bias_ih=bias_ih) + "\n  and all other weights 0"
    new_h, new_c = expect_pair(student.lstm_step(x, h, c, *weights), "h, c")
    expect_tensor(new_h, "h", (1, 2), inputs=inputs)
    expect_tensor(new_c, "c", (1, 2), inputs=inputs)
    expect_close(new_c, torch.tensor([[0.761594, 0.5]]), "c", inputs=inputs)
    expect_close(new_h, torch.tensor([[0.321008, 0.231059]]), "h", inputs=inputs)


NAMES = ("x", "h", "c", "weight_ih", "weight_hh", "bias_ih", "bias_hh")


def draw_inputs(generator, batch, width, hidden, scale=1.0):
    """Random x, h, c and the four weights, in the order of the arguments."""
    shapes = (
        *((batch, width), (batch, hidden), (batch, hidden)),
        *((4 * hidden, width), (4 * hidden, hidden), (4 * hidden,), (4 * hidden,)),
    )
    return [scale * torch.randn(shape, generator=generator) for shape in shapes]


def library_step(x, h, c, *weights):
    """PyTorch's own step with the same weights, in float64 (and differentiable there)."""
    cell = torch.nn.LSTMCell(x.shape[1], h.shape[1]).double()
    named = {name: part.double() for name, part in zip(NAMES[3:], weights, strict=True)}
    return torch.func.functional_call(cell, named, (x.double(), (h.double(), c.double())))


def expect_step(got, expected):
    """Compare both states with the expected ones."""
    parts = expect_pair(got, "h, c")
    for name, part, right in zip(("h", "c"), parts, expected, strict=True):
        expect_tensor(part, name, tuple(right.shape))
        expect_close(part, right, name)


@pytest.mark.points(1)
@pytest.mark.hidden
@pytest.mark.hint("Compare term by term with the equations: four blocks, two products, two biases.")
def test_random_inputs(student, generator, flag):
    """h and c are those of torch.nn.LSTMCell with the same weights"""
    for sizes in (3, 5, 5), (4, 2, 7), (2, 9, 3), (6, 1, 1):
        inputs = draw_inputs(generator, *sizes)
        expect_step(student.lstm_step(*inputs), library_step(*inputs))
    used = student.probe(torch_functions, "lstm", student.lstm_step, *inputs)
    if used:
        flag(f"lstm_step calls {', '.join(used)} of PyTorch, where the equations are asked for")


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint("One gate at a time speaks here: is each block used where the equations say?")
def test_one_gate_at_a_time(student, generator):
    """Each block of weights moves the gate that it belongs to"""
    hidden = 4
    for block in range(4):
        inputs = draw_inputs(generator, 3, 5, hidden)
        rows = torch.arange(4 * hidden) // hidden == block
        for number in range(3, 7):
            inputs[number][~rows] = 0.0
        expect_step(student.lstm_step(*inputs), library_step(*inputs))


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: does your code rely on sizes of batch, word and state that differ?"
)
def test_batch_of_one(student, generator):
    """A batch of one, and sizes that are all equal"""
    for sizes in (1, 3, 2), (1, 1, 1), (4, 4, 4), (1, 4, 4):
        inputs = draw_inputs(generator, *sizes)
        expect_step(student.lstm_step(*inputs), library_step(*inputs))


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("exp overflows soon: torch.sigmoid and torch.tanh do not.")
def test_large_entries(student, generator):
    """Entries as large as 1,000, whose gates are open or closed"""
    inputs = draw_inputs(generator, 3, 4, 5, scale=1000.0)
    expect_step(student.lstm_step(*inputs), library_step(*inputs))
    got = student.probe(gradients_of_all, student.lstm_step, inputs)
    for name, gradient in zip(NAMES, got, strict=True):
        assert gradient is not None, f"no gradient reaches {name}"
        expect_finite(gradient, f"the gradient of {name}")
    inputs = draw_inputs(generator, 3, 4, 5)
    inputs[5] = torch.where(torch.randn(20, generator=generator) > 0, 1000.0, -1000.0)
    expect_step(student.lstm_step(*inputs), library_step(*inputs))


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: do you leave the graph, with .detach(), .data, .item() or NumPy?"
)
def test_gradients(student, generator):
    """Gradients reach all seven tensors, and are right"""
    inputs = draw_inputs(generator, 3, 4, 5)
    leaves = [part.double().requires_grad_() for part in inputs]
    sum(part.sum() for part in library_step(*leaves)).backward()
    got = student.probe(gradients_of_all, student.lstm_step, inputs)
    for name, gradient, leaf in zip(NAMES, got, leaves, strict=True):
        assert gradient is not None, f"no gradient reaches {name}"
        expect_close(gradient, leaf.grad, f"the gradient of {name}", atol=1e-4, rtol=1e-3)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: operations that end in an underscore, and +=, work in place."
)
def test_inputs_stay(student, generator):
    """States and weights that are passed in stay as they are"""
    inputs = draw_inputs(generator, 3, 4, 5)
    got, arguments = student.probe(call_and_arguments, student.lstm_step, *inputs)
    expect_step(got, library_step(*inputs))
    for name, before, after in zip(NAMES, inputs, arguments, strict=True):
        expect_unchanged(before, after, name)
