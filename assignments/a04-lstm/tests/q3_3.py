"""Public checks of q3_3, One step of an LSTM."""

from otter.test_files import test_case
import torch

from course_checks.public import run
from course_checks.tensors import expect_close, expect_pair, expect_tensor, given

OK_FORMAT = False

name = "q3_3"
points = None


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


@test_case(name='With all weights 0, every gate is half open and nothing new is written', points=0.25, failure_message='sigmoid(0) is one half and tanh(0) is 0: follow the equations with these numbers by hand.')
def half_open_gates_(env):
    run(test_half_open_gates, env)


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


@test_case(name='Biases that open and close gates: the blocks stand in the order i, f, g, o', points=0.25, failure_message='The first block of rows belongs to i, the second to f, the third to g, the last to o.')
def order_of_gates_(env):
    run(test_order_of_gates, env)
