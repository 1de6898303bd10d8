"""Checks of 3.4, An LSTM over a padded batch."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from autograder.checks.probes import (
    call_and_arguments,
    gradients,
    parameter_gradients,
    torch_functions,
)
from autograder.checks.tensors import (
    expect_close,
    expect_pair,
    expect_tensor,
    expect_unchanged,
    given,
)

pytestmark = pytest.mark.question("q3_4")


@pytest.mark.points(0.5)
@pytest.mark.hint("After its last word a review's h and c stay as they are, and its outputs are 0.")
def test_counting(student):
    """Weights that count words: each review's count stops at its own end"""
    lstm = student.LSTM(1, 1)
    # All gates open and the candidate tanh(0.5): the cell grows by 0.4621 with every word.
    weights = {"weight_ih": torch.zeros(4, 1), "weight_hh": torch.zeros(4, 1)}
    weights |= {"bias_ih": torch.tensor([50.0, 50.0, 0.5, 50.0]), "bias_hh": torch.zeros(4)}
    for name, weight in weights.items():
        own = lstm.state_dict().get(name)
        assert own is not None, f"the module should have a parameter called {name}."
        expect_tensor(own, name, tuple(weight.shape))
    lstm.load_state_dict(lstm.state_dict() | weights)
    lengths = torch.tensor([1, 3])
    inputs = given(x=torch.zeros(2, 3, 1), lengths=lengths)
    inputs += "\n  and weights by which the cell grows by 0.4621 with every word"
    outputs, state = expect_pair(lstm(torch.zeros(2, 3, 1), lengths), "outputs, (h, c)")
    h, c = expect_pair(state, "h, c")
    expect_tensor(outputs, "outputs", (2, 3, 1), inputs=inputs)
    expect_tensor(h, "h", (2, 1), inputs=inputs)
    expect_tensor(c, "c", (2, 1), inputs=inputs)
    expect_close(c, torch.tensor([[0.462117], [1.386351]]), "c", inputs=inputs)
    expect_close(h, torch.tensor([[0.431814], [0.882358]]), "h", inputs=inputs)
    expected = torch.tensor([[[0.431814], [0.0], [0.0]], [[0.431814], [0.727855], [0.882358]]])
    expect_close(outputs, expected, "outputs", inputs=inputs)


NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def make_pair(student, generator, width, hidden):
    """The student's LSTM and PyTorch's, in float64, with the same random weights."""
    library = torch.nn.LSTM(width, hidden, batch_first=True)
    own = student.LSTM(width, hidden)
    state = {}
    for name in NAMES:
        weight = getattr(library, f"{name}_l0").detach()
        state[name] = torch.randn(weight.shape, generator=generator) / hidden**0.5
    own.load_state_dict(own.state_dict() | state)
    library.load_state_dict({f"{name}_l0": weight for name, weight in state.items()})
    return own, library.double()


def draw_words(generator, lengths, columns, width):
    """Random words, padded places included: (batch, columns, width), and the lengths."""
    x = torch.randn(len(lengths), columns, width, generator=generator)
    return x, torch.tensor(lengths)


def library_run(library, x, lengths):
    """What PyTorch's LSTM gives on a packed batch (lengths of 1 and more): outputs, h, c."""
    packed = pack_padded_sequence(x.double(), lengths, batch_first=True, enforce_sorted=False)
    outputs, (h, c) = library(packed)
    outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
    return outputs, h[0], c[0]


def parts_of(got, batch, columns, hidden):
    """Outputs, h and c, with their shapes checked."""
    outputs, state = expect_pair(got, "outputs, (h, c)")
    h, c = expect_pair(state, "h, c")
    expect_tensor(outputs, "outputs", (batch, columns, hidden))
    expect_tensor(h, "h", (batch, hidden))
    expect_tensor(c, "c", (batch, hidden))
    return outputs, h, c


def expect_run(student, generator, lengths, columns, width=3, hidden=4):
    """Run both on the same words and compare all three results."""
    own, library = make_pair(student, generator, width, hidden)
    x, lengths = draw_words(generator, lengths, columns, width)
    got = parts_of(own(x, lengths), len(x), columns, hidden)
    for name, part, right in zip(
        ("outputs", "h", "c"), got, library_run(library, x, lengths), strict=True
    ):
        expect_close(part, right, name)


@pytest.mark.points(1)
@pytest.mark.hidden
@pytest.mark.hint("Start from zeros, and give each step the state of the one before.")
def test_without_padding(student, generator, flag):
    """Without padding all is as in torch.nn.LSTM with the same weights"""
    expect_run(student, generator, [6, 6, 6], 6)
    expect_run(student, generator, [1, 1], 1, width=2, hidden=5)
    expect_run(student, generator, [9], 9, width=5, hidden=2)
    expect_run(student, generator, [4] * 4, 4, width=4, hidden=4)
    x, lengths = draw_words(generator, [3, 3], 3, 2)
    used = student.probe(torch_functions, "lstm", student.LSTM(2, 4), x, lengths)
    if used:
        flag(f"LSTM calls {', '.join(used)} of PyTorch, where the equations are asked for")


@pytest.mark.points(1.25)
@pytest.mark.hidden
@pytest.mark.hint("Where a review has ended, its h and c have to stay as they are.")
def test_last_states(student, generator):
    """Under padding the last states are those after each review's last real word"""
    for lengths, columns in ([2, 7, 4, 1], 7), ([3, 5], 9), ([5, 5, 1], 5), ([2], 6):
        own, library = make_pair(student, generator, 3, 4)
        x, lengths = draw_words(generator, lengths, columns, 3)
        _, h, c = parts_of(own(x, lengths), len(x), columns, 4)
        _, right_h, right_c = library_run(library, x, lengths)
        expect_close(h, right_h, "h")
        expect_close(c, right_c, "c")


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint("Zeros belong where there is padding, and the hidden state everywhere else.")
def test_outputs(student, generator):
    """Under padding the outputs are the hidden states at real words, and zeros elsewhere"""
    for lengths, columns in ([2, 7, 4, 1], 7), ([3, 5], 9), ([5, 5, 1], 5):
        own, library = make_pair(student, generator, 3, 4)
        x, lengths = draw_words(generator, lengths, columns, 3)
        outputs, _, _ = parts_of(own(x, lengths), len(x), columns, 4)
        right, _, _ = library_run(library, x, lengths)
        expect_close(outputs, right, "outputs")
    expect_run(student, generator, [300, 3, 140], 300)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("A review without a word has read nothing: which state does it start with?")
def test_empty_review(student, generator):
    """A review of length 0 has states of zeros, and the others are as they would be without it"""
    own, library = make_pair(student, generator, 3, 4)
    x, lengths = draw_words(generator, [3, 0, 5], 6, 3)
    got = parts_of(own(x, lengths), 3, 6, 4)
    others = torch.tensor([0, 2])
    expected = library_run(library, x[others], lengths[others])
    for name, part, right in zip(("outputs", "h", "c"), got, expected, strict=True):
        assert not part[1].any(), f"{name} of a review of length 0 is not 0"
        expect_close(part[others], right, name)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("Draw the weights with nn.init.uniform_; zeros or equal rows could not learn.")
def test_initial_weights(student):
    """The weights start at random, between -1/sqrt(hidden_size) and 1/sqrt(hidden_size)"""
    for width, hidden in (24, 16), (16, 64):
        state, other = (student.LSTM(width, hidden).state_dict() for _ in range(2))
        bound = hidden**-0.5
        for name, columns in ("weight_ih", width), ("weight_hh", hidden):
            weight = expect_tensor(state[name], name, (4 * hidden, columns))
            assert weight.abs().max() <= bound * 1.001, f"{name} exceeds 1/sqrt({hidden})"
            # An even draw has the deviation bound / sqrt(3); 1,000 numbers and more tell it well.
            share = (weight.std() / bound).item()
            assert 0.5 < share < 0.65, f"{name} is not drawn evenly between the bounds"
            assert abs(weight.mean()) < 0.15 * bound, f"{name} does not lie around 0"
            assert len(weight.unique(dim=0)) == 4 * hidden, f"{name} has equal rows"
            assert not torch.equal(weight, other[name]), f"two modules start with one {name}"
        for name in "bias_ih", "bias_hh":
            expect_tensor(state[name], name, (4 * hidden,))


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: is a weight a plain tensor, or a state detached at each step?"
)
def test_gradients(student, generator):
    """Gradients reach all weights and every real word, and no padding"""
    own, library = make_pair(student, generator, 3, 4)
    x, lengths = draw_words(generator, [2, 6, 4], 7, 3)
    directions = torch.randn(3, 7, 4, generator=generator)
    leaf = x.double().requires_grad_()
    outputs, _, _ = library_run(library, leaf, lengths)
    (outputs * directions.double()).sum().backward()
    found = student.probe(parameter_gradients, own, directions, x, lengths)
    for name in NAMES:
        gradient = found.get(name)
        assert gradient is not None, f"no gradient reaches {name}"
        right = getattr(library, f"{name}_l0").grad
        expect_close(gradient, right, f"the gradient of {name}", atol=1e-4, rtol=1e-3)
    (gradient,) = student.probe(gradients, own, [x], directions, lengths)
    assert gradient is not None, "no gradient reaches x"
    expect_close(gradient, leaf.grad, "the gradient of x", atol=1e-4, rtol=1e-3)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint(
    "If this is all that fails: work on copies, and keep nothing from one call to the next."
)
def test_calls_leave_nothing_behind(student, generator):
    """Inputs and weights stay as they are, and a second call starts anew"""
    own, library = make_pair(student, generator, 3, 4)
    x, lengths = draw_words(generator, [2, 6, 4], 6, 3)
    before = own.state_dict()
    expected = library_run(library, x, lengths)
    for _ in range(2):
        got, arguments = student.probe(call_and_arguments, own, x, lengths)
        for name, part, right in zip(
            ("outputs", "h", "c"), parts_of(got, 3, 6, 4), expected, strict=True
        ):
            expect_close(part, right, name)
        expect_unchanged(x, arguments[0], "x")
        expect_unchanged(lengths, arguments[1], "lengths")
    for name in NAMES:
        expect_unchanged(before[name], own.state_dict()[name], name)
