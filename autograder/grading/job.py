"""What a class is graded for: an assignment, and what makes a worker ready to grade it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from autograder.assignment import Assignment
from autograder.assignment.kit import Kit, load_kit
from autograder.assignment.models import Rubrics
from autograder.grading.hand_in import HandIn
from autograder.results import Ending, QuestionResult, SubmissionResult
from autograder.sandbox.wall import Furniture, Wall

if TYPE_CHECKING:
    from autograder.judge.session import CheckRun
    from autograder.sandbox.server import WarmServer


Grade = Callable[[HandIn], SubmissionResult]
"""Grades one submission. Raises AutograderError where the fault is not the submission's."""


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
    def question_hashes(self) -> Mapping[str, str]:
        """One changes whenever that question has to be graded anew, and no other."""

    @property
    def preload(self) -> tuple[str, ...]:
        """Modules that a worker needs, imported once before workers are forked."""

    @property
    def in_a_row(self) -> int:
        """Hand-ins that one fork of a worker may grade: one alone where checks run in it."""

    def warm(self, wall: Wall, work: Callable[[Grade], None]) -> None:
        """Get ready, and call ``work`` with what grades hand-ins, each in a fork of this process.

        Raises AutograderError where nothing can be graded at all.
        """


class TravellingJob(Job, Protocol):
    """A job that another machine can do, too: all that it needs is in one folder."""

    @property
    def folder(self) -> Path:
        """The folder; its content travels."""

    def at(self, folder: Path) -> Job:
        """The same job, with that content in another folder."""


@dataclass(frozen=True)
class KitJob:
    """An assignment of our own, with checks that run before the judge."""

    kit: Kit

    @property
    def folder(self) -> Path:
        """The kit's folder."""
        return self.kit.folder

    def at(self, folder: Path) -> KitJob:
        """Grading with the same kit in another folder."""
        return KitJob(load_kit(folder))

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
    def question_hashes(self) -> Mapping[str, str]:
        """The kit's."""
        return self.kit.question_hashes

    @property
    def preload(self) -> tuple[str, ...]:
        """The pipeline with all that it imports."""
        return ("autograder.grading.warm",)

    @property
    def in_a_row(self) -> int:
        """One: checks may leave anything behind."""
        return 1

    def warm(self, wall: Wall, work: Callable[[Grade], None]) -> None:
        """Start the server, and collect the checks while it imports."""
        # Imported in the worker: the client of a class that is graded should not wait for torch.
        from autograder.judge.session import with_checks
        from autograder.sandbox.server import WarmServer
        from autograder.sandbox.trials import require_promises

        kit = self.kit

        def judge_with(server: WarmServer, checks: CheckRun) -> None:
            require_promises(server)
            work(lambda it: self.grade(it, server, checks))

        with WarmServer(wall, Furniture(kit.files)) as server:
            with_checks(kit.master.checks, kit.hidden, lambda checks: judge_with(server, checks))

    def grade(self, it: HandIn, server: WarmServer, checks: CheckRun) -> SubmissionResult:
        """Grade one hand-in, in a fork of a worker that is ready."""
        from autograder.grading.pipeline import grade_submission

        return grade_submission(self.kit, it.path, it.submission, server, checks, it.known)


SLACK_SECONDS = 600.0
"""Time for checks and start-up beyond the notebook's own limit before we call it our fault."""


def patience(job: Job) -> float:
    """Seconds after which a submission is given up as our fault."""
    training = job.assignment.training
    runs = 3 if training and training.audit else 2
    return job.assignment.limits.submission_seconds * runs + SLACK_SECONDS


def failed(job: Job, submission: str, wall: str, why: str) -> SubmissionResult:
    """The result of a submission that we failed to grade."""
    return SubmissionResult(
        submission=submission,
        student_id="",
        name="",
        status=Ending.GRADER_ERROR,
        wall=wall,
        questions=tuple(
            QuestionResult(
                question.id,
                question.kind.value,
                Ending.GRADER_ERROR,
                0.0,
                question.auto,
                question.manual,
            )
            for question in job.assignment.questions
        ),
        note=f"The grader failed: {why}",
        build_hash=job.build_hash,
    )
