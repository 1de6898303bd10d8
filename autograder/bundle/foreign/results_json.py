"""The results of a submission as Gradescope reads them: otter's results.json."""

from __future__ import annotations

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
