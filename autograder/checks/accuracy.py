"""The accuracy of a trained model on hidden reviews: points in steps, and what looks memorised.

No public check imports it, so no student gets it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .probes import logits_in_batches
from .small_trainings import SmallTraining, accuracy_on_made_up
from .statistics import step_points, wilson_interval
from .tensors import expect_tensor

BATCH = 100


@dataclass(frozen=True)
class Expectation:
    """What trained models reach, as it was measured."""

    steps: list[tuple[float, float]]
    """Accuracies and the points that each earns; see `step_points`."""
    suspicious: float
    """Above all measured runs: such a model may have seen these reviews before."""
    fall: float
    """The accuracy that a model may lose where a tenth of the words is left out."""
    made_up_steps: list[tuple[float, float]]
    """The same as `steps`, for a ready-made model on made-up reviews (`accuracy_on_made_up`)."""


def judge_accuracy(
    student: Any,
    real: Callable[[torch.Tensor], torch.Tensor],
    file: Path,
    length: int,
    expected: Expectation,
    rng: np.random.Generator,
    award: Callable[[float, str], None],
    flag: Callable[[str], None],
) -> None:
    """Award points for the accuracy of `student.model` on the reviews of a hidden file.

    Args:
        student: the judge's fixture.
        real: what the model takes beside the tokens, from the mask; see `SmallTraining`.
        file: the reviews, with `tokens`, `offsets` and `labels`.
        length: the tokens of a review that the model is given.
        expected: the steps, and what to flag.
        rng: decides which words are left out in the search for memorised reviews.
        award, flag: the fixtures.
    """
    with np.load(file, allow_pickle=False) as arrays:
        reviews = np.split(arrays["tokens"], arrays["offsets"][1:-1])
        labels = torch.from_numpy(arrays["labels"].astype(np.int64))
    model = student.model

    def is_right(chosen: list[np.ndarray]) -> torch.Tensor:
        rows = [torch.from_numpy(row[:length].astype(np.int64)) for row in chosen]
        tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        lengths = torch.tensor([len(row) for row in rows])
        mask = torch.arange(tokens.shape[1]) < lengths[:, None]
        logits = student.probe(logits_in_batches, model, tokens, real(mask), BATCH)
        expect_tensor(logits, "logits", (len(rows),))
        right: torch.Tensor = (logits > 0) == (labels[: len(rows)] > 0)
        return right

    found = is_right(reviews)
    right, total = int(found.sum()), len(found)
    low, high = wilson_interval(right, total)
    points = step_points(right, total, expected.steps)
    needed = next((accuracy for accuracy, worth in expected.steps if worth > points), None)
    next_step = "" if needed is None else f"; the next step is at {needed:.0%}"
    award(
        points,
        f"The accuracy is {right / total:.1%} (with 95 % confidence between {low:.1%} and "
        f"{high:.1%}){next_step}.",
    )
    if low > expected.suspicious:
        flag(f"the accuracy of {right / total:.1%} is above all measured runs: memorised reviews?")
    # A memorised review is no longer known when some of its words are missing.
    part = reviews[:500]
    thinned = [row[(rng.random(len(row)) >= 0.1) | (np.arange(len(row)) == 0)] for row in part]
    fall = (found[: len(part)].double() - is_right(thinned).double()).mean().item()
    if fall > expected.fall:
        flag(f"with a tenth of the words left out the accuracy falls by {fall:.1%}: memorised?")


def judge_ready_made(
    training: SmallTraining,
    expected: Expectation,
    rng: np.random.Generator,
    award: Callable[[float, str], None],
) -> None:
    """Award points for the accuracy that the student's `train` gives a ready-made model."""
    right, total = accuracy_on_made_up(training, rng)
    award(
        step_points(right, total, expected.made_up_steps),
        f"Trained by your `train`, a ready-made classifier is right on {right / total:.1%} of "
        "made-up reviews that it has not seen.",
    )
