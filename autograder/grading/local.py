"""A class on this machine: as many workers as there are jobs, each grading one after the other."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext

from autograder.errors import AutograderError
from autograder.grading.fork_server import start_importing
from autograder.grading.hand_in import HandIn
from autograder.grading.job import Job, failed, patience
from autograder.grading.worker import work
from autograder.results import Ending, SubmissionResult
from autograder.sandbox.control_groups import remove_groups_of, shares_out_the_processor
from autograder.sandbox.wall import Wall

AHEAD = 2
"""Hand-ins that a worker has at most: the one it grades, and the next, so that it never waits."""

ATTEMPTS = 2
"""A fault of ours is tried once more: the machine may have been short of something."""


def grade_class(
    job: Job, hand_ins: Sequence[HandIn], wall: Wall, jobs: int
) -> Iterator[SubmissionResult]:
    """Grade all hand-ins, ``jobs`` at a time; results as they come.

    A fault of ours is tried once more, then it comes as a result with the ending `grader_error`.
    What ran out of time while a neighbour could take the processor from it is graded again at the
    end, alone, and that counts: nothing comes of it before.

    Raises AutograderError where nothing can be graded at all: the wall, or the checks.
    """
    workers = min(jobs, len(hand_ins))
    disturbed = workers > 1 and not (wall.promises and shares_out_the_processor())
    alone: list[HandIn] = []
    for hand_in, result in _graded(job, hand_ins, wall, workers):
        if disturbed and _ran_out_of_time(result):
            alone.append(hand_in)
        else:
            yield result
    for _, result in _graded(job, alone, wall, 1):
        yield result


def _ran_out_of_time(result: SubmissionResult) -> bool:
    return Ending.TIMED_OUT in {result.status, *(question.status for question in result.questions)}


def _graded(
    job: Job, hand_ins: Sequence[HandIn], wall: Wall, jobs: int
) -> Iterator[tuple[HandIn, SubmissionResult]]:
    if not hand_ins:
        return
    context = multiprocessing.get_context("forkserver")
    start_importing(job.preload)
    waiting = deque(hand_ins)
    attempts: dict[str, int] = {}
    workers = [_Worker(context, job, wall) for _ in range(jobs)]
    try:
        while waiting or any(worker.taken for worker in workers):
            for worker in workers:
                while waiting and len(worker.taken) < AHEAD:
                    worker.take(waiting.popleft())
            busy = {worker.connection: worker for worker in workers if worker.taken}
            for connection in wait(list(busy), timeout=1.0):
                worker = busy[connection]  # type: ignore[index]  # wait() returns what it was given
                hand_in, outcome = worker.outcome()
                if isinstance(outcome, AutograderError):
                    waiting.extendleft(reversed([hand_in, *worker.left()]))
                    worker.refusals += 1
                    # It may be for want of what its neighbours hold: they go on without it.
                    if len(workers) > 1:
                        workers.remove(worker)
                        worker.end()
                    elif worker.refusals < ATTEMPTS:
                        worker.restart()
                    else:
                        raise outcome
                    continue
                worker.refusals = 0
                if isinstance(outcome, SubmissionResult) and outcome.status != Ending.GRADER_ERROR:
                    yield hand_in, outcome
                    continue
                attempt = attempts[hand_in.submission] = attempts.get(hand_in.submission, 0) + 1
                # Whatever the fault was, the next try gets a new server and newly read checks.
                waiting.extendleft(reversed(worker.left()))
                worker.restart()
                if attempt < ATTEMPTS:
                    waiting.appendleft(hand_in)
                elif isinstance(outcome, SubmissionResult):
                    yield hand_in, outcome
                else:
                    yield hand_in, failed(job, hand_in.submission, wall.name, outcome)
            for worker in workers:
                worker.end_if_overdue()
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A worker's process as the client sees it."""

    def __init__(self, context: ForkServerContext, job: Job, wall: Wall) -> None:
        self._context, self._job, self._wall = context, job, wall
        self.taken: deque[HandIn] = deque()
        """What it has been given; it works on the first."""
        self.refusals = 0
        """How often in a row it was not fit to grade anything."""
        self._since = time.monotonic()
        self._limit = patience(job)
        self._start()

    def _start(self) -> None:
        self.connection, theirs = self._context.Pipe()
        arguments = (theirs, self._job, self._wall)
        self._process = self._context.Process(target=work, args=arguments)
        self._process.start()
        theirs.close()

    def take(self, hand_in: HandIn) -> None:
        """Give it one more."""
        if not self.taken:
            self._since = time.monotonic()
        self.taken.append(hand_in)
        try:
            self.connection.send(hand_in)
        except BrokenPipeError:
            # It ended: that is read as the outcome of the first that it had.
            return

    def outcome(self) -> tuple[HandIn, SubmissionResult | AutograderError | str]:
        """What became of the first hand-in that it had."""
        try:
            outcome = self.connection.recv()
        except (EOFError, ConnectionResetError):
            outcome = "the grading process ended without a result"
        self._since = time.monotonic()
        return self.taken.popleft(), outcome

    def left(self) -> list[HandIn]:
        """Take back what it has not begun."""
        left = list(self.taken)
        self.taken.clear()
        return left

    def restart(self) -> None:
        """End it and start anew."""
        self.end()
        self._start()

    def end_if_overdue(self) -> None:
        """Kill a worker that has been at one submission for too long."""
        if self.taken and time.monotonic() - self._since > self._limit:
            self._process.kill()

    def end(self) -> None:
        """Kill it; its sandboxes end with it."""
        self._process.kill()
        self._process.join()
        if self._process.pid is not None:
            remove_groups_of(self._process.pid)
        self.connection.close()
