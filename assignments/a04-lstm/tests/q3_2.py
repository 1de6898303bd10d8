"""Public checks of q3_2, Batches by length."""

from otter.test_files import test_case
import torch

from course_checks.public import run
from course_checks.tensors import expect_close, expect_pair, expect_tensor, given

OK_FORMAT = False

name = "q3_2"
points = None


def plain(batches):
    """The batches as lists of ints: tuples of ints are as good."""
    assert isinstance(batches, list | tuple), "batches_by_length should return a list of lists"
    return [[int(index) for index in batch] for batch in batches]


def test_small_batch(student):
    """Two short reviews become one batch, with padding at the end"""
    sequences = [[1, 14, 22], [1, 9]]
    inputs = given(sequences=sequences)
    tokens, lengths = expect_pair(student.pad_batch(sequences), "tokens, lengths")
    expect_tensor(tokens, "tokens", (2, 3), torch.long, inputs)
    expect_tensor(lengths, "lengths", (2,), torch.long, inputs)
    expect_close(tokens, torch.tensor([[1, 14, 22], [1, 9, 0]]), "tokens", inputs=inputs)
    expect_close(lengths, torch.tensor([3, 2]), "lengths", inputs=inputs)


@test_case(name='Two short reviews become one batch, with padding at the end', points=0.25, failure_message='Fill a tensor with pad_id, then write each review into the start of its row.')
def small_batch_(env):
    run(test_small_batch, env)


def test_small_order(student):
    """Five reviews in batches of two, the shortest first"""
    inputs = given(lengths=[7, 3, 9, 3, 5], batch_size=2)
    batches = plain(student.batches_by_length([7, 3, 9, 3, 5], 2))
    assert batches == [[1, 3], [4, 0], [2]], (
        f"the batches are wrong.\nCalled with\n{inputs}\n"
        f"  expected: [[1, 3], [4, 0], [2]]\n  got:      {batches}"
    )


@test_case(name='Five reviews in batches of two, the shortest first', points=0.25, failure_message='Sort the indices by the lengths that they stand for, then cut the list into pieces.')
def small_order_(env):
    run(test_small_order, env)
