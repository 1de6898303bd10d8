"""The picture of trained models beside the steps of the accuracy check."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from autograder.checks.accuracy import Expectation
from tests.solutions.fairness.margins import least_accuracy
from tests.solutions.fairness.trainings import Training

INK, SOFT, DOT, STEP, BLIND = "#1d2733", "#66717d", "#2b6cb0", "#b7791f", "#c9ced6"


def draw(
    panels: Sequence[tuple[str, Sequence[Training], Expectation]], reviews: int, path: Path
) -> None:
    """One panel an assignment: a dot a training, a line a step."""
    rows = [len({it.solution for it in trainings}) for _, trainings, _ in panels]
    figure = Figure(figsize=(8, 1.3 + 0.62 * sum(rows) + 0.9 * len(panels)), layout="constrained")
    all_axes = figure.subplots(len(panels), 1, sharex=True, height_ratios=rows, squeeze=False)
    for axes, (name, trainings, expected) in zip(all_axes[:, 0], panels, strict=True):
        solutions = list(dict.fromkeys(it.solution for it in trainings))
        # Four standard deviations on either side of what a model that looks at nothing reaches.
        around = 4 * np.sqrt(0.25 / reviews)
        axes.axvspan(0.5 - around, 0.5 + around, color=BLIND, alpha=0.5, lw=0)
        axes.text(
            0.5, -0.66, "ignores\nits input", ha="center", va="bottom", color=SOFT, fontsize=8
        )
        for step, points in expected.steps:
            least = least_accuracy(step, expected, reviews)
            axes.axvline(least, color=STEP, lw=1.2)
            axes.text(
                least, -0.66, f"{points:g} p", ha="center", va="bottom", color=STEP, fontsize=9
            )
        for row, solution in enumerate(solutions):
            accuracies = np.array([it.accuracy for it in trainings if it.solution == solution])
            # Spread by rank, so that equal ones lie side by side.
            ranks = np.argsort(np.argsort(accuracies)) % 5
            axes.scatter(accuracies, row + 0.09 * (ranks - 2), s=16, color=DOT, alpha=0.65, lw=0)
            axes.plot([accuracies.mean()] * 2, [row - 0.3, row + 0.3], color=INK, lw=1.6)
        axes.set_yticks(range(len(solutions)), solutions)
        axes.set_ylim(len(solutions) - 0.4, -0.6)
        axes.set_title(name, loc="left", color=INK, fontsize=11, pad=30)
        axes.tick_params(axis="y", length=0)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
    all_axes[-1, 0].set_xlim(0.44, 0.9)
    all_axes[-1, 0].xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    all_axes[-1, 0].set_xlabel(f"accuracy on {reviews:,} hidden reviews", color=INK)
    figure.savefig(path, dpi=130)
