from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.statistics import step_points, wilson_interval

STEPS = [(0.6, 0.5), (0.65, 1.0), (0.7, 2.0)]


def test_interval_is_that_of_the_literature() -> None:
    # 81 of 263: Newcombe (1998), Statistics in Medicine 17, table I, method 3.
    low, high = wilson_interval(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    # 0 of 20: the same table.
    low, high = wilson_interval(0, 20)
    assert (round(low, 4), round(high, 4)) == (0.0, 0.1611)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_holds_the_share_and_stays_within_bounds(counts: tuple[int, int]) -> None:
    right, total = counts
    low, high = wilson_interval(right, total)
    assert -1e-12 <= low <= right / total + 1e-12
    assert right / total - 1e-12 <= high <= 1 + 1e-12


@pytest.mark.parametrize(("right", "total"), [(1, 0), (0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(right: int, total: int) -> None:
    with pytest.raises(ValueError, match="is no count"):
        wilson_interval(right, total)


@pytest.mark.parametrize(
    ("right", "points"), [(500, 0), (560, 0), (580, 0.5), (630, 1), (680, 2), (900, 2)]
)
def test_doubt_helps_the_student(right: int, points: float) -> None:
    assert step_points(right, 1000, STEPS) == points


def test_small_samples_leave_more_doubt() -> None:
    assert step_points(13, 20, STEPS) == 2
    assert step_points(650, 1000, STEPS) == 1
