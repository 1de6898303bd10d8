"""One file to grade, as the processes of a grader tell each other of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autograder.results import SubmissionResult


@dataclass(frozen=True)
class HandIn:
    """One file to grade."""

    path: Path
    submission: str
    """The path relative to the graded folder, as it stands in the gradebook."""
    known: SubmissionResult | None = None
    """An earlier result of the same content, where some checks have changed since."""
