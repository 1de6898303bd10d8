"""What we use of otter's own code outside of the sandbox: its rules on points and results."""

from __future__ import annotations

from typing import Any

from autograder.sandbox.guest import quick_otter  # noqa: F401

# isort: split
from otter.test_files import GradingResults, TestCase
from otter.test_files.abstract_test import TestCaseResult
from otter.test_files.exception_test import ExceptionTestFile

__all__ = ["ExceptionTestFile", "GradingResults", "TestCase", "TestCaseResult", "config_of"]


def config_of(config: dict[str, Any]) -> Any:
    """Otter's own object for an otter_config.json."""
    # It stands beside what runs a whole grading, which imports pandas: no worker needs that.
    from otter.run.run_autograder.autograder_config import AutograderConfig

    return AutograderConfig(dict(config))
