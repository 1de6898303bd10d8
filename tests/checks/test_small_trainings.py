from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from autograder.checks.small_trainings import (
    SmallTraining,
    accuracy_on_made_up,
    as_lengths,
    as_mask,
    draw_set,
    expect_best_in_file,
    expect_early_stopping,
    expect_every_review_once,
    expect_mean_training_loss,
    expect_to_learn,
    expect_training_loss,
    expect_validation_loss,
)
from autograder.judge.student import in_process


class Scores(nn.Module):
    """One score a word, summed over the real ones; takes a mask or lengths."""

    def __init__(self, vocab_size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.scores = nn.Embedding(vocab_size, 1)
        nn.init.normal_(self.scores.weight, std=0.1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        mask = real if real.dim() == 2 else torch.arange(tokens.shape[1]) < real[:, None]
        return (self.dropout(self.scores(tokens).squeeze(-1)) * mask).sum(1)


def training_with(
    real: Any, *, skip_last: bool = False, stops: bool = True, steps: bool = True
) -> SmallTraining:
    """A `train` with one bug, or none, for a model that is called with masks or lengths."""

    def losses(model: Any, reviews: Any, size: int) -> Any:
        sequences, labels = reviews
        for start in range(0, len(labels), size):
            rows = [torch.tensor(row) for row in sequences[start : start + size]]
            if skip_last and len(rows) < size:
                return
            tokens = nn.utils.rnn.pad_sequence(rows, batch_first=True)
            lengths = torch.tensor([len(row) for row in rows])
            mask = torch.arange(tokens.shape[1]) < lengths[:, None]
            target = torch.tensor(labels[start : start + size]).float()
            yield F.binary_cross_entropy_with_logits(
                model(tokens, real(mask)), target, reduction="none"
            )

    def train(
        model: Any,
        train_set: Any,
        valid_set: Any,
        *,
        max_epochs: int,
        patience: int,
        checkpoint: str,
        batch_size: int,
        lr: float,
    ) -> dict[str, list[float]]:
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        history: dict[str, list[float]] = {"train_loss": [], "valid_loss": []}
        lowest, since = math.inf, 0
        for _ in range(max_epochs):
            model.train()
            seen = []
            for each in losses(model, train_set, batch_size):
                optimizer.zero_grad()
                each.mean().backward()
                if steps:
                    optimizer.step()
                seen.append(each.detach())
            model.eval()
            with torch.no_grad():
                valid = torch.cat(list(losses(model, valid_set, 1))).mean().item()
            history["train_loss"].append(torch.cat(seen).mean().item())
            history["valid_loss"].append(valid)
            since = 0 if valid < lowest else since + 1
            if valid < lowest:
                lowest = valid
                save_file(model.state_dict(), checkpoint)
            if stops and since >= patience:
                break
        model.load_state_dict(load_file(checkpoint))
        return history

    student = in_process({"train": train, "Scores": Scores})
    settings = {"vocab_size": 31, "dropout": 0.3}
    return SmallTraining(student, student.Scores, settings, 5, real)


@pytest.mark.parametrize("real", [as_mask, as_lengths])
@pytest.mark.parametrize(
    "expect",
    [
        expect_validation_loss,
        expect_best_in_file,
        expect_early_stopping,
        expect_every_review_once,
        expect_mean_training_loss,
        expect_to_learn,
    ],
)
def test_a_sound_training_passes_with_masks_and_with_lengths(expect: Any, real: Any) -> None:
    expect(training_with(real), np.random.default_rng(1))


def test_a_last_batch_that_is_dropped_is_seen() -> None:
    with pytest.raises(AssertionError, match="24 reviews were used in 3 epochs of 9"):
        expect_every_review_once(
            training_with(as_lengths, skip_last=True), np.random.default_rng(1)
        )


@pytest.mark.parametrize("count", [8, 9])
def test_the_training_loss_is_followed_where_the_last_batch_is_small(count: int) -> None:
    expect_training_loss(
        training_with(as_mask), np.random.default_rng(1), [4, 6, 3, 5, 7, 4, 9, 2, 6][:count]
    )


def test_a_training_that_never_stops_is_seen() -> None:
    with pytest.raises(AssertionError, match="3 epochs should have been run"):
        expect_early_stopping(training_with(as_mask, stops=False), np.random.default_rng(1))


def test_a_training_without_steps_is_seen() -> None:
    with pytest.raises(AssertionError, match="the loss went from"):
        expect_to_learn(training_with(as_mask, steps=False), np.random.default_rng(1))


def test_made_up_reviews_are_learned_by_a_training_and_not_without_one() -> None:
    rng = np.random.default_rng(2)
    right, total = accuracy_on_made_up(training_with(as_lengths), rng)
    assert right / total > 0.9
    right, total = accuracy_on_made_up(training_with(as_lengths, steps=False), rng)
    assert 0.3 < right / total < 0.7


def test_no_two_drawn_reviews_are_alike() -> None:
    reviews, labels = draw_set(np.random.default_rng(0), [2] * 60, 30)
    assert len({tuple(review) for review in reviews}) == 60
    assert set(labels) == {0, 1}
