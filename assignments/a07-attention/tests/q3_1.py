"""Public checks of q3_1, A batch and its mask."""

from otter.test_files import test_case
import torch

from course_checks.public import run
from course_checks.tensors import expect_close, expect_pair, expect_tensor, given

OK_FORMAT = False

name = "q3_1"
points = None


def test_example(student):
    """Two short reviews become one batch, with padding at the end"""
    sequences = [[1, 14, 22], [1, 9]]
    inputs = given(sequences=sequences, max_len=5)
    tokens, mask = expect_pair(student.pad_batch(sequences, 5), "tokens, mask")
    expect_tensor(tokens, "tokens", (2, 3), torch.long, inputs)
    expect_tensor(mask, "mask", (2, 3), torch.bool, inputs)
    expect_close(tokens, torch.tensor([[1, 14, 22], [1, 9, 0]]), "tokens", inputs=inputs)
    expected = torch.tensor([[True, True, True], [True, True, False]])
    expect_close(mask, expected, "mask", inputs=inputs)


@test_case(name='Two short reviews become one batch, with padding at the end', points=0.5, failure_message='The batch is as long as its longest review; what is left is padding, and False.')
def example_(env):
    run(test_example, env)


def test_long_review_example(student):
    """A review longer than max_len keeps its first tokens"""
    sequences = [[1, 5, 6, 7, 8], [1, 4]]
    inputs = given(sequences=sequences, max_len=3, pad_id=9)
    tokens, mask = expect_pair(student.pad_batch(sequences, 3, pad_id=9), "tokens, mask")
    expect_tensor(tokens, "tokens", (2, 3), torch.long, inputs)
    expect_tensor(mask, "mask", (2, 3), torch.bool, inputs)
    expect_close(tokens, torch.tensor([[1, 5, 6], [1, 4, 9]]), "tokens", inputs=inputs)
    expected = torch.tensor([[True, True, True], [True, True, False]])
    expect_close(mask, expected, "mask", inputs=inputs)


@test_case(name='A review longer than max_len keeps its first tokens', points=0.5, failure_message='Cut each review before you pad, and pad with pad_id.')
def long_review_example_(env):
    run(test_long_review_example, env)
