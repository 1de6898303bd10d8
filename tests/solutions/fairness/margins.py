"""How far the accuracies of right solutions lie above each step of the accuracy check."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.checks.accuracy import Expectation
from autograder.checks.statistics import step_points
from tests.solutions.fairness.trainings import Training

FAIR = 4.0
"""Standard deviations that a step has to lie below what a right solution reaches."""


@dataclass(frozen=True)
class Margin:
    """One solution and one step."""

    solution: str
    trainings: int
    mean: float
    deviation: float
    """Of one training on other hidden reviews: by the seed and by the draw of the reviews."""
    step: float
    """As the check names it."""
    from_accuracy: float
    """The least accuracy that earns it: the upper end of its interval reaches the step."""

    @property
    def distance(self) -> float:
        """From there to the mean, in standard deviations."""
        return (self.mean - self.from_accuracy) / self.deviation


def margins(trainings: Sequence[Training], expected: Expectation, reviews: int) -> list[Margin]:
    """A margin for each solution that was trained twice or more, and each step."""
    found = []
    for solution in dict.fromkeys(it.solution for it in trainings):
        accuracies = [it.accuracy for it in trainings if it.solution == solution]
        if len(accuracies) < 2:
            continue
        mean = statistics.mean(accuracies)
        by_draw = mean * (1 - mean) / reviews
        deviation = math.sqrt(statistics.variance(accuracies) + by_draw)
        for step, _ in expected.steps:
            least = least_accuracy(step, expected, reviews)
            found.append(Margin(solution, len(accuracies), mean, deviation, step, least))
    return found


def least_accuracy(step: float, expected: Expectation, reviews: int) -> float:
    """The least accuracy on so many reviews that earns a step."""
    points = dict(expected.steps)[step]
    right = next(
        count
        for count in range(reviews + 1)
        if step_points(count, reviews, expected.steps) >= points
    )
    return right / reviews


def blind_distance(expected: Expectation, reviews: int, majority: float) -> float:
    """How far below the first step a model that ignores its input stays, in standard deviations.

    The best it can do is to say what most reviews are, a share ``majority`` of them.
    """
    least = min(least_accuracy(step, expected, reviews) for step, _ in expected.steps)
    return (least - majority) / math.sqrt(majority * (1 - majority) / reviews)
