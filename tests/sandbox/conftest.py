"""A real sandbox for a few tests, and notebooks as lists of cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.assignment import Limits
from autograder.sandbox.choice import choose_wall
from autograder.sandbox.execution import Execution, Step, run_notebook
from autograder.sandbox.server import Sandbox, one_sandbox
from autograder.sandbox.wall import Furniture

LIMITS = Limits(
    cell_seconds=3, check_seconds=3, memory_mb=1500, disk_mb=32, output_mb=1, processes=100
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What students are given."""
    files = tmp_path_factory.mktemp("files")
    (files / "data").mkdir()
    (files / "data" / "numbers.txt").write_text("1 2 3")
    return files


@pytest.fixture(scope="module")
def sandbox(files: Path) -> Iterator[Sandbox]:
    """Behind the best wall that this machine has."""
    with one_sandbox(choose_wall("auto"), Furniture(files), LIMITS) as sandbox:
        yield sandbox


Run = Callable[..., Execution]


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    """Run cells in a fresh notebook; cell N is the check point of question `qN`."""
    return running_in(sandbox)


def running_in(sandbox: Sandbox) -> Run:
    """What runs cells in this sandbox."""

    def run(
        *cells: str,
        files: dict[str, bytes] | None = None,
        seconds: float = 60,
        cell_seconds: float = LIMITS.cell_seconds,
    ) -> Execution:
        steps = [
            Step(number, source, f"q{number}", cell_seconds, (f"q{number}",))
            for number, source in enumerate(cells, start=1)
        ]
        return run_notebook(sandbox, steps, files or {}, 2**20, seconds)

    return run
