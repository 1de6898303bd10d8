"""Measures how fair the checks are: ``python -m tests.solutions.fairness``.

Goes on where it was stopped. Ends with 1 where a right solution failed, or a step is too near.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from autograder.authoring.master import make_notebooks
from autograder.authoring.products import ensure_built
from tests.solutions.a04_subject import A04
from tests.solutions.a07_subject import A07
from tests.solutions.fairness.draws import draw_all
from tests.solutions.fairness.margins import FAIR, margins
from tests.solutions.fairness.page import REVIEWS, Measured, page
from tests.solutions.fairness.plot import draw
from tests.solutions.fairness.record import Record
from tests.solutions.fairness.trainings import TRAININGS, Plan, train_all
from tests.solutions.subject import Subject

ROOT = Path(__file__).resolve().parents[3]
DRAWS = ROOT / ".cache" / "fairness" / "draws.jsonl"
TRAINED_SO_FAR = ROOT / "docs" / "trainings.jsonl"
"""Kept with the page: a training takes minutes, and hangs on nothing but its code and its data."""
PAGE = ROOT / "docs" / "fairness.md"
PICTURE = ROOT / "docs" / "images" / "accuracy-steps.png"
TRAINED = {
    "a07-attention": ("reference", "library_inside", "encoder_layer"),
    "a04-lstm": ("reference", "packed", "both_directions"),
}
"""Solutions that differ in what they learn: by scaled embeddings or plain ones, by one direction or
two."""


def main() -> int:
    """Measure, write the page and the picture, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing later")
    parser.add_argument("--only", choices=["draws", "trainings"], help="measure this alone")
    parser.add_argument("--assignment", choices=list(TRAINED), help="measure this one alone")
    wishes = parser.parse_args()
    end = time.monotonic() + 60 * wishes.minutes

    def measure(subject: Subject) -> Measured:
        mine = wishes.assignment in (None, subject.name)

        def may(what: str) -> bool:
            return mine and wishes.only in (None, what) and time.monotonic() < end

        kit = ensure_built(subject.name, ROOT)
        rounds = draw_all(subject, Record(DRAWS), _tell, lambda: may("draws"))
        notebooks = make_notebooks(subject.master)
        plans = [
            Plan(subject, kit, notebooks, solution, seed)
            for seed in range(TRAININGS)
            for solution in TRAINED[subject.name]
        ]
        record = Record(TRAINED_SO_FAR)
        trainings = train_all(plans, record, _tell, lambda: may("trainings"))
        expected = subject.accuracy_check.function.__globals__["EXPECTATION"]
        return Measured(subject.name, expected, rounds, trainings)

    everything = [measure(subject) for subject in (A07, A04)]
    panels = [(it.name, it.trainings, it.expected) for it in everything if it.trainings]
    if panels:
        draw(panels, REVIEWS, PICTURE)
    PAGE.write_text(page(everything, f"images/{PICTURE.name}"), encoding="utf-8")
    _tell(f"Page: {PAGE.relative_to(ROOT)}")
    near = [
        f"{it.name}: {margin.solution} is {margin.distance:.1f} deviations above {margin.step:.0%}"
        for it in everything
        for margin in margins(it.trainings, it.expected, REVIEWS)
        if margin.distance < FAIR
    ]
    wrong = [failure for it in everything for failure in it.failures] + near
    for text in wrong:
        _tell(text)
    return 1 if wrong else 0


def _tell(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
