"""What we use of otter's own code outside of the sandbox: its rules on points and results."""

from autograder.sandbox.guest import quick_otter  # noqa: F401

# isort: split
from otter.run.run_autograder.autograder_config import AutograderConfig
from otter.test_files import GradingResults, TestCase
from otter.test_files.abstract_test import TestCaseResult
from otter.test_files.exception_test import ExceptionTestFile

__all__ = ["AutograderConfig", "ExceptionTestFile", "GradingResults", "TestCase", "TestCaseResult"]
