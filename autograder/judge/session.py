"""Collecting the checks of an assignment, once for all submissions that come before the judge."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.errors import AssignmentError
from autograder.judge.case import Case, Judgement, Outcome, QuestionCase, Redraw
from autograder.judge.run import CheckRun

__all__ = ["Case", "CheckRun", "Judgement", "Outcome", "QuestionCase", "Redraw", "with_checks"]


def with_checks(checks: Path, hidden_files: Path, work: Callable[[CheckRun], None]) -> None:
    """Collect the checks in a folder and call ``work`` with them, inside of one pytest session.

    ``work`` may judge any number of cases (`CheckRun.judge`), or fork and judge in the forks. What
    it raises comes out of here. Raises AssignmentError where the checks can't be collected.
    """
    plugin = CheckRun(hidden_files, work)
    arguments = [
        str(checks),
        "--assert=plain",
        "--import-mode=importlib",
        "--capture=no",
        "-p no:cacheprovider",
        "-p no:terminal",
        "-p no:faulthandler",
        "-p no:warnings",
        f"--rootdir={checks}",
        f"--confcutdir={checks}",
        "-c/dev/null",
    ]
    status = pytest.main(arguments, plugins=[plugin])
    _forget_checks(checks)
    if plugin.raised is not None:
        raise plugin.raised
    if plugin.collection_errors or status not in (
        pytest.ExitCode.OK,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    ):
        raise AssignmentError(
            f"the checks can't be run: {'; '.join(plugin.collection_errors) or status!r}",
            where=str(checks),
            remedy="Run pytest on that folder to see the fault.",
        )


def _forget_checks(folder: Path) -> None:
    """Drop the check modules, lest another assignment's of the same name be taken for them."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(folder):
            del sys.modules[name]
