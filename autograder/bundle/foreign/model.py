"""An otter bundle and its tests as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otter.test_files import TestFile


@dataclass(frozen=True)
class OtterCase:
    """One case of a test, with its points as otter resolves them."""

    name: str
    hidden: bool
    points: float
    success_message: str = ""
    failure_message: str = ""


@dataclass(frozen=True)
class OtterTest:
    """One test file: a question."""

    stem: str
    """The file's name without `.py`: what a notebook says to `grader.check`."""
    name: str
    """What the test calls itself, and otter's results call it."""
    cases: tuple[OtterCase, ...]
    all_or_nothing: bool = False

    def scored(self, passed: Sequence[bool], messages: Sequence[str]) -> TestFile:
        """Otter's own object for an outcome: it knows the rules by which points add up."""
        # Otter takes a second to import: a class that is graded should not wait for it.
        from autograder.bundle.foreign.otter_itself import (
            ExceptionTestFile,
            TestCase,
            TestCaseResult,
        )

        cases = [
            TestCase(
                name=case.name,
                body="",
                hidden=case.hidden,
                points=case.points,
                success_message=case.success_message or None,
                failure_message=case.failure_message or None,
            )
            for case in self.cases
        ]
        file = ExceptionTestFile(self.name, f"tests/{self.stem}.py", cases, self.all_or_nothing)
        file.test_case_results = [
            TestCaseResult(case, message, outcome)
            for case, message, outcome in zip(cases, messages, passed, strict=True)
        ]
        return file

    @property
    def possible(self) -> float:
        """The points that otter gives at most."""
        return float(sum(case.points for case in self.cases))


@dataclass(frozen=True)
class OtterBundle:
    """What a bundle's zip holds for grading; the files beside the notebook stay in the zip."""

    path: Path
    digest: str
    """SHA-256 of the zip, in hexadecimal digits."""
    config: dict[str, Any]
    """otter_config.json."""
    test_files: dict[str, bytes] = field(default_factory=dict)
    """All that stands below tests/, by its path there."""
    origin: str = ""
    """Where the tests come from, where that is not tests/: a sentence."""

    @property
    def stems(self) -> tuple[str, ...]:
        """The names of the tests in otter's order: what a notebook says to `grader.check`."""
        names = [name for name in self.test_files if name.endswith(".py") and "/" not in name]
        return tuple(sorted(name.removesuffix(".py") for name in names if name != "__init__.py"))

    @property
    def material(self) -> dict[str, bytes]:
        """What stands in tests/ beside the tests, and tests may read."""
        tests = {f"{stem}.py" for stem in self.stems}
        return {name: data for name, data in self.test_files.items() if name not in tests}

    @property
    def seed(self) -> int | None:
        """What otter seeds random numbers with before each cell."""
        seed = self.config.get("seed")
        return seed if type(seed) is int else None

    @property
    def seed_variable(self) -> str | None:
        """A name that is set to the seed in place of that."""
        name = self.config.get("seed_variable")
        return name if isinstance(name, str) and name.isidentifier() else None

    @property
    def show_hidden(self) -> bool:
        """Whether students see the outcome of hidden cases."""
        return bool(self.config.get("show_hidden", False))

    @property
    def assignment_name(self) -> str:
        """The name that a notebook has to carry in its metadata; empty for any."""
        return str(self.config.get("assignment_name") or "")


def totals(tests: Sequence[TestFile], config: dict[str, Any]) -> dict[str, Any]:
    """Otter's results.json for these outcomes, with its rules on totals and on what is visible."""
    from autograder.bundle.foreign.otter_itself import GradingResults, config_of

    results: dict[str, Any] = GradingResults(list(tests)).to_gradescope_dict(config_of(config))
    return results
