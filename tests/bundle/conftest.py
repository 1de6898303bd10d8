"""The small assignment of tests/authoring as an otter bundle, and hand-ins for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import load_master
from autograder.authoring.answers import make_submission, write_notebook
from autograder.authoring.build import build
from autograder.authoring.master import Notebooks, make_notebooks
from autograder.authoring.products import products

MINI = Path(__file__).resolve().parents[1] / "authoring" / "masters" / "t01-mini"


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bundle")
    build(MINI, root)
    return products("t01-mini", root).bundle


@pytest.fixture(scope="session")
def notebooks() -> Notebooks:
    return make_notebooks(load_master(MINI))


HandIn = Callable[..., Path]


@pytest.fixture
def hand_in(notebooks: Notebooks, tmp_path: Path) -> HandIn:
    """Write the reference with some answers replaced, or the blank template."""

    def hand_in(name: str, blank: bool = False, **answers: str) -> Path:
        code = answers if blank else notebooks.solutions | answers
        path = tmp_path / name
        notebook = make_submission(notebooks.template, code, {}, name="Ada", number="1")
        write_notebook(notebook, path)
        return path

    return hand_in


@dataclass(frozen=True)
class Run:
    """What one `otter run` did."""

    status: int
    output: str
    results: dict[str, Any] | None
    """results.json, where there is one."""

    @property
    def scores(self) -> dict[str, float]:
        assert self.results is not None, self.output
        return {test["name"]: test["score"] for test in self.results["tests"] if "score" in test}

    def shown_to(self, visibility: str) -> str:
        assert self.results is not None, self.output
        tests = [test for test in self.results["tests"] if test["visibility"] == visibility]
        return "\n".join(test["output"] for test in tests)


OtterRun = Callable[..., Run]


@pytest.fixture
def otter_run(bundle: Path, tmp_path: Path) -> OtterRun:
    """Stock `otter run`."""

    def run(submission: Path, zip: Path = bundle, **environment: str) -> Run:
        out = tmp_path / f"out-{submission.name}"
        out.mkdir()
        otter = [sys.executable, "-m", "otter", "run", "-a", str(zip), "-o", str(out)]
        done = subprocess.run(
            [*otter, "--no-logo", str(submission)],
            cwd=out,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        results = out / "results.json"
        return Run(
            done.returncode,
            done.stdout + done.stderr,
            json.loads(results.read_text()) if results.is_file() else None,
        )

    return run
