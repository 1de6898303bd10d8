"""How late a hand-in came, from a list of hand-in times beside the hand-ins."""

from __future__ import annotations

import csv
import math
from datetime import datetime, timedelta
from pathlib import Path

from autograder.errors import AutograderError

TIMES_FILE = "handed_in.csv"
"""Columns `submission` (path relative to the folder) and `handed_in` (ISO 8601)."""


def read_hand_in_times(folder: Path, deadline: datetime) -> dict[str, datetime]:
    """When each submission came in; empty where the folder has no list.

    File dates are not asked: copying, unpacking or cloning a folder sets them anew, and nobody
    should be late for that. A time without a zone is in the deadline's zone. Raises AutograderError
    with the line of a fault.
    """
    path = folder / TIMES_FILE
    if not path.is_file():
        return {}
    times: dict[str, datetime] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            line = len(times) + 2
            try:
                time = datetime.fromisoformat((row["handed_in"] or "").strip())
                submission = (row["submission"] or "").strip()
            except (KeyError, ValueError) as error:
                raise AutograderError(
                    f"this line has no submission and time that can be read ({error})",
                    where=f"{path}:{line}",
                    remedy="Write the columns submission and handed_in, with times like "
                    "2026-12-14T08:55+01:00.",
                ) from error
            times[submission] = time if time.tzinfo else time.replace(tzinfo=deadline.tzinfo)
    return times


def late_days(deadline: datetime, handed_in: datetime) -> int:
    """Whole days begun after the deadline; 0 where it was met."""
    return max(0, math.ceil((handed_in - deadline) / timedelta(days=1)))
