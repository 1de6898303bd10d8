"""Public checks of q3_3, Several heads."""

from otter.test_files import test_case
import torch

from course_checks.attention import expect_distribution
from course_checks.public import run
from course_checks.tensors import expect_close, expect_pair, expect_tensor, given

OK_FORMAT = False

name = "q3_3"
points = None


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


@test_case(name='With equal scores everywhere, every token gets the mean of the real tokens', points=0.25, failure_message='With equal scores only the values, the heads and their order are left: follow row 0 by hand.')
def uniform_example_(env):
    run(test_uniform_example, env)


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


@test_case(name='Shapes, and weights that sum to 1 over the real tokens', points=0.25, failure_message='Print the shape after every step, and compare it with the one that you mean.')
def shapes_(env):
    run(test_shapes, env)
