"""A small hand-written bundle, hand-ins for it, and our grading of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.bundle.foreign.grading import grade_hand_in
from autograder.bundle.foreign.job import NO_FILES, BundleJob
from autograder.bundle.foreign.preparing import prepare
from autograder.results import SubmissionResult
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.server import WarmServer
from autograder.sandbox.wall import Furniture

from .material import OLDER_CONFIG, OLDER_TESTS
from .notebooks import by_hand, write


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    return by_hand(folder / "older.zip", OLDER_CONFIG, OLDER_TESTS, {"data/in.txt": "1 2\n"})


@pytest.fixture(scope="session")
def job(bundle: Path) -> BundleJob:
    return prepare(bundle, [], "auto", cell_seconds=6)


def grade_alone(job: BundleJob, path: Path) -> SubmissionResult:
    """Grade one hand-in with a warm server of its own."""
    with WarmServer(choose_wall("auto"), Furniture(NO_FILES, job.imports)) as server:
        return grade_hand_in(job, path, path.name, server)


Grade = Callable[..., SubmissionResult]


@pytest.fixture
def grade(job: BundleJob, tmp_path: Path) -> Grade:
    """Grade a notebook of these cells."""

    def grade(*cells: Any, job: BundleJob = job, name: str = "a.ipynb") -> SubmissionResult:
        start = "import otter\ngrader = otter.Notebook()"
        path = write(tmp_path / name, [start, *cells])
        return grade_alone(job, path)

    return grade


def scores(result: SubmissionResult) -> dict[str, float]:
    """Points by question."""
    return {question.id: round(question.auto_score, 5) for question in result.questions}
