"""An assignment whose checks are tested, with all that the tests need of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.assignment import Kind, Master, load_master
from autograder.authoring.mutants import (
    RightSolution,
    WrongSolution,
    read_right,
    read_right_file,
    read_wrong,
)
from tests.solutions.bench import (
    Check,
    imports,
    names_of,
    read_checks,
    reference_answers,
    run_check,
)

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"


@dataclass(frozen=True)
class Subject:
    """One master, and what differs from assignment to assignment."""

    name: str
    constant: dict[str, str]
    """For each code question an answer of the right form that looks at nothing."""
    quick: frozenset[str]
    """Wrong solutions that `make quick` tries, too."""
    accuracy: tuple[tuple[float, float], ...]
    """Accuracies of `model`, each with the points that it should earn."""

    @cached_property
    def master(self) -> Master:
        return load_master(SOLUTIONS / self.name)

    @cached_property
    def code(self) -> tuple[str, ...]:
        """The questions that ask for code."""
        return tuple(q.id for q in self.master.assignment.questions if q.kind == Kind.CODE)

    @cached_property
    def training(self) -> str:
        """The question that trains, whose checks take longest."""
        assert self.master.assignment.training
        return self.master.assignment.training.question

    @cached_property
    def prelude(self) -> str:
        return imports(self.master)

    @cached_property
    def reference(self) -> dict[str, str]:
        return reference_answers(self.master)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        return tuple(c for c in read_checks(self.master.checks) if c.question in self.code)

    @cached_property
    def accuracy_check(self) -> Check:
        return next(check for check in self.checks if check.name == "test_accuracy")

    @cached_property
    def behaviour(self) -> tuple[Check, ...]:
        """All checks but that of the accuracy, which needs a trained model."""
        return tuple(check for check in self.checks if check is not self.accuracy_check)

    @cached_property
    def wrong(self) -> tuple[WrongSolution, ...]:
        return read_wrong(self.master)

    @cached_property
    def right(self) -> tuple[RightSolution, ...]:
        return read_right(self.master)

    @cached_property
    def outsiders(self) -> tuple[RightSolution, ...]:
        """Right solutions in the manner of other people's code, which nobody trains."""
        known = {question.id for question in self.master.assignment.questions}
        folder = Path(__file__).parent / "outsiders" / self.name
        return tuple(read_right_file(path, known) for path in sorted(folder.glob("*.py")))

    def checks_of(self, question: str) -> tuple[Check, ...]:
        return tuple(check for check in self.behaviour if check.question == question)

    def names(self, answers: dict[str, str]) -> dict[str, object]:
        return names_of(self.prelude, answers, self.code)

    def failures(
        self, answers: dict[str, str], checks: tuple[Check, ...], seed: int = 0
    ) -> dict[str, str]:
        """The checks that these answers fail, each with its error."""
        names = self.names(answers)
        outcomes = [run_check(check, names, seed) for check in checks]
        return {out.check.name: f"{out.error!r}" for out in outcomes if not out.passed}
