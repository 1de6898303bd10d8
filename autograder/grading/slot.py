"""A grading process on a machine of a cluster: a program of its own beside Dask's worker.

Dask's worker has threads, and may not start processes with `multiprocessing`; what grades forks,
and must have none. So a slot starts a new program that becomes a worker as on one machine
(`grading.worker.work`), keeps its warm server and its collected checks from one hand-in to the
next, and dies with Dask's worker.
"""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from autograder.errors import AutograderError
from autograder.grading.environment import ENVIRONMENT
from autograder.grading.hand_in import HandIn
from autograder.results import SubmissionResult
from autograder.sandbox.control_groups import remove_groups_of


class Slot:
    """One grading process, which takes one hand-in at a time.

    It dies with the thread that started it: threads of Dask's worker last as long as that does.
    """

    def __init__(self, job: bytes, folder: Path, wall: str) -> None:
        """Start it for a pickled `TravellingJob` whose content lies in ``folder``."""
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "autograder.grading.slot", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={**os.environ, **ENVIRONMENT},
                start_new_session=True,
            )
        self._connection.send((job, folder, wall))

    def grade(self, hand_in: HandIn, seconds: float) -> SubmissionResult | AutograderError | str:
        """What became of a hand-in; words where the process did not get it done in time."""
        try:
            self._connection.send(hand_in)
            if not self._connection.poll(seconds):
                return f"grading took longer than {seconds:.0f} seconds"
            outcome: SubmissionResult | AutograderError | str = self._connection.recv()
        except (EOFError, ConnectionResetError, BrokenPipeError):
            return "the grading process ended without a result"
        return outcome

    def end(self) -> None:
        """Kill it; its sandboxes end with it. Whoever waits for an outcome gets words."""
        self._process.kill()
        self._process.wait()
        remove_groups_of(self._process.pid)


def main() -> None:
    """The program: become a worker for the job that comes first over the connection."""
    # Here, not above: Dask's worker needs none of it, and torch is large.
    from autograder.grading.job import TravellingJob
    from autograder.grading.worker import work
    from autograder.sandbox.choice import choose_wall

    connection = Connection(int(sys.argv[1]))
    try:
        packed, folder, wish = connection.recv()
    except EOFError:
        return
    try:
        travelling: TravellingJob = pickle.loads(packed)
        job, wall = travelling.at(folder), choose_wall(wish)
        for module in job.preload:
            importlib.import_module(module)
    except AutograderError as error:
        connection.send(error)
        return
    work(connection, job, wall)


if __name__ == "__main__":
    main()
