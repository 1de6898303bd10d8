"""`autograder doctor`: which promises hold on this machine, and what keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.doctor import command
from autograder.sandbox.control_groups import make_group


@pytest.mark.slow
def test_it_says_what_counts_memory_and_processes(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["--json", str(tmp_path / "doctor.json")])
    assert done.exit_code == 0, done.output
    said = json.loads((tmp_path / "doctor.json").read_text())
    how = {promise["id"]: promise["how"] for promise in said["promises"]}
    assert "a watch over the whole process tree" in how["5"]
    group = make_group()
    if group is not None:
        group.remove()
    assert ("control groups" in how["5"]) == (group is not None)
