"""What we use of otter's own code outside of the sandbox: its rules on points and results."""

from __future__ import annotations

import functools
import json
from typing import Any

from autograder.sandbox.guest.quick_otter import postpone

# isort: split
from otter.test_files import GradingResults, TestCase
from otter.test_files.abstract_test import TestCaseResult
from otter.test_files.exception_test import ExceptionTestFile

__all__ = ["ExceptionTestFile", "GradingResults", "TestCase", "TestCaseResult", "config_of"]


def config_of(config: dict[str, Any]) -> Any:
    """Otter's own object for an otter_config.json."""
    return _config_of(json.dumps(config))


@functools.cache
def _config_of(text: str) -> Any:
    # It stands beside what runs a whole grading, and imports pandas for that.
    postpone("otter.run", ("main",))
    postpone("otter.run.run_autograder", ("main",))
    from otter.run.run_autograder.autograder_config import AutograderConfig

    return AutograderConfig(json.loads(text))
