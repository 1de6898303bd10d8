"""Checks of 3.1, A batch and its mask."""

import pytest
import torch

from autograder.checks.probes import call_and_arguments
from autograder.checks.tensors import (
    expect_close,
    expect_pair,
    expect_tensor,
    expect_unchanged,
    given,
)

pytestmark = pytest.mark.question("q3_1")


@pytest.mark.points(0.5)
@pytest.mark.hint("The batch is as long as its longest review; what is left is padding, and False.")
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


@pytest.mark.points(0.5)
@pytest.mark.hint("Cut each review before you pad, and pad with pad_id.")
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


def draw_reviews(rng, lengths, low=1):
    """Random reviews of these lengths, with ids from ``low``."""
    return [rng.integers(low, 10_000, size=length).tolist() for length in lengths]


def expected_batch(sequences, max_len, pad_id=0):
    """The batch and the mask that pad_batch should make."""
    length = min(max_len, max(len(sequence) for sequence in sequences))
    kept = [sequence[:length] for sequence in sequences]
    tokens = torch.tensor([row + [pad_id] * (length - len(row)) for row in kept])
    mask = torch.tensor([[place < len(row) for place in range(length)] for row in kept])
    return tokens, mask


def expect_batch(got, sequences, max_len, pad_id=0):
    """Demand that ``got`` is the right batch, entry by entry."""
    tokens, mask = expect_pair(got, "tokens, mask")
    right_tokens, right_mask = expected_batch(sequences, max_len, pad_id)
    expect_tensor(tokens, "tokens", tuple(right_tokens.shape), torch.long)
    expect_tensor(mask, "mask", tuple(right_mask.shape), torch.bool)
    assert torch.equal(tokens, right_tokens), "the tokens are wrong"
    assert torch.equal(mask, right_mask), "the mask is wrong"


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("The batch is as long as its longest review, and no longer than max_len.")
def test_random_batches(student, rng):
    """Batches of random reviews: ids, padding, mask and length"""
    for lengths, max_len in ([4, 1, 7, 7], 20), ([3], 20), ([1, 1], 1), ([2, 6, 9], 9):
        sequences = draw_reviews(rng, lengths)
        expect_batch(student.pad_batch(sequences, max_len), sequences, max_len)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Of a review that is too long, which tokens stay, and how long is the batch?")
def test_cut(student, rng):
    """Long reviews are cut to their first max_len tokens"""
    for lengths, max_len in ([9, 2, 4, 5], 4), ([30, 12], 7), ([6], 1), ([620, 3], 600):
        sequences = draw_reviews(rng, lengths)
        expect_batch(student.pad_batch(sequences, max_len), sequences, max_len)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("Does your mask look at the ids? A real token may have the id of the padding.")
def test_mask_follows_lengths(student, rng):
    """Any id may occur inside a review, even that of the padding"""
    for pad_id in (0, 5):
        sequences = draw_reviews(rng, [3, 8, 5])
        sequences[0][1] = sequences[1][7] = sequences[2][0] = pad_id
        sequences[1][3] = sequences[0][2] = 0
        got = student.pad_batch(sequences, 10, pad_id=pad_id)
        expect_batch(got, sequences, 10, pad_id)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("What does your function make of a review without any token?")
def test_empty_review(student, rng):
    """An empty review gives a row of False"""
    for lengths, pad_id in ([3, 0, 5], 0), ([0, 2], 0), ([2, 0], 7):
        sequences = draw_reviews(rng, lengths)
        expect_batch(student.pad_batch(sequences, 4, pad_id=pad_id), sequences, 4, pad_id)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("Lists that are passed in belong to the caller: work on copies.")
def test_inputs_stay(student, rng):
    """The lists that are passed in stay as they are"""
    sequences = draw_reviews(rng, [2, 7, 4])
    got, arguments = student.probe(call_and_arguments, student.pad_batch, sequences, 5)
    expect_batch(got, sequences, 5)
    expect_unchanged(sequences, arguments[0], "sequences")
