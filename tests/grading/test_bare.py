"""The bare run that the benchmarks compare with: it judges as grading does, without a sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.assignment.kit import Kit

from .conftest import RIGHT, notebook

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def run_bare(kit: Kit, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The bare run of one notebook, twice over."""
    path = folder / "hand-in.ipynb"
    path.write_text(text)
    command = [sys.executable, "-m", "benchmarks.bare", str(kit.folder), str(path), "2"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_right_work_is_timed(kit: Kit, tmp_path: Path) -> None:
    done = run_bare(kit, notebook(RIGHT), tmp_path)
    assert done.returncode == 0, done.stderr
    rounds = json.loads(done.stdout)
    assert len(rounds) == 2
    for seconds, wire in rounds:
        assert 0 < wire < seconds


def test_wrong_work_is_no_measure(kit: Kit, tmp_path: Path) -> None:
    wrong = RIGHT | {"q1_1": "def double(x):\n    return x + 2"}
    done = run_bare(kit, notebook(wrong), tmp_path)
    assert done.returncode != 0
    assert "bare, these fail: ['test_secret'" in done.stderr
