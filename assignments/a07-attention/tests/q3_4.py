"""Public checks of q3_4, Where a word stands."""

from otter.test_files import test_case
import torch

from course_checks.public import run
from course_checks.tensors import expect_close, expect_tensor, given

OK_FORMAT = False

name = "q3_4"
points = None


def test_first_position(student):
    """Position 0 is 0, 1, 0, 1 and so on"""
    encoding = student.positional_encoding(1, 6)
    inputs = given(length=1, d_model=6)
    expect_tensor(encoding, "the encoding", (1, 6), inputs=inputs)
    expected = torch.tensor([[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]])
    expect_close(encoding, expected, "the encoding", inputs=inputs)


@test_case(name='Position 0 is 0, 1, 0, 1 and so on', points=0.25, failure_message='At position 0 every angle is 0, whatever the exponent: sin(0) = 0 and cos(0) = 1.')
def first_position_(env):
    run(test_first_position, env)


def test_small_example(student):
    """Three positions with four columns"""
    encoding = student.positional_encoding(3, 4)
    inputs = given(length=3, d_model=4)
    expect_tensor(encoding, "the encoding", (3, 4), inputs=inputs)
    expected = torch.tensor(
        [
            [0.0, 1.0, 0.0, 1.0],
            [0.841471, 0.540302, 0.010000, 0.999950],
            [0.909297, -0.416147, 0.019999, 0.999800],
        ]
    )
    expect_close(encoding, expected, "the encoding", atol=1e-4, inputs=inputs)


@test_case(name='Three positions with four columns', points=0.25, failure_message='Work out the angle of row 1 for each column by hand: which columns share one?')
def small_example_(env):
    run(test_small_example, env)
