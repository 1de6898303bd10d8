"""Whether a classifier takes the mean of its words."""

from __future__ import annotations

from typing import Any

import torch

from .attention import Predict
from .tensors import expect_finite

LOUD = 1e4
"""So far above 1 that what is added to a word, such as its place, no longer counts."""


def make_words_loud(model: Any, vocabulary: int, factor: float) -> None:
    """A probe: multiply each parameter that has a row or a column a word.

    Some keep a few rows more than there are words.
    """
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if any(vocabulary <= size < vocabulary + 8 for size in parameter.shape):
                parameter.mul_(factor)


def expect_mean_of_equal_words(predict: Predict, vocabulary: int, lengths: list[int]) -> None:
    """Demand that a review of one word again and again says what the word says alone.

    The mean of equal vectors is that vector. The vectors are equal where words are loud (see
    `make_words_loud`), and then words may swap places. Where they may not, as with embeddings
    that are normalised or convolved, nothing is demanded. Compared are medians over the vocabulary:
    where the head of a model saturates, a word may stand right on the edge. Raises AssertionError.
    """

    def logits(*places: torch.Tensor) -> torch.Tensor:
        return _logits(predict, *places)

    def difference(one: torch.Tensor, other: torch.Tensor) -> float:
        """In units of the spread over the vocabulary."""
        return float((one - other).abs().median() / one.std())

    words = torch.arange(vocabulary)
    alone, others = logits(words), words.roll(1)
    expect_finite(alone, "logits")
    half = max(lengths) // 2
    one_first, other_first = [words] * half + [others] * half, [others] * half + [words] * half
    if difference(logits(*one_first), logits(*other_first)) > 0.003:
        return
    for length in lengths:
        # Rounding and places leave 0.001 at most; a sum over n + 1 words is off by 0.3 and more.
        assert difference(alone, logits(*[words] * length)) < 0.05, (
            f"a word {length} times over does not give the logit of the word alone"
        )


def make_words_balance(model: Any, vocabulary: int, seed: int, size: float) -> None:
    """A probe: give words vectors in fours, so that the first two add up to what the others do.

    They are ``size`` times as long as a random vector, have mean 0, and those of one four have one
    length: a layer norm leaves the balance as it is. What has a row or a column a word is where
    they are written to (see `make_words_loud`).
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            by_word = [vocabulary <= length < vocabulary + 8 for length in parameter.shape]
            if parameter.dim() != 2 or sum(by_word) != 1:
                continue
            rows = parameter.movedim(by_word.index(True), 0)
            shape = 3, vocabulary // 4, rows.shape[1]
            drawn = torch.randn(shape, generator=generator).to(parameter)
            middle, one, other = drawn - drawn.mean(-1, keepdim=True)
            axis = torch.nn.functional.normalize(middle, dim=1)
            one, other = (it - (it * axis).sum(1, keepdim=True) * axis for it in (one, other))
            other *= one.norm(dim=1, keepdim=True) / other.norm(dim=1, keepdim=True)
            fours = torch.stack([middle + one, middle - one, middle + other, middle - other], 1)
            rows[: vocabulary // 4 * 4] = size * fours.flatten(0, 1)


def expect_equal_means(predict: Predict, vocabulary: int, generator: torch.Generator) -> None:
    """Demand equal logits of reviews whose words have the same mean.

    The words balance in fours, and are loud (see `make_words_balance`). Where their own logits do
    not balance, more happens to a word before it is pooled, and nothing is demanded: after a norm
    behind each layer, say, they are off by 0.4 of their spread. Raises AssertionError.
    """
    words = torch.arange(vocabulary // 4 * 4)
    alone = _logits(predict, words).double()
    first, second, third, fourth = alone.reshape(-1, 4).T
    spread = alone.std()
    # Rounding and places leave 0.0003, and one third of that between reviews.
    if not (first + second - third - fourth).abs().max() < 0.001 * spread:
        return
    a, b, c, d = words.reshape(-1, 4).T
    other = words[torch.randperm(len(words), generator=generator)[: len(a)]]
    pair = _logits(predict, a, b, other)
    for equal in _logits(predict, c, d, other), _logits(predict, a, b, c, d, other, other):
        # Maximum, median, sum, log-mean-exp and weights by content leave 0.02 and more.
        difference = (equal.double() - pair.double()).abs().median()
        assert difference < 0.01 * spread, "two reviews with one mean get different logits"


def _logits(predict: Predict, *places: torch.Tensor) -> torch.Tensor:
    """Of reviews without padding, whose words are given by place."""
    reviews = torch.stack(places, dim=1)
    logits: torch.Tensor = predict(reviews, torch.ones_like(reviews, dtype=torch.bool))
    return logits
