"""The results of a submission as Gradescope reads them: otter's results.json."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from autograder.bundle.foreign.job import BundleJob
from autograder.bundle.foreign.model import totals
from autograder.results import SubmissionResult


def gradescope_results(job: BundleJob, result: SubmissionResult) -> dict[str, Any]:
    """What otter's results.json would be, by otter's own rules, for our outcomes."""
    files = []
    for test, question in zip(job.tests, result.questions, strict=True):
        checks = question.checks
        passed = [check.passed for check in checks] or [False] * len(test.cases)
        messages = [check.message for check in checks] or [""] * len(test.cases)
        files.append(test.scored(passed, messages))
    return totals(files, job.bundle.config)


@contextmanager
def otters_form(job: BundleJob) -> Iterator[Callable[[SubmissionResult], str]]:
    """What makes otter's results.json of a result, as text.

    A process beside us does it, forked from the one that workers are: that has imported otter.
    """
    context = get_context("forkserver")
    ours, theirs = context.Pipe()
    process = context.Process(target=_fill_in_forms, args=(theirs, job))
    process.start()
    theirs.close()

    def form(result: SubmissionResult) -> str:
        ours.send(result)
        text: str = ours.recv()
        return text

    try:
        yield form
    finally:
        ours.close()
        process.join()


def _fill_in_forms(connection: Connection, job: BundleJob) -> None:
    # Ctrl-C reaches the whole terminal; the client alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            result = connection.recv()
        except EOFError:
            return
        results = gradescope_results(job, result)
        connection.send(json.dumps(results, ensure_ascii=False, indent=2) + "\n")
