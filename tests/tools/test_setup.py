"""The script that brings what pip can't, where the machine lacks it and we may not install."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "setup.sh"


@pytest.fixture
def machine(tmp_path: Path):
    """A machine with a few programs, whose user is not root and has no sudo."""
    for name in ("bash", "cat", "env", "tail", "mktemp", "rm"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    user = tmp_path / "id"
    user.write_text("#!/bin/sh\necho 1000\n")
    user.chmod(0o755)

    def run(*what: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, *what],
            env={**os.environ, "PATH": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_what_is_missing_and_may_not_be_installed_is_said_in_one_line(machine):
    done = machine("bwrap")

    assert done.returncode == 0
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "bubblewrap" in done.stderr


def test_what_is_there_is_passed_over_in_silence(machine, tmp_path: Path):
    (tmp_path / "bwrap").symlink_to("/bin/true")
    done = machine("bwrap")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_thing_it_does_not_know_is_an_error(machine):
    done = machine("bubblewrap")

    assert done.returncode == 2
    assert "bwrap, chromium, venv" in done.stderr
