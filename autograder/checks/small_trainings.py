"""Trainings of a few small reviews, which a judge can follow to the digit.

For assignments whose `train` keeps the best weights by the validation loss and stops early. Loss
and weights are computed anew from what the training left; nothing is taken on trust. No public
check imports it, so no student gets it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from .probes import logits_in_batches
from .tensors import expect_close, expect_tensor
from .training import expect_history, read_safetensors, run_training

MARKED = 3
"""The id that starts a marked review (see `run_training`); no other review holds it."""
FIRST_WORD = 4
WOBBLE = 0.3
SAME_LOSS = 2e-4
"""What two right ways to compute a loss may differ by."""

Reviews = tuple[list[list[int]], list[int]]
State = dict[str, torch.Tensor]


def as_mask(mask: torch.Tensor) -> torch.Tensor:
    """What a model that takes a mask is called with."""
    return mask


def as_lengths(mask: torch.Tensor) -> torch.Tensor:
    """What a model that takes lengths is called with: long (batch,)."""
    return mask.sum(dim=1)


def draw_set(rng: np.random.Generator, lengths: Sequence[int], vocabulary: int) -> Reviews:
    """Reviews of these lengths (2 or more), no two alike, with labels of both kinds."""
    sequences = []
    for number, length in enumerate(lengths):
        # Two ids that count up make each review one of its kind, whatever is cut off.
        head = [FIRST_WORD + number % 20, FIRST_WORD + number // 20 % 20]
        rest = rng.integers(FIRST_WORD, vocabulary, size=length - 2).tolist()
        sequences.append(head + rest)
    labels = (rng.permutation(len(lengths)) % 2).tolist()
    return sequences, labels


def cross_entropy(logits: torch.Tensor, labels: Sequence[int]) -> float:
    """Binary cross-entropy, as a mean over reviews."""
    return F.binary_cross_entropy_with_logits(logits.double(), torch.tensor(labels).double()).item()


def expect_loss(got: float, expected: float, name: str) -> None:
    """Demand equal losses, up to four digits. Raises AssertionError."""
    assert abs(got - expected) < SAME_LOSS, f"{name} should be {expected:.5f}, but is {got:.5f}"


@dataclass(frozen=True)
class SmallTraining:
    """A student's model class and `train`, with the settings of a small model."""

    student: Any
    build: Any
    """The student's class."""
    settings: dict[str, Any]
    """What it is built with, `vocab_size` among it."""
    seed: int
    real: Callable[[torch.Tensor], torch.Tensor]
    """What the model takes beside the tokens, from the mask: `as_mask` or `as_lengths`."""

    def at(self, **settings: Any) -> SmallTraining:
        """The same with other settings: what is trained and what is read have one layout."""
        return replace(self, settings=self.settings | settings)

    def draw(self, rng: np.random.Generator, lengths: Sequence[int]) -> Reviews:
        """Random reviews of these lengths, in the vocabulary of the settings."""
        return draw_set(rng, lengths, self.settings["vocab_size"])

    def run(
        self,
        train_set: Reviews,
        valid_set: Reviews,
        rig: dict[str, Any] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Train with the student's `train`; see `run_training` for what comes back."""
        defaults = {"max_epochs": 3, "patience": 3, "batch_size": 4, "lr": 0.01}
        seen: dict[str, Any] = self.student.probe(
            run_training,
            self.build,
            self.student.train,
            self.seed % 2**31,
            self.settings,
            train_set,
            valid_set,
            defaults | options,
            rig or {},
        )
        return seen

    def logits_of(self, state: State, sequences: Sequence[Sequence[int]]) -> torch.Tensor:
        """The logits (reviews,) of the student's model with these weights, in eval mode."""
        model = self.build(**self.settings)
        own = model.state_dict()
        # A file without the tensors that two names share is a state_dict, too.
        model.load_state_dict(own | {name: part for name, part in state.items() if name in own})
        length = max(len(sequence) for sequence in sequences)
        tokens = torch.tensor([[*row, *[0] * (length - len(row))] for row in sequences])
        mask = torch.tensor([[place < len(row) for place in range(length)] for row in sequences])
        logits = self.student.probe(
            logits_in_batches, model, tokens, self.real(mask), len(sequences)
        )
        return expect_tensor(logits, "logits", (len(sequences),)).double()

    def loss_of(self, state: State, reviews: Reviews) -> float:
        """The mean loss of the student's model with these weights, in eval mode."""
        sequences, labels = reviews
        return cross_entropy(self.logits_of(state, sequences), labels)

    def follow(
        self, rng: np.random.Generator, shifts: list[float], wobble: float = WOBBLE, **options: Any
    ) -> tuple[dict[str, Any], Reviews]:
        """Train with validation losses that go where ``shifts`` go.

        Without the wobble the weights don't matter, and few reviews are enough. Returns what was
        seen, and the validation set, whose labels are all 0.
        """
        train_set = self.draw(rng, [4, 6, 3, 5, 7, 4, 5, 6, 4, 3] if wobble else [4, 6])
        valid_set = self.draw(rng, [5, 3, 8, 4])[0], [0, 0, 0, 0]
        rig = {"shifts": shifts, "wobble": wobble}
        return self.run(train_set, valid_set, rig, lr=0.05, **options), valid_set


def expect_validation_loss(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand the mean over validation reviews, in eval mode. Raises AssertionError."""
    train_set = training.draw(rng, [4, 6, 3, 5, 7, 4])
    valid_set = training.draw(rng, [5, 3, 8, 4, 6])
    place = int(rng.integers(5))
    valid_set[0][place][0] = MARKED
    valid_set[1][place] = 0
    # With lr=0 the weights stay as they are, so what is measured does not depend on the optimiser.
    rig = {"bump": 8.0, "marked": MARKED}
    seen = training.run(train_set, valid_set, rig, max_epochs=2, lr=0.0)
    _, losses = expect_history(seen["history"])
    logits = training.logits_of(seen["start"], valid_set[0])
    logits[place] += 8.0
    expected = cross_entropy(logits, valid_set[1])
    for loss in losses:
        expect_loss(loss, expected, f"valid_loss, a mean over {len(logits)} reviews,")
    assert losses, "no epoch was run"
    # What counts is what they compute: an embedding with a largest norm cuts rows that it looks up.
    before, after = (training.logits_of(seen[name], valid_set[0]) for name in ("start", "state"))
    expect_close(after, before, "the logits after lr=0")


def expect_training_loss(
    training: SmallTraining, rng: np.random.Generator, lengths: Sequence[int]
) -> None:
    """Demand the mean over the epoch's reviews, each with its own label.

    ``lengths`` are those of the training reviews, which come in batches of 4: where their number
    is no multiple of 4, the mean over the batches is another one, and wrong. Raises AssertionError.
    """
    training = training.at(dropout=0.0)
    train_set = training.draw(rng, lengths)
    valid_set = training.draw(rng, [5, 3, 8])
    # The marked reviews are all good ones; large logits make a label at the wrong place costly.
    for sequence, label in zip(*train_set, strict=True):
        if label:
            sequence[0] = MARKED
    rig = {"bump": 3.0, "marked": MARKED}
    seen = training.run(train_set, valid_set, rig, max_epochs=2, lr=0.0)
    losses, _ = expect_history(seen["history"])
    logits = training.logits_of(seen["start"], train_set[0]) + 3.0 * torch.tensor(train_set[1])
    name = f"train_loss, a mean over {len(logits)} reviews,"
    for loss in losses:
        expect_loss(loss, cross_entropy(logits, train_set[1]), name)
    assert losses, "no epoch was run"


def expect_labels_by_place(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand that equal reviews keep a label each, in both losses. Raises AssertionError."""
    training = training.at(dropout=0.0)
    sets = training.draw(rng, [4, 4, 6, 3]), training.draw(rng, [5, 5, 3])
    for sequences, labels in sets:
        sequences[0][0] = MARKED
        sequences[1][:] = sequences[0]
        labels[:2] = [1, 0] if rng.integers(2) else [0, 1]
    seen = training.run(*sets, {"bump": 5.0, "marked": MARKED}, max_epochs=1, lr=0.0)
    found = expect_history(seen["history"], 1)
    for name, (loss,), (sequences, labels) in zip(
        ("train_loss", "valid_loss"), found, sets, strict=True
    ):
        logits = training.logits_of(seen["start"], sequences)
        logits[:2] += 5.0
        expect_loss(loss, cross_entropy(logits, labels), f"{name}, where two reviews are equal,")


def expect_training_loss_of_the_epoch(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand a training loss that was measured while or after the weights moved, not before.

    Raises AssertionError.
    """
    training = training.at(dropout=0.0)
    train_set = training.draw(rng, [4, 6, 3, 5, 7, 4, 5, 6])
    train_set[1][:] = [1] * len(train_set[1])
    seen = training.run(train_set, training.draw(rng, [5, 3]), max_epochs=1, batch_size=2, lr=0.05)
    (loss,), _ = expect_history(seen["history"], 1)
    before, after = (training.loss_of(seen[name], train_set) for name in ("start", "state"))
    # An optimiser that has hardly moved yet shows nothing.
    assert before - after < 0.01 or abs(loss - before) > 2 * SAME_LOSS, (
        f"train_loss is {loss:.5f}, as before the epoch"
    )
    # Now it hangs on the epoch alone, for every review; gradients are small, but not zero.
    shifts = [0.0, 1.0, -1.0]
    rig = {"shifts": shifts, "wobble": 1e-5, "always": True}
    seen = training.run(train_set, training.draw(rng, [5, 3]), rig)
    losses, _ = expect_history(seen["history"], 3)
    for epoch, (loss, shift) in enumerate(zip(losses, shifts, strict=True), start=1):
        expect_loss(loss, math.log1p(math.exp(-shift)), f"train_loss of epoch {epoch}")


def expect_mean_training_loss(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand some mean for the training loss, where the last batch is small.

    Every review has the logit 0, so the mean over the reviews and that over the batches are equal.
    Raises AssertionError.
    """
    train_set, valid_set = training.draw(rng, [4, 6, 3, 5, 7, 4, 9, 2, 3]), training.draw(rng, [5])
    seen = training.run(train_set, valid_set, {"gain": 0.0}, max_epochs=1)
    losses, _ = expect_history(seen["history"], 1)
    expect_loss(losses[0], math.log(2), "train_loss, where all logits are 0,")


def expect_best_in_file(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand the weights of the lowest validation loss in the checkpoint. Raises AssertionError."""
    for shifts, best in ([1.0, -1.0, 2.0, 3.0], 1), ([2.0, 1.0, -1.0], 2), ([-1.0, 1.0], 0):
        count = len(shifts)
        seen, valid_set = training.follow(rng, shifts, max_epochs=count, patience=count)
        _, losses = expect_history(seen["history"], count)
        tensors = read_safetensors(seen["file"])
        own = seen["state"]
        other = [n for n, part in tensors.items() if n in own and part.dtype != own[n].dtype]
        assert not other, f"{other[:3]} of the file has another type than in the model"
        # A tensor that two names share may stand there once.
        missing = [
            name
            for name, part in own.items()
            if name not in tensors and not any(_same(part, it) for it in tensors.values())
        ]
        assert not missing, f"{missing[:3]} of the model's state_dict is not in the file"
        _expect_best(training, tensors, "file", valid_set, shifts[best], losses, best)


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)


def expect_best_in_model(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand the weights of the lowest validation loss in the model. Raises AssertionError."""
    for shifts, best in ([1.0, -1.0, 2.0, 3.0], 1), ([-1.0, 2.0, 3.0, 4.0], 0):
        # The second run stops early.
        seen, valid_set = training.follow(rng, shifts, max_epochs=4, patience=3 - (best == 0))
        _, losses = expect_history(seen["history"])
        _expect_best(training, seen["state"], "model", valid_set, shifts[best], losses, best)


def _expect_best(
    training: SmallTraining,
    state: State,
    place: str,
    valid_set: Reviews,
    shift: float,
    losses: list[float],
    best: int,
) -> None:
    logits = training.logits_of(state, valid_set[0])
    loss = cross_entropy(WOBBLE * torch.sin(logits) + shift, valid_set[1])
    lowest = losses.index(min(losses))
    assert lowest == best, (
        f"the lowest valid_loss should be that of epoch {best + 1}, but is that of {lowest + 1}"
    )
    assert abs(loss - losses[best]) < SAME_LOSS, (
        f"the lowest validation loss of the history is {losses[best]:.5f}, in epoch {best + 1}, "
        f"but the weights in the {place} give {loss:.5f} there"
    )


def expect_early_stopping(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand a stop after `patience` epochs without a new minimum. Raises AssertionError."""
    up = [float(epoch) for epoch in range(8)]
    for shifts, patience, epochs in (
        (up, 2, 3),
        (up, 1, 2),
        # A new minimum starts the count again; only the two losses after it end the training.
        ([2.0, 3.0, 1.0, 1.5, 0.0, 0.5, 0.6, -1.0], 2, 7),
        # Lower than the epoch before, but no new minimum.
        ([0.0, 3.0, 2.0, 1.0, 0.5, 0.4, 0.3, 0.2], 3, 4),
        # Equal is not lower.
        ([1.0] * 8, 2, 3),
        # Lower than two epochs before, but no new minimum.
        ([1.0, 0.0, 1.5, -1.0, 0.0, 0.5, 0.6, 0.7], 2, 6),
        # Small progress is progress: the loss falls by 7e-6 here, and float32 rounds it by 1e-7.
        ([1.0, 0.99999, 0.99998, 0.99997, 0.99996, 2.0, 3.0, 4.0], 1, 6),
    ):
        _expect_epochs(training, rng, shifts, epochs, max_epochs=8, patience=patience)
    # The first loss is a minimum, however large. Its size is left alone: float32 rounds the sigmoid
    # of such a logit.
    seen, _ = training.follow(rng, [14.0, 10.0, 12.0, 13.0], wobble=0.0, max_epochs=8, patience=2)
    expect_history(seen["history"], 4)
    # In the second epoch the loss falls from 1.26 to 0.72, and the accuracy from 3 of 4 to 1.
    valid_set = training.draw(rng, [5, 3, 8, 4])[0], [0, 0, 0, 1]
    rig = {"shifts": [-5.0, 0.1, -7.0, -7.0], "wobble": 0.0}
    train_set = training.draw(rng, [4, 6])
    seen = training.run(train_set, valid_set, rig, max_epochs=4, patience=1)
    expect_history(seen["history"], 3)


def expect_max_epochs(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand a stop after `max_epochs` while the loss keeps falling. Raises AssertionError."""
    down = [-0.5 * epoch for epoch in range(9)]
    for max_epochs in 1, 3, 6:
        _expect_epochs(training, rng, down, max_epochs, max_epochs=max_epochs, patience=2)


def _expect_epochs(
    training: SmallTraining,
    rng: np.random.Generator,
    shifts: list[float],
    epochs: int,
    **options: Any,
) -> None:
    seen, _ = training.follow(rng, shifts, wobble=0.0, **options)
    _, losses = expect_history(seen["history"], epochs)
    for loss, shift in zip(losses, shifts, strict=False):
        expect_loss(loss, math.log1p(math.exp(shift)), "valid_loss")


def expect_every_review_once(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand each training review once an epoch, in train mode, in batches of `batch_size`.

    Raises AssertionError.
    """
    # The last batch holds one review.
    train_set = training.draw(rng, [4, 6, 3, 5, 7, 4, 9, 2, 3])
    valid_set = training.draw(rng, [5, 3, 8])
    seen = training.run(train_set, valid_set)
    _, losses = expect_history(seen["history"], 3)
    used = [review for reviews, _ in seen["used"] for review in reviews]
    count = len(train_set[0])
    assert len(used) == 3 * count, f"{len(used)} reviews were used in 3 epochs of {count}"
    for epoch in range(3):
        part = used[epoch * count : (epoch + 1) * count]
        assert sorted(part) == sorted(train_set[0]), f"epoch {epoch + 1} has other reviews"
    assert all(mode for _, mode in seen["used"]), "a batch was trained on in eval mode"
    assert max(len(reviews) for reviews, _ in seen["used"]) <= 4, "a batch is too large"
    best = training.loss_of(seen["state"], valid_set)
    expect_loss(min(losses), best, "with the weights that `train` left, the lowest valid_loss")


def expect_to_learn(training: SmallTraining, rng: np.random.Generator) -> None:
    """Demand a loss that falls, steps that move most weights, and gradients that are cleared.

    The first step has to have the learning rate that was asked for. Raises AssertionError.
    """
    train_set = training.draw(rng, rng.integers(3, 8, size=60).tolist())
    train_set[1][:] = [1] * 57 + [0] * 3
    seen = training.run(train_set, train_set, batch_size=3, max_epochs=5, patience=5, lr=0.03)
    expect_history(seen["history"])
    before, after = (training.loss_of(seen[name], train_set) for name in ("start", "state"))
    assert after < 0.8 * before or after < 0.25, f"the loss went from {before:.3f} to {after:.3f}"
    # Some weights have no gradient to speak of (a key's bias, unused words), but most do.
    moved = [not torch.equal(seen["state"][name], old) for name, old in seen["start"].items()]
    assert sum(moved) > 0.4 * len(moved), "most of the model's weights never move"
    # Whoever gathers gradients over a few batches on purpose still clears them now and then.
    cleared = sum(seen["cleared"]) / len(seen["cleared"])
    assert cleared > 0.1, "the gradients of earlier batches are still there: they were not cleared"
    stepped = sum(seen["moved"]) / len(seen["moved"])
    assert stepped > 0.1, "most batches are followed by no step"
    rates = seen["rates"][:1]
    assert not rates or any(math.isclose(rate, 0.03, rel_tol=1e-4) for rate in rates[0]), (
        f"the first step has the learning rate {rates[0]}, not lr=0.03"
    )


def accuracy_on_made_up(training: SmallTraining, rng: np.random.Generator) -> tuple[int, int]:
    """How many of how many made-up reviews the model gets right, once it was trained on others.

    For a question that is tried with a stand-in for the model: the student's `model` was built from
    an earlier answer, and where that is wrong its accuracy says nothing of the training. A review
    is good if it holds the word 5, and bad if it holds the word 6.
    """
    training = training.at(dropout=0.1)
    good, bad, others = FIRST_WORD + 1, FIRST_WORD + 2, FIRST_WORD + 3

    def draw(count: int) -> Reviews:
        labels = (rng.permutation(count) % 2).tolist()
        vocabulary = training.settings["vocab_size"]
        sequences = rng.integers(others, vocabulary, size=(count, 6)).tolist()
        for sequence, label in zip(sequences, labels, strict=True):
            sequence[int(rng.integers(6))] = good if label else bad
        return sequences, labels

    seen = training.run(
        *(draw(240), draw(60)),
        max_epochs=8,
        patience=8,
        batch_size=16,
        lr=0.01,
    )
    sequences, labels = draw(300)
    logits = training.logits_of(seen["state"], sequences)
    return int(((logits > 0) == (torch.tensor(labels) > 0)).sum()), len(labels)
