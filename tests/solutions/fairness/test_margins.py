"""The figures of the page: what earns a step, how far it is, and what a stopped run keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.checks.accuracy import Expectation
from tests.solutions.fairness.margins import blind_distance, least_accuracy, margins
from tests.solutions.fairness.record import Record
from tests.solutions.fairness.trainings import Training

EXPECTED = Expectation(
    steps=[(0.6, 1.0), (0.7, 2.0)], suspicious=0.9, fall=0.1, made_up_steps=[(0.7, 2.0)]
)


def trained(*accuracies: float) -> list[Training]:
    return [
        Training("a", "plain", seed, accuracy, 0, 1.0, str(seed))
        for seed, accuracy in enumerate(accuracies)
    ]


def test_a_step_is_earned_from_where_its_interval_reaches_it() -> None:
    # Of 400, 0.2 less than 0.7 times a half-width of 1.96 * sqrt(0.7 * 0.3 / 400) = 0.045.
    assert least_accuracy(0.7, EXPECTED, 400) == pytest.approx(0.7 - 0.045, abs=0.004)


def test_distance_counts_the_seed_and_the_draw_of_the_reviews() -> None:
    low, high = margins(trained(0.78, 0.8, 0.82), EXPECTED, 400)
    assert low.mean == pytest.approx(0.8)
    assert low.deviation == pytest.approx((0.02**2 + 0.8 * 0.2 / 400) ** 0.5)
    assert high.distance == pytest.approx((0.8 - high.from_accuracy) / high.deviation)
    assert low.distance > high.distance > 4


def test_a_solution_trained_once_has_no_deviation() -> None:
    assert margins(trained(0.8), EXPECTED, 400) == []


def test_a_model_that_looks_at_nothing_is_far_from_the_first_step() -> None:
    least = least_accuracy(0.6, EXPECTED, 400)
    assert blind_distance(EXPECTED, 400, 0.5) == pytest.approx((least - 0.5) / 0.025)


def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    record = Record(tmp_path / "kept" / "rows.jsonl")
    assert record.rows() == []
    record.add({"seed": 1})
    record.add({"seed": 2})
    with (tmp_path / "kept" / "rows.jsonl").open("a") as file:
        file.write('{"seed": 3')
    assert record.rows() == [{"seed": 1}, {"seed": 2}]
