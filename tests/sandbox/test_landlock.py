"""Landlock, where the kernel has it: writing below the given folders and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autograder.sandbox import guest
from autograder.sandbox.guest.landlock import landlock_version

pytestmark = pytest.mark.skipif(landlock_version() < 2, reason="this kernel has no Landlock")

PROGRAM = """
import ctypes, os, socket, sys
sys.path.insert(0, {package!r})
from guest.landlock import restrict_writing
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
restrict_writing([{inside!r}])
def tried(action, *arguments):
    try:
        action(*arguments)
        return "done"
    except OSError as error:
        return type(error).__name__
"""


def inside(folder: Path, expression: str) -> str:
    """What an expression comes to in a process that may write below ``folder``/in alone."""
    for name in ("in/a", "in/b", "out"):
        (folder / name).mkdir(parents=True)
    (folder / "in" / "a" / "old").write_text("x")
    package = str(Path(guest.__file__).parents[1])
    program = PROGRAM.format(package=package, inside=str(folder / "in"))
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nprint({expression})"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("tried(open, 'in/a/new', 'w')", "done"),
        ("tried(os.mkdir, 'in/new')", "done"),
        ("tried(os.replace, 'in/a/old', 'in/b/old')", "done"),
        ("tried(open, 'in/a/old')", "done"),
        ("tried(os.listdir, 'out')", "done"),
        ("tried(open, 'out/new', 'w')", "PermissionError"),
        ("tried(os.mkdir, 'out/new')", "PermissionError"),
        ("tried(os.symlink, 'x', 'out/link')", "PermissionError"),
        ("tried(os.replace, 'in/a/old', 'out/old')", "PermissionError"),
    ],
)
def test_files_change_inside_only(expression: str, expected: str, tmp_path: Path) -> None:
    assert inside(tmp_path, expression) == expected


@pytest.mark.skipif(landlock_version() < 6, reason="this kernel's Landlock knows no scopes")
def test_no_signal_reaches_a_process_outside(tmp_path: Path) -> None:
    assert inside(tmp_path, "tried(os.kill, os.getppid(), 0)") == "PermissionError"
