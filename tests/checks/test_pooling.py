from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from autograder.checks.attention import Predict
from autograder.checks.pooling import (
    LOUD,
    expect_equal_means,
    expect_mean_of_equal_words,
    make_words_balance,
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


def balanced(pool: Callable[[Tensor], Tensor], layer: nn.Module | None = None) -> Predict:
    torch.manual_seed(0)
    model = Bag(pool)
    if layer is not None:
        model.norm = nn.Sequential(model.norm, layer)
    student = in_process({"model": model})
    student.probe(make_words_balance, student.model, WORDS, 0, LOUD)
    return student.model


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: x.mean(1),
        lambda x: x.mean(1).tanh(),
        lambda x: nn.functional.layer_norm(x.mean(1), (4,)),
        lambda x: (x.mean(1) @ torch.ones(4, 4)).relu() + x.mean(1),
    ],
    ids=["mean", "then tanh", "then a norm", "then a layer"],
)
def test_equal_means_are_equal_whatever_follows(pool: Callable[[Tensor], Tensor]) -> None:
    expect_equal_means(balanced(pool), WORDS, torch.Generator().manual_seed(0))


def test_demands_nothing_where_words_are_changed_before_they_are_pooled() -> None:
    torch.manual_seed(1)
    layer = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    expect_equal_means(balanced(lambda x: x.mean(1), layer), WORDS, torch.Generator())


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: x.amax(1),
        lambda x: (x.mean(1) + x.amax(1)) / 2,
        lambda x: x.median(1).values,
        lambda x: x.logsumexp(1),
        lambda x: x.sum(1),
        lambda x: (x * x[..., :1].softmax(1)).sum(1),
        lambda x: nn.functional.layer_norm((x * x[..., :1].softmax(1)).sum(1), (4,)),
    ],
    ids=[
        *("maximum", "mean and maximum", "median", "log-mean-exp", "sum", "weights by content"),
        "weights, then a norm",
    ],
)
def test_names_what_hangs_on_more_than_the_mean(pool: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(AssertionError, match="two reviews with one mean"):
        expect_equal_means(balanced(pool), WORDS, torch.Generator().manual_seed(0))
