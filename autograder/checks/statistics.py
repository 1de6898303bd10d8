"""Accuracy decided with a confidence interval, and points in steps."""

from __future__ import annotations

import math

Z95 = 1.959963984540054
"""The two-sided 95 % point of the normal distribution."""


def wilson_interval(right: int, total: int, z: float = Z95) -> tuple[float, float]:
    """The interval of accuracies that ``right`` of ``total`` speaks for.

    Wilson (1927), J. Am. Stat. Assoc. 22, eq. 4; it keeps within 0 and 1 and holds for small
    counts. Raises ValueError where the counts make no sense.
    """
    if not 0 <= right <= total or total == 0:
        raise ValueError(f"{right} right of {total} is no count")
    share = right / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return (middle - half) / scale, (middle + half) / scale


def step_points(right: int, total: int, steps: list[tuple[float, float]]) -> float:
    """The points of the highest step that the measured accuracy does not rule out.

    ``steps`` are pairs (accuracy, points). Doubt helps the student: a step counts while the upper
    end of the 95 % interval reaches it.
    """
    reach = wilson_interval(right, total)[1]
    return max((points for accuracy, points in steps if reach >= accuracy), default=0.0)
