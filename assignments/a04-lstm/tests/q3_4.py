"""Public checks of q3_4, An LSTM over a padded batch."""

from otter.test_files import test_case
import torch

from course_checks.public import run
from course_checks.tensors import expect_close, expect_pair, expect_tensor, given

OK_FORMAT = False

name = "q3_4"
points = None


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


@test_case(name="Weights that count words: each review's count stops at its own end", points=0.5, failure_message="After its last word a review's h and c stay as they are, and its outputs are 0.")
def counting_(env):
    run(test_counting, env)
