"""A new master to begin with: small, commented, and whole. It builds, grades and proves."""

from __future__ import annotations

import random
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from autograder.errors import AssignmentError

SKELETON = Path(__file__).parent / "skeleton"
"""A master itself, called `a00-skeleton`."""

WEEKS = 4
"""Until the deadline of a new assignment."""


def write_skeleton(name: str, root: Path, now: datetime) -> Path:
    """Write the master `solutions/NAME` below ``root`` and return its folder.

    Its deadline is four weeks from ``now``, which has a time zone, and its seed is a new one.
    Raises AssignmentError where the name is none, or taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise AssignmentError(
            f"{name!r} is no name for an assignment",
            remedy="Use small letters, digits and hyphens, like a08-softmax.",
        )
    folder = root / "solutions" / name
    if folder.exists():
        raise AssignmentError(
            "there is something already", where=str(folder), remedy="Choose another name."
        )
    shutil.copytree(SKELETON, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "assignment.yml"
    deadline = (now + timedelta(weeks=WEEKS)).replace(hour=9, minute=0)
    # The system's source of randomness: a student must not be able to guess it.
    seed = random.SystemRandom().randrange(10**8, 10**9)
    text = path.read_text(encoding="utf-8")
    text = text.replace("a00-skeleton", name)
    text = re.sub(
        r"^deadline: .*$", f"deadline: {deadline.isoformat(timespec='minutes')}", text, flags=re.M
    )
    text = re.sub(r"^seed: .*$", f"seed: {seed:_}", text, flags=re.M)
    path.write_text(text, encoding="utf-8")
    return folder
