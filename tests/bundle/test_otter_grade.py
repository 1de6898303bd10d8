"""The bundle under stock `otter grade`, in real containers.

Needs a container engine and a base image that has all of the bundle's environment but this
package. AUTOGRADER_OTTER_GRADE is the command that stands for `otter grade` with that image.
"""

from __future__ import annotations

import csv
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from .conftest import HandIn

COMMAND = shlex.split(os.environ.get("AUTOGRADER_OTTER_GRADE", ""))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMMAND, reason="AUTOGRADER_OTTER_GRADE names no `otter grade`"),
]

LOOK = """
import os
closed = ["/autograder/source", "/autograder/submission", "/autograder/results"]
opened = [path for path in closed if os.access(path, os.R_OK) or os.access(path, os.X_OK)]
raise RuntimeError(f"uid {'root' if os.getuid() == 0 else 'other'}, opened {opened}")
"""


def test_containers_give_the_scores_of_the_command_line(
    bundle: Path, hand_in: HandIn, tmp_path: Path
) -> None:
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    look = "def standardise(values):" + LOOK.replace("\n", "\n    ")
    for path in (
        hand_in("reference.ipynb"),
        hand_in("blank.ipynb", blank=True),
        hand_in("look.ipynb", q2_1=look),
    ):
        path.rename(submissions / path.name)
    options = ["-n", "autograder-test", "--summaries", "--no-network", "--containers", "1"]
    done = subprocess.run(
        [*COMMAND, *options, "--timeout", "300", "-a", str(bundle), str(submissions)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "final_grades.csv").open() as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    points = {name: float(row["total_points_earned"]) for name, row in rows.items()}
    assert points["reference.ipynb"] == 8, rows["reference.ipynb"]["grading_status"]
    assert points["blank.ipynb"] == 0
    assert {row["grading_status"] for row in rows.values()} == {"--", "Completed"}
    # q2_2 has full points with the stand-in, q2_1 none.
    assert points["look.ipynb"] == 5
    summary = (tmp_path / "grading-summaries" / "look.txt").read_text()
    assert "uid other, opened []" in summary
