"""Checks of 3.2, Batches by length."""

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

pytestmark = pytest.mark.question("q3_2")


@pytest.mark.points(0.25)
@pytest.mark.hint("Fill a tensor with pad_id, then write each review into the start of its row.")
def test_small_batch(student):
    """Two short reviews become one batch, with padding at the end"""
    sequences = [[1, 14, 22], [1, 9]]
    inputs = given(sequences=sequences)
    tokens, lengths = expect_pair(student.pad_batch(sequences), "tokens, lengths")
    expect_tensor(tokens, "tokens", (2, 3), torch.long, inputs)
    expect_tensor(lengths, "lengths", (2,), torch.long, inputs)
    expect_close(tokens, torch.tensor([[1, 14, 22], [1, 9, 0]]), "tokens", inputs=inputs)
    expect_close(lengths, torch.tensor([3, 2]), "lengths", inputs=inputs)


@pytest.mark.points(0.25)
@pytest.mark.hint(
    "Sort the indices by the lengths that they stand for, then cut the list into pieces."
)
def test_small_order(student):
    """Five reviews in batches of two, the shortest first"""
    inputs = given(lengths=[7, 3, 9, 3, 5], batch_size=2)
    batches = plain(student.batches_by_length([7, 3, 9, 3, 5], 2))
    assert batches == [[1, 3], [4, 0], [2]], (
        f"the batches are wrong.\nCalled with\n{inputs}\n"
        f"  expected: [[1, 3], [4, 0], [2]]\n  got:      {batches}"
    )


def draw_reviews(rng, lengths, low=1):
    """Random reviews of these lengths, with ids from ``low``."""
    return [rng.integers(low, 10_000, size=length).tolist() for length in lengths]


def expect_batch(got, sequences, pad_id=0):
    """Demand that ``got`` is the right batch, entry by entry."""
    tokens, lengths = expect_pair(got, "tokens, lengths")
    columns = max(1, *(len(sequence) for sequence in sequences))
    rows = [row + [pad_id] * (columns - len(row)) for row in sequences]
    expect_tensor(tokens, "tokens", (len(sequences), columns), torch.long)
    expect_tensor(lengths, "lengths", (len(sequences),), torch.long)
    expect_close(tokens, torch.tensor(rows), "tokens", atol=0.0, rtol=0.0)
    counts = torch.tensor([len(row) for row in sequences])
    expect_close(lengths, counts, "lengths", atol=0.0, rtol=0.0)


@pytest.mark.points(0.5)
@pytest.mark.hidden
@pytest.mark.hint("The batch is as wide as its longest review; lengths do not depend on the ids.")
def test_padding(student, rng):
    """Batches of random reviews: ids, padding and lengths"""
    for lengths in [4, 1, 7, 7], [3], [1, 1], [2, 6, 140]:
        sequences = draw_reviews(rng, lengths)
        expect_batch(student.pad_batch(sequences), sequences)
    for pad_id in (0, 5):
        sequences = draw_reviews(rng, [3, 8, 5])
        # A real token may have the id of the padding, even at the end.
        sequences[0][2] = sequences[1][3] = sequences[2][0] = pad_id
        sequences[1][7] = 0
        expect_batch(student.pad_batch(sequences, pad_id=pad_id), sequences, pad_id)


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("What does pad_batch make of a review without any token?")
def test_empty_review(student, rng):
    """An empty review gives a row of padding and the length 0"""
    for lengths in [3, 0, 5], [0, 2], [0], [0, 0]:
        sequences = draw_reviews(rng, lengths)
        expect_batch(student.pad_batch(sequences), sequences)
        expect_batch(student.pad_batch(sequences, 7), sequences, 7)


def draw_lengths(rng, count, longest=9):
    """Random lengths, many of them equal, as plain numbers."""
    return rng.integers(0, longest, size=count).tolist()


def expected_batches(lengths, size):
    """The batches in their first order."""
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], index))
    return [order[start : start + size] for start in range(0, len(order), size)]


def plain(batches):
    """The batches as lists of ints: tuples of ints are as good."""
    assert isinstance(batches, list | tuple), "batches_by_length should return a list of lists"
    return [[int(index) for index in batch] for batch in batches]


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint("Sort the indices by length; a sort that is stable keeps equal lengths in order.")
def test_order(student, rng):
    """Batches hold neighbours in length, the shortest first, and every review once"""
    for count, size in (23, 4), (12, 4), (7, 1), (5, 8), (1, 3), (0, 4), (60, 7):
        lengths = draw_lengths(rng, count)
        got = plain(student.batches_by_length(lengths, size))
        expected = expected_batches(lengths, size)
        assert got == expected, f"batches of {size} should be {expected}, but are {got}"


@pytest.mark.points(0.75)
@pytest.mark.hidden
@pytest.mark.hint(
    "Shuffle the list of batches, not the reviews, by a generator made from the seed."
)
def test_seed(student, rng):
    """A seed shuffles the batches, and nothing else decides the order"""
    lengths = draw_lengths(rng, 65)
    expected = expected_batches(lengths, 4)
    seeds = rng.integers(0, 2**31, size=6).tolist()
    orders = [plain(student.batches_by_length(lengths, 4, seed=seed)) for seed in seeds]
    for seed, order in zip(seeds, orders, strict=True):
        assert sorted(order) == sorted(expected), "other batches than without a seed"
        again = plain(student.batches_by_length(lengths, 4, seed=seed))
        assert again == order, "the same seed gives another order"
    # 17 batches: that one of six draws keeps or repeats an order is no accident.
    distinct = {str(order) for order in [expected, *orders]}
    assert len(distinct) == 1 + len(seeds), "another seed gives the same order"
    assert plain(student.batches_by_length(lengths, 4)) == expected, "no seed, no shuffling"
    # One of 17 draws leaves a batch where it was; six in a row do so once in 24 million.
    for place in 0, -1:
        moved = any(order[place] != expected[place] for order in orders)
        assert moved, f"whatever the seed, batch {place} stays where it is"
    steps = {(it.index(expected[1]) - it.index(expected[0])) % len(it) for it in orders}
    assert steps != {1}, "whatever the seed, one batch follows the same other one"
    assert plain(student.batches_by_length([], 4, seed=seeds[0])) == [], "no reviews, no batches"
    for seed in 0, 1, 2:
        # 0 is a seed like any other. One in 17! orders is the first one.
        assert plain(student.batches_by_length(lengths, 4, seed=seed)) != expected, (
            f"with seed={seed} the batches come in the order that they have without a seed"
        )


@pytest.mark.points(0.25)
@pytest.mark.hidden
@pytest.mark.hint("Lists that are passed in belong to the caller: list.sort changes them.")
def test_inputs_stay(student, rng):
    """The lists that are passed in stay as they are"""
    sequences = draw_reviews(rng, [2, 7, 4])
    got, arguments = student.probe(call_and_arguments, student.pad_batch, sequences)
    expect_batch(got, sequences)
    expect_unchanged(sequences, arguments[0], "sequences")
    lengths = draw_lengths(rng, 12)
    got, arguments = student.probe(call_and_arguments, student.batches_by_length, lengths, 5)
    assert plain(got) == expected_batches(lengths, 5), "the batches are wrong"
    expect_unchanged(lengths, arguments[0], "lengths")
