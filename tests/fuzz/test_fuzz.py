"""A bounded time of coverage-guided fuzzing; inputs that it finds become cases of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris, the coverage-guided fuzzer, has no wheel here")

ROOT = Path(__file__).resolve().parents[2]


def fuzz(target: str, runs: int, folder: Path, longest: int) -> None:
    """Fuzz with so many inputs, of so many bytes at most; each is bounded in time and memory."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", target, f"-runs={runs}", f"-max_len={longest}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [path.name for path in folder.iterdir()]
    assert (done.returncode, found) == (0, []), done.stderr[-3000:]
    executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    assert executed
    assert int(executed[1]) >= runs


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "runs", "longest"),
    [("wire", 20_000, 512), ("intake", 500, 8192), ("checkpoint", 5_000, 512)],
)
def test_a_sample_of_inputs_does_no_harm(
    target: str, runs: int, longest: int, tmp_path: Path
) -> None:
    fuzz(target, runs, tmp_path, longest)


@pytest.mark.long
@pytest.mark.parametrize(
    ("target", "runs", "longest"),
    [
        ("wire", 1_000_000, 4096),
        ("intake", 10_000, 65_536),
        ("checkpoint", 100_000, 4096),
    ],
)
def test_the_full_count_of_inputs_does_no_harm(
    target: str, runs: int, longest: int, tmp_path: Path
) -> None:
    fuzz(target, runs, tmp_path, longest)
