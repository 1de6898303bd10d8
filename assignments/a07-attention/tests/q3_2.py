"""Public checks of q3_2, Scaled dot-product attention."""

from otter.test_files import test_case
import torch

from course_checks.attention import expect_distribution
from course_checks.public import run
from course_checks.tensors import expect_close, expect_pair, expect_tensor, given

OK_FORMAT = False

name = "q3_2"
points = None


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


@test_case(name='One query, two keys: weights and output of a small example', points=0.25, failure_message='Follow the formula by hand with these numbers: scores, root of d_k, softmax over the keys.')
def small_example_(env):
    run(test_small_example, env)


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


@test_case(name='A masked key gets no weight, and the others share it', points=0.25, failure_message='Where the mask is False, the score has to be out of the softmax before it is taken.')
def mask_example_(env):
    run(test_mask_example, env)
