from __future__ import annotations

import pytest
import torch

from autograder.checks.attention import (
    effects_by_position,
    expect_batch_independence,
    expect_distribution,
    expect_order_matters,
    expect_padding_invariance,
    expect_varied,
)
from autograder.checks.inputs import random_reviews

VALUES = torch.linspace(-1, 1, 20).double()
PLACES = torch.linspace(1, 2, 40).double()


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def bag(tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The mean of fixed values of the words: right, but for the order."""
    return (VALUES[tokens] * mask).sum(1) / mask.sum(1)


def ordered(tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (VALUES[tokens] * PLACES[: tokens.shape[1]] * mask).sum(1) / mask.sum(1)


def test_random_reviews_have_their_lengths(generator: torch.Generator) -> None:
    tokens, mask = random_reviews(generator, [3, 0, 5], 20, 7)
    assert tokens.shape == mask.shape == (3, 7)
    assert mask.sum(1).tolist() == [3, 0, 5]
    assert mask[0].tolist() == [True] * 3 + [False] * 4
    assert 0 <= tokens.min() <= tokens.max() < 20


def test_takes_a_distribution_over_the_allowed_keys() -> None:
    allowed = torch.tensor([[True, False], [True, True]])
    expect_distribution(torch.tensor([[1.0, 0.0], [0.3, 0.7]]), allowed)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([[0.9, 0.1], [0.3, 0.7]], r"weights\[0, 1\] should be 0"),
        ([[1.0, 0.0], [0.3, 0.6]], r"row weights\[1\] should sum to 1 .* sums to 0.9"),
        ([[1.0, 0.0], [-0.3, 1.3]], "should not be negative"),
        (
            [[1.0, 0.0], [float("nan"), 1.0]],
            r"weights\[1, 0\] should be a finite number, but is nan",
        ),
    ],
)
def test_names_the_row_that_is_no_distribution(weights: list[list[float]], message: str) -> None:
    allowed = torch.tensor([[True, False], [True, True]])
    with pytest.raises(AssertionError, match=message):
        expect_distribution(torch.tensor(weights), allowed)


def test_rows_that_do_not_count_may_hold_anything() -> None:
    weights = torch.tensor([[1.0, 0.0], [float("nan"), 5.0]])
    allowed = torch.tensor([[True, False], [True, False]])
    expect_distribution(weights, allowed, rows=torch.tensor([True, False]))


def test_right_model_keeps_every_rule(generator: torch.Generator) -> None:
    tokens, mask = random_reviews(generator, [4, 7, 1], 20, 9)
    expect_varied(ordered(tokens, mask))
    expect_padding_invariance(ordered, tokens, mask, generator, 20)
    expect_batch_independence(ordered, tokens, mask)
    expect_order_matters(ordered, random_reviews(generator, [8, 8], 20)[0], generator)


def test_finds_a_model_that_reads_padding(generator: torch.Generator) -> None:
    tokens, mask = random_reviews(generator, [4, 7, 1], 20, 9)
    with pytest.raises(AssertionError, match="other ids under the padding"):
        expect_padding_invariance(
            lambda tokens, mask: VALUES[tokens].mean(1), tokens, mask, generator, 20
        )


def test_finds_a_mean_that_counts_padding(generator: torch.Generator) -> None:
    tokens, mask = random_reviews(generator, [4, 7, 1], 20, 9)
    with pytest.raises(AssertionError, match="with more padding"):
        expect_padding_invariance(
            lambda tokens, mask: (VALUES[tokens] * mask).mean(1), tokens, mask, generator, 20
        )


def test_finds_a_maximum_that_takes_the_zeros_of_padding(generator: torch.Generator) -> None:
    tokens, mask = random_reviews(generator, [2, 3, 1], 20, 5)

    def largest(tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return torch.where(mask, VALUES[tokens] - VALUES.max() - 1, 0.0).amax(dim=1)

    with pytest.raises(AssertionError, match="the logit without padding"):
        expect_padding_invariance(largest, tokens, mask, generator, 20)


def test_finds_a_model_that_mixes_its_batch(generator: torch.Generator) -> None:
    tokens, mask = random_reviews(generator, [4, 4], 20)

    def by_batch(tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return bag(tokens, mask) * PLACES[: len(tokens)]

    with pytest.raises(AssertionError, match="batch of one"):
        expect_batch_independence(by_batch, tokens, mask)
    with pytest.raises(AssertionError, match="batch of one"):
        expect_batch_independence(lambda t, m: bag(t, m) - bag(t, m).mean(), tokens, mask)


def test_finds_a_model_that_counts_places_in_the_batch(generator: torch.Generator) -> None:
    tokens, mask = random_reviews(generator, [4, 4], 20)
    alone = [bag(tokens[:1], mask[:1]), bag(tokens[1:], mask[1:])]

    def by_turn(tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return torch.cat(alone) if len(tokens) == 2 else bag(tokens, mask)

    with pytest.raises(AssertionError, match="another place in the batch"):
        expect_batch_independence(by_turn, tokens, mask)


def test_finds_a_bag_of_words(generator: torch.Generator) -> None:
    tokens, _ = random_reviews(generator, [8, 8], 20)
    with pytest.raises(AssertionError, match="same words in another order"):
        expect_order_matters(bag, tokens, generator)


def test_finds_a_constant() -> None:
    with pytest.raises(AssertionError, match=r"all get the logit 0\.5"):
        expect_varied(torch.full((3,), 0.5))


def test_effect_is_largest_where_a_model_looks(generator: torch.Generator) -> None:
    tokens, _ = random_reviews(generator, [6] * 30, 20)
    first = effects_by_position(
        lambda tokens, mask: VALUES[tokens[:, 0]], tokens, list(range(6)), generator, 20
    )
    assert first.shape == (6, 30)
    assert first[0].mean() > 0.1
    assert first[1:].max() == 0
    mean = effects_by_position(bag, tokens, [0, 2, 5], generator, 20).mean(dim=1)
    assert mean.max() < 2 * mean.min()
