"""The pytest run: every check of an assignment against the snapshots of one notebook."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autograder.errors import AssignmentError
from autograder.judge.case import Case, Judgement, Outcome, QuestionCase, Redraw
from autograder.judge.run import CheckRun
from autograder.results import Evidence

__all__ = ["Case", "Judgement", "Outcome", "QuestionCase", "Redraw", "judge"]


def judge(case: Case) -> Outcome:
    """Run all checks of a case. Raises AssignmentError where the checks can't be collected."""
    plugin = CheckRun(case)
    arguments = [
        str(case.checks),
        "--assert=plain",
        "--import-mode=importlib",
        "--capture=no",
        "-p no:cacheprovider",
        "-p no:terminal",
        "-p no:faulthandler",
        "-p no:warnings",
        f"--rootdir={case.checks}",
        f"--confcutdir={case.checks}",
        "-c/dev/null",
    ]
    status = pytest.main(arguments, plugins=[plugin])
    _forget_checks(case.checks)
    if plugin.collection_errors or status not in (
        pytest.ExitCode.OK,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        raise AssignmentError(
            f"the checks can't be run: {'; '.join(plugin.collection_errors) or status!r}",
            where=str(case.checks),
            remedy="Run pytest on that folder to see the fault.",
        )
    evidence = None
    if case.redraw is not None:
        evidence = Evidence(tuple(plugin.failures), plugin.redrawn)
    return Outcome(plugin.judgements, plugin.flags, plugin.student_seconds, evidence)


def _forget_checks(folder: Path) -> None:
    """Drop the check modules, lest another assignment's of the same name be taken for them."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(folder):
            del sys.modules[name]
