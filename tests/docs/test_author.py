"""The tutorial for authors is followed to the letter: each file written, each command run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.assignment import load_master
from autograder.authoring.new import SKELETON, write_skeleton
from autograder.errors import AssignmentError

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(`{3,})(\w+)([^\n]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`(solutions/[^`\s]+)`")


def steps(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Every block with its language, what stands behind it, and the paragraph above."""
    for fence in FENCE.finditer(text):
        above = text[: fence.start()].rstrip().rpartition("\n\n")[2]
        yield fence[2], fence[3].strip(), fence[4], above


@pytest.mark.long
def test_the_tutorial_makes_an_assignment_that_is_proved(tmp_path: Path) -> None:
    ran = []
    for language, note, content, above in steps((ROOT / "docs" / "author.md").read_text()):
        if language == "bash":
            for line in content.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "autograder"
                done = subprocess.run(
                    [sys.executable, "-m", "autograder", *arguments],
                    cwd=tmp_path,
                    env={**os.environ, "COLUMNS": "200"},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                # A sample class holds two hand-ins that can't be read.
                expected = 1 if note == "exit=1" or arguments[0] == "grade" else 0
                assert done.returncode == expected, f"{line}\n{done.stdout}{done.stderr}"
                ran.append(arguments[0])
            continue
        if note == "example":
            continue
        path = tmp_path / FILE.findall(above)[-1]
        if "at the end of" in " ".join(above.lower().split()):
            path.write_text(path.read_text() + content)
        else:
            path.write_text(content)
    assert ran == ["new", "build", "sample", "grade", "prove", "prove", "build", "prove"]


def test_a_new_assignment_has_its_own_name_deadline_and_seed(tmp_path: Path) -> None:
    now = datetime(2026, 12, 1, 17, 30, tzinfo=UTC)
    made = [load_master(write_skeleton(name, tmp_path, now)) for name in ("a08-x", "a09-y")]
    assert [master.name for master in made] == ["a08-x", "a09-y"]
    assert made[0].assignment.deadline == datetime(2026, 12, 29, 9, tzinfo=UTC)
    seeds = {master.assignment.seed for master in [*made, load_master(SKELETON)]}
    assert len(seeds) == 3


@pytest.mark.parametrize("name", ["A08", "../x", "a08_x", "", "a--b"])
def test_a_name_that_is_none_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssignmentError, match="no name for an assignment"):
        write_skeleton(name, tmp_path, datetime.now(UTC))


def test_an_assignment_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    write_skeleton("a08-x", tmp_path, datetime.now(UTC))
    with pytest.raises(AssignmentError, match="already"):
        write_skeleton("a08-x", tmp_path, datetime.now(UTC))
