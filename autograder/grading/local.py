"""A class on this machine: each submission in a process of its own, forked from a warm one."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from autograder.errors import AutograderError
from autograder.grading.job import Job
from autograder.results import Ending, QuestionResult, SubmissionResult
from autograder.sandbox.wall import Wall

THREADS = {
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Other people's pytest plugins have no business in the judge.
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}
"""The judge computes on one thread, too: a class keeps the cores busy by itself, and a process
forked from one with threads hangs at its first matrix product."""

PR_SET_PDEATHSIG = 1

SLACK_SECONDS = 600.0
"""Time for checks and start-up beyond the notebook's own limit before we call it our fault."""


@dataclass(frozen=True)
class HandIn:
    """One file to grade."""

    path: Path
    submission: str
    """The path relative to the graded folder, as it stands in the gradebook."""


def grade_class(
    job: Job, hand_ins: Sequence[HandIn], wall: Wall, jobs: int
) -> Iterator[SubmissionResult]:
    """Grade all hand-ins, ``jobs`` at a time; results as they come.

    A fault of ours is tried once more, then it comes as a result with the ending `grader_error`.
    Raises AutograderError where nothing can be graded at all: the wall, or the checks.
    """
    context = multiprocessing.get_context("forkserver")
    os.environ.update(THREADS)
    context.set_forkserver_preload(list(job.preload))
    waiting = [(hand_in, 1) for hand_in in reversed(hand_ins)]
    running: dict[Connection, _Running] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                hand_in, attempt = waiting.pop()
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(theirs, job, hand_in, wall))
                process.start()
                theirs.close()
                running[ours] = _Running(process, hand_in, attempt, time.monotonic())
            for connection in wait(list(running), timeout=1.0):
                if isinstance(connection, Connection):
                    worker = running.pop(connection)
                    result = _take(connection, worker, job, wall)
                    if result.status == Ending.GRADER_ERROR and worker.attempt == 1:
                        waiting.append((worker.hand_in, 2))
                    else:
                        yield result
            _end_overdue(running, job)
    finally:
        for connection, worker in running.items():
            worker.process.kill()
            worker.process.join()
            connection.close()


@dataclass(frozen=True)
class _Running:
    process: ForkServerProcess
    hand_in: HandIn
    attempt: int
    started: float


def _take(connection: Connection, worker: _Running, job: Job, wall: Wall) -> SubmissionResult:
    try:
        outcome = connection.recv()
    except EOFError:
        outcome = "the grading process ended without a result"
    connection.close()
    worker.process.join()
    if isinstance(outcome, AutograderError):
        raise outcome
    if isinstance(outcome, SubmissionResult):
        return outcome
    return grader_error(job, worker.hand_in.submission, wall.name, str(outcome))


def _end_overdue(running: dict[Connection, _Running], job: Job) -> None:
    limit = job.assignment.limits.submission_seconds * 2 + SLACK_SECONDS
    for worker in running.values():
        if time.monotonic() - worker.started > limit:
            worker.process.kill()


def grader_error(job: Job, submission: str, wall: str, why: str) -> SubmissionResult:
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


def _die_with_parent() -> None:
    """End this process when the one that forked it ends, however that comes about.

    The fork server ends when the client does; bubblewrap ends with us.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _work(connection: Connection, job: Job, hand_in: HandIn, wall: Wall) -> None:
    """In the forked process: grade one, send the result, and be gone."""
    # Ctrl-C reaches the whole terminal; the client alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    try:
        connection.send(job.grade(hand_in.path, hand_in.submission, wall))
    except AutograderError as error:
        connection.send(error)
    # Whatever else goes wrong is ours: it becomes `grader_error`, never a score.
    except Exception as error:  # noqa: BLE001
        connection.send(f"{type(error).__name__}: {error}")
    finally:
        connection.close()
