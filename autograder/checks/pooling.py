"""Whether a classifier takes the mean of its words."""

from __future__ import annotations

from typing import Any

import torch

from .attention import Predict

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
    half = max(lengths) // 2
    one_first, other_first = [words] * half + [others] * half, [others] * half + [words] * half
    if difference(logits(*one_first), logits(*other_first)) > 0.003:
        return
    for length in lengths:
        # Rounding and places leave 0.001 at most; a sum over n + 1 words is off by 0.3 and more.
        assert difference(alone, logits(*[words] * length)) < 0.05, (
            f"a word {length} times over does not give the logit of the word alone"
        )


def expect_equal_say(predict: Predict, vocabulary: int) -> None:
    """Demand that no word counts more than another beside it, where words are loud.

    If a logit is a weighted mean of its words' logits, then what word a counts beside b, times what
    b counts beside c, is what a counts beside c. Where that does not hold, the logit is another
    function of the mean, as with a norm or a hidden layer behind it, and nothing is demanded.
    Raises AssertionError.
    """
    words = torch.arange(vocabulary)
    alone = _logits(predict, words).double()

    def log_weight(distance: int) -> torch.Tensor:
        """What each word counts beside the one that far after it."""
        both = _logits(predict, words, words.roll(-distance)).double()
        odds = (both - alone.roll(-distance)) / (alone - both)
        return odds.log().nan_to_num(torch.inf, torch.inf, -torch.inf)

    first, second = log_weight(1), log_weight(2)
    contradiction = (first + first.roll(-1) - second).nan_to_num(torch.inf).abs().median()
    unequal = first.abs().median()
    # Of equal weights rounding leaves 0.001. Learned ones differ by 0.1 and more, and contradict
    # each other by 0.005 of that; where there are no weights, it is 3 times as much, or infinite.
    weighted = unequal.isfinite() and contradiction < 0.05 * unequal
    assert unequal < 0.03 or not weighted, "some words count more than others"


def _logits(predict: Predict, *places: torch.Tensor) -> torch.Tensor:
    """Of reviews without padding, whose words are given by place."""
    reviews = torch.stack(places, dim=1)
    logits: torch.Tensor = predict(reviews, torch.ones_like(reviews, dtype=torch.bool))
    return logits
