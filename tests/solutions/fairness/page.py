"""The page that says what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.checks.accuracy import Expectation
from tests.solutions.fairness.draws import RUNS, Round, runs_by_check
from tests.solutions.fairness.margins import FAIR, blind_distance, margins
from tests.solutions.fairness.trainings import TRAININGS, Training

REVIEWS = 2_000
"""Hidden reviews of each assignment, half of them good ones."""


@dataclass(frozen=True)
class Measured:
    """All that was measured on one assignment."""

    name: str
    expected: Expectation
    rounds: Sequence[Round]
    trainings: Sequence[Training]

    @property
    def runs(self) -> int:
        """Checks run on right solutions."""
        return sum(len(it.checks) for it in self.rounds)

    @property
    def failures(self) -> list[str]:
        """Where a right solution failed."""
        return [
            f"{it.solution}, seed {it.seed}: {check}: {error}"
            for it in self.rounds
            for check, error in it.failures.items()
        ]


def page(everything: Sequence[Measured], picture: str) -> str:
    """The page, in Markdown."""
    lines = [
        "# How fair the checks are",
        "",
        "Written by `python -m tests.solutions.fairness`, which `make long` runs. It keeps what it "
        "has measured, the trainings in `docs/trainings.jsonl`, goes on from there when it was "
        "stopped, and measures anew what a change of checks, solutions or data makes old.",
        "",
        "## Random inputs",
        "",
        "Hidden checks draw their inputs. Here the reference and all other right solutions are "
        "checked over and over, each time with another seed; training is left out, since it takes "
        f"long (`autograder prove` repeats it). {RUNS:,} runs of an assignment are the aim.",
        "",
        "| assignment | right solutions | checks | runs | failures | a failure is rarer than |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for it in everything:
        solutions = len({part.solution for part in it.rounds})
        lines.append(
            f"| {it.name} | {solutions} | {len(runs_by_check([*it.rounds]))} | {it.runs:,} | "
            f"{len(it.failures)} | {_rarer(it)} |"
        )
    lines += [
        "",
        "The last column holds for a run of any check, with 95 % confidence (the rule of three).",
        *(f"- {failure}" for it in everything for failure in it.failures),
        "",
        "## Steps of accuracy",
        "",
        f"Right solutions are trained on all the data, {TRAININGS} times each is the aim, and each "
        "model goes through the accuracy check. A step counts where the upper end of the 95 % "
        f"interval reaches it; the table says from which accuracy that is so on {REVIEWS:,} "
        "reviews. One standard deviation covers the seed of a training and the draw of the "
        f"reviews. Every step has to lie {FAIR:g} of them and more below the mean.",
        "",
        "| assignment | solution | trainings | mean | deviation | step | earned from | distance |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for it in everything:
        for margin in margins(it.trainings, it.expected, REVIEWS):
            lines.append(
                f"| {it.name} | {margin.solution} | {margin.trainings} | {margin.mean:.1%} | "
                f"{margin.deviation:.2%} | {margin.step:.0%} | {margin.from_accuracy:.1%} | "
                f"{margin.distance:.1f} |"
            )
    lines += ["", f"![Trained models and the steps]({picture})", ""]
    for it in everything:
        blind = blind_distance(it.expected, REVIEWS, 0.5)
        flagged = sum(training.flags > 0 for training in it.trainings)
        full = max(points for _, points in it.expected.steps)
        fewer = sum(training.points(it.expected, REVIEWS) < full for training in it.trainings)
        lines.append(
            f"- {it.name}: a model that ignores its input is right on half of the reviews, "
            f"{blind:.1f} deviations below the first step. Of {len(it.trainings)} trained models "
            f"{fewer} missed a point and {flagged} were taken for memorised."
        )
    return "\n".join(lines) + "\n"


def _rarer(it: Measured) -> str:
    return f"1 in {it.runs // 3:,}" if it.runs and not it.failures else ""
