"""Whether a classifier takes the mean of its words."""

from __future__ import annotations

from typing import Any

import torch

from .attention import Predict

LOUD = 1e4
"""So far above 1 that what is added to a word, such as its place, no longer counts."""


def make_words_loud(model: Any, vocabulary: int, factor: float) -> bool:
    """A probe: multiply each parameter with a row or column a word; whether there was one.

    Some keep a few rows more than there are words.
    """
    import torch

    found = False
    with torch.no_grad():
        for parameter in model.parameters():
            if any(vocabulary <= size < vocabulary + 8 for size in parameter.shape):
                parameter.mul_(factor)
                found = True
    return found


def expect_mean_of_equal_words(predict: Predict, vocabulary: int, lengths: list[int]) -> None:
    """Demand that a review of one word again and again says what the word says alone.

    The mean of equal vectors is that vector. The vectors are equal where the words are loud (see
    `make_words_loud`). Compared are medians over the vocabulary: where the head of a model
    saturates, a word may stand right on the edge. Raises AssertionError.
    """
    words = torch.arange(vocabulary)[:, None]
    alone = predict(words, torch.ones_like(words, dtype=torch.bool))
    for length in lengths:
        review = words.expand(-1, length)
        logits = predict(review, torch.ones_like(review, dtype=torch.bool))
        # Rounding and places leave 0.01 of the spread; a sum over n + 1 is off by 0.3 and more.
        off = (logits - alone).abs().median() / alone.std()
        assert off < 0.05, f"a word {length} times over does not give the logit of the word alone"
