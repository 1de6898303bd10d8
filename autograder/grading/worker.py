"""A worker: a process that is warm for one class, and grades each submission in a fork of itself.

It starts the warm server of its sandboxes and collects the checks; then it takes hand-ins, one
after the other. Every submission starts from the same state, and what becomes of the fork touches
no other: where checks run in it, each has one of its own.
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
from multiprocessing.connection import Connection

from autograder.errors import AssignmentError, AutograderError
from autograder.grading.hand_in import HandIn
from autograder.grading.job import Grade, Job
from autograder.results import SubmissionResult
from autograder.sandbox.wall import Wall

PR_SET_PDEATHSIG = 1

MORE, CLOSED, DIED = 0, 1, 2
"""How a fork ends: it has done its share, the client has closed, or something of ours failed."""


def work(connection: Connection, job: Job, wall: Wall) -> None:
    """The worker's process: take hand-ins and send results, until the client closes.

    An outcome is a SubmissionResult, an AutograderError where no hand-in can be graded here, or
    words for a fault of ours that one hand-in met.
    """
    # Ctrl-C reaches the whole terminal; the client alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()

    def serve(grade: Grade) -> None:
        # A collection in a fork must not touch, and so copy, every page that it inherits.
        gc.collect()
        gc.freeze()
        while _grade_in_a_fork(connection, grade, job.in_a_row):
            pass

    try:
        job.warm(wall, serve)
    except AutograderError as error:
        connection.send(error)


def _grade_in_a_fork(connection: Connection, grade: Grade, most: int) -> bool:
    """Grade up to ``most`` hand-ins in a fork of this process; whether there may be more.

    Where the fork dies we end, too: then the client learns at once which hand-in it was.
    """
    child = os.fork()
    if child == 0:
        status = DIED
        try:
            _die_with_parent()
            status = _take_hand_ins(connection, grade, most)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == MORE


def _take_hand_ins(connection: Connection, grade: Grade, most: int) -> int:
    for _ in range(most):
        try:
            hand_in = connection.recv()
        except EOFError:
            return CLOSED
        connection.send_bytes(pickle.dumps(_outcome(grade, hand_in)))
    return MORE


def _outcome(grade: Grade, hand_in: HandIn) -> SubmissionResult | AutograderError | str:
    try:
        return grade(hand_in)
    # The checks do not fit the assignment: that is so for every hand-in.
    except AssignmentError as error:
        return error
    # Whatever else goes wrong is ours: it becomes `grader_error`, never a score.
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"


def _die_with_parent() -> None:
    """End this process when the one that forked it ends, however that comes about.

    The fork server ends when the client does; bubblewrap ends with us.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
