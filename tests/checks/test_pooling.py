from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from autograder.checks.attention import Predict
from autograder.checks.pooling import (
    LOUD,
    expect_equal_say,
    expect_mean_of_equal_words,
    make_words_loud,
)
from autograder.judge.student import in_process

WORDS = 20


class Bag(nn.Module):
    """Words and places, pooled and read."""

    def __init__(self, pool: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.pool = pool
        self.words, self.places = nn.Embedding(WORDS + 1, 4), nn.Embedding(50, 4)
        self.norm, self.head = nn.LayerNorm(4), nn.Linear(4, 1)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        x = self.norm(self.words(tokens) + self.places(torch.arange(tokens.shape[1])))
        return self.head(self.pool(x)).squeeze(-1).detach()


def loud(pool: Callable[[Tensor], Tensor]) -> Predict:
    torch.manual_seed(0)
    student = in_process({"model": Bag(pool)})
    student.probe(make_words_loud, student.model, WORDS, LOUD)
    return student.model


def test_takes_a_mean_whatever_places_add() -> None:
    expect_mean_of_equal_words(loud(lambda x: x.mean(1)), WORDS, [2, 5, 40])


def test_takes_a_mean_that_is_normalised_again() -> None:
    expect_equal_say(loud(lambda x: nn.functional.layer_norm(x.mean(1), (4,))), WORDS)


def test_every_word_has_its_say_in_a_mean() -> None:
    expect_equal_say(loud(lambda x: x.mean(1)), WORDS)


def test_names_a_mean_with_weights_by_content() -> None:
    with pytest.raises(AssertionError, match="some words count more than others"):
        expect_equal_say(loud(lambda x: (x * x[..., :1].softmax(1)).sum(1)), WORDS)


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: x.sum(1),
        lambda x: x.sum(1) / x.shape[1] ** 0.5,
        lambda x: x.sum(1) / (x.shape[1] + 1),
        lambda x: x.sum(1) / 40,
    ],
    ids=["sum", "root of the length", "one more", "longest length"],
)
def test_names_what_is_no_mean(pool: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(AssertionError, match="a word 2 times over does not give the logit"):
        expect_mean_of_equal_words(loud(pool), WORDS, [2, 5, 40])


def test_says_nothing_of_words_that_stay_quiet() -> None:
    torch.manual_seed(0)
    model = Bag(lambda x: x.sum(1))
    model.words = nn.Embedding(WORDS, 4, max_norm=1.0)
    student = in_process({"model": model})
    student.probe(make_words_loud, student.model, WORDS, LOUD)
    expect_mean_of_equal_words(student.model, WORDS, [2, 5, 40])
