"""What a class is graded with: an assignment, and a function that grades one submission of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autograder.assignment import Assignment
from autograder.assignment.kit import Kit
from autograder.assignment.models import Rubrics
from autograder.results import SubmissionResult
from autograder.sandbox.wall import Wall


class Job(Protocol):
    """Grades the submissions of one assignment. Has to be picklable: it goes to each worker."""

    @property
    def assignment(self) -> Assignment:
        """Questions, points and limits."""

    @property
    def rubrics(self) -> Rubrics:
        """How what a person marks is marked."""

    @property
    def build_hash(self) -> str:
        """Changes whenever a submission has to be graded anew."""

    @property
    def preload(self) -> tuple[str, ...]:
        """Modules that a worker needs, imported once before workers are forked."""

    def grade(self, path: Path, submission: str, wall: Wall) -> SubmissionResult:
        """Grade one hand-in. Raises AutograderError where the fault is not the submission's."""


@dataclass(frozen=True)
class KitJob:
    """An assignment of our own, with checks that run before the judge."""

    kit: Kit

    @property
    def assignment(self) -> Assignment:
        """The master's."""
        return self.kit.master.assignment

    @property
    def rubrics(self) -> Rubrics:
        """The master's."""
        return self.kit.master.rubrics

    @property
    def build_hash(self) -> str:
        """The kit's."""
        return self.kit.build_hash

    @property
    def preload(self) -> tuple[str, ...]:
        """The pipeline with all that it imports."""
        return ("autograder.grading.warm",)

    def grade(self, path: Path, submission: str, wall: Wall) -> SubmissionResult:
        """Run the pipeline."""
        # The client only passes the job on: it need not wait for torch.
        from autograder.grading.pipeline import grade_submission

        return grade_submission(self.kit, path, submission, wall)
