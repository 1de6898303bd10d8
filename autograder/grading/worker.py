"""A worker: a process that is warm for one class, and grades each submission in a fork of itself.

It starts the warm server of its sandboxes and collects the checks; then it takes hand-ins, one
after the other. Every submission starts from the same state, and what becomes of the fork touches
no other.
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from autograder.assignment.kit import Kit, load_kit
from autograder.errors import AutograderError
from autograder.grading.hand_in import HandIn as HandIn
from autograder.grading.pipeline import grade_submission
from autograder.judge.session import CheckRun, with_checks
from autograder.results import Ending, QuestionResult, SubmissionResult
from autograder.sandbox.server import WarmServer
from autograder.sandbox.wall import Furniture, Wall

PR_SET_PDEATHSIG = 1

SLACK_SECONDS = 600.0
"""Time for checks and start-up beyond the notebook's own limit before we call it our fault."""


Grade = Callable[[HandIn], SubmissionResult]


class Job(Protocol):
    """What a class is graded for; it is pickled once for each worker."""

    @property
    def seconds(self) -> float:
        """After so much time a submission is given up as our fault."""

    def warm(self, wall: Wall, work: Callable[[Grade], None]) -> None:
        """Get ready, and call ``work`` with what grades one hand-in in a fork of this process.

        Raises AutograderError where nothing can be graded at all.
        """

    def failed(self, submission: str, wall: str, why: str) -> SubmissionResult:
        """The result of a submission that we failed to grade."""


class TravellingJob(Job, Protocol):
    """A job that another machine can do, too: all that it needs is in one folder."""

    @property
    def folder(self) -> Path:
        """The folder; its content travels."""

    def at(self, folder: Path) -> Job:
        """The same job, with that content in another folder."""


@dataclass(frozen=True)
class KitJob:
    """Grading for an assignment of our own."""

    kit: Kit

    @property
    def folder(self) -> Path:
        """The kit's folder."""
        return self.kit.folder

    def at(self, folder: Path) -> KitJob:
        """Grading with the same kit in another folder."""
        return KitJob(load_kit(folder))

    @property
    def seconds(self) -> float:
        """Twice the notebook's own time, and some for the checks."""
        return self.kit.master.assignment.limits.submission_seconds * 2 + SLACK_SECONDS

    def warm(self, wall: Wall, work: Callable[[Grade], None]) -> None:
        """Start the server, and collect the checks while it imports."""
        kit = self.kit

        def judge_with(server: WarmServer, checks: CheckRun) -> None:
            server.ready()
            work(lambda it: grade_submission(kit, it.path, it.submission, server, checks))

        with WarmServer(wall, Furniture(kit.files)) as server:
            with_checks(kit.master.checks, kit.hidden, lambda checks: judge_with(server, checks))

    def failed(self, submission: str, wall: str, why: str) -> SubmissionResult:
        """A result that says for each question that the grader failed."""
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
                for question in self.kit.master.assignment.questions
            ),
            note=f"The grader failed: {why}",
            build_hash=self.kit.build_hash,
        )


def work(connection: Connection, job: Job, wall: Wall) -> None:
    """The worker's process: take hand-ins and send results, until the client closes.

    An outcome is a SubmissionResult, an AutograderError, or words for any other fault of ours.
    """
    # Ctrl-C reaches the whole terminal; the client alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()

    def serve(grade: Grade) -> None:
        # A collection in a fork must not touch, and so copy, every page that it inherits.
        gc.collect()
        gc.freeze()
        while True:
            try:
                hand_in = connection.recv()
            except EOFError:
                return
            connection.send_bytes(_in_a_fork(grade, hand_in))

    try:
        job.warm(wall, serve)
    except AutograderError as error:
        connection.send(error)


def _in_a_fork(grade: Grade, hand_in: HandIn) -> bytes:
    """The pickled outcome of one submission."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _die_with_parent()
        try:
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(pickle.dumps(_outcome(grade, hand_in)))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        outcome = pipe.read()
    os.waitpid(child, 0)
    return outcome or pickle.dumps("the grading process ended without a result")


def _outcome(grade: Grade, hand_in: HandIn) -> SubmissionResult | AutograderError | str:
    try:
        return grade(hand_in)
    except AutograderError as error:
        return error
    # Whatever else goes wrong is ours: it becomes `grader_error`, never a score.
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"


def _die_with_parent() -> None:
    """End this process when the one that forked it ends, however that comes about.

    The fork server ends when the client does; bubblewrap ends with us.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
