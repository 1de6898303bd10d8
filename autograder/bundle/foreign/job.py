"""What a class is graded for where only a bundle is known: its tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.models import Rubrics
from autograder.bundle.foreign.assignment import BundleAssignment, question_ids
from autograder.bundle.foreign.model import OtterBundle, OtterTest
from autograder.grading.job import Grade
from autograder.sandbox.wall import Furniture, Wall

NO_FILES = Path("/nonexistent")
"""The files of a bundle are copied beside each notebook, as otter does: code may change them."""


@dataclass(frozen=True)
class BundleJob:
    """A bundle, ready to grade a class with."""

    bundle: OtterBundle
    tests: tuple[OtterTest, ...]
    assignment: BundleAssignment
    build_hash: str
    imports: tuple[str, ...]
    """What is imported before notebooks are forked."""

    @property
    def rubrics(self) -> Rubrics:
        """None: nothing in a bundle is marked by a person."""
        return Rubrics()

    @property
    def preload(self) -> tuple[str, ...]:
        """This module, and otter."""
        return ("autograder.bundle.foreign.warm",)

    @property
    def in_a_row(self) -> int:
        """Many: here hand-ins are read and verdicts taken, and nothing of theirs is run."""
        return 50

    @property
    def question_hashes(self) -> Mapping[str, str]:
        """Nothing of a bundle belongs to one question alone."""
        return dict.fromkeys(question_ids(self.tests), "")

    def warm(self, wall: Wall, work: Callable[[Grade], None]) -> None:
        """Start the server; nothing else has to be ready."""
        # Imported in the worker: the client of a class that is graded needs none of it.
        from autograder.bundle.foreign.grading import grade_hand_in
        from autograder.sandbox.server import WarmServer
        from autograder.sandbox.trials import require_promises

        with WarmServer(wall, Furniture(NO_FILES, self.imports)) as server:
            require_promises(server)
            work(lambda it: grade_hand_in(self, it.path, it.submission, server))
