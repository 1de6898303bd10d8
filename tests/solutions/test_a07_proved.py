"""The whole of `autograder prove a07-attention`: every solution, every check, twenty draws."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("proof") / "proof.json"
    command = [sys.executable, "-m", "autograder", "prove", "a07-attention", "--json", str(path)]
    jobs = ["--jobs", str(os.cpu_count() or 1)]
    done = subprocess.run([*command, *jobs], cwd=ROOT, capture_output=True, text=True, check=False)
    assert path.is_file(), done.stdout + done.stderr
    record: dict[str, Any] = json.loads(path.read_text())
    return {**record, "status": done.returncode}


def test_nothing_is_wrong(proof: dict[str, Any]) -> None:
    rows = proof["right"] + proof["wrong"]
    assert {row["name"]: row["faults"] for row in rows if row["faults"]} == {}
    assert proof["leaks"] == []
    assert proof["holds"] is True
    assert proof["status"] == 0


def test_enough_was_tried(proof: dict[str, Any]) -> None:
    assert proof["seeds"] == 20
    assert len(proof["right"]) >= 13
    assert len(proof["wrong"]) >= 200


def test_no_stand_in_helps_the_question_that_it_stands_in_for(proof: dict[str, Any]) -> None:
    helped = [row["name"] for row in proof["wrong"] if row["expected"] in row["with_stand_ins"]]
    assert helped == []
    assert all(not row["with_stand_ins"] for row in proof["right"])


def test_blank_question_costs_itself_alone(proof: dict[str, Any]) -> None:
    blank = [row for row in proof["wrong"] if row["blank"]]
    assert len(blank) == 7
    assert all(set(row["lost"]) == {row["expected"]} for row in blank)


def test_every_hidden_check_catches_something(proof: dict[str, Any]) -> None:
    idle = [
        f"{check['question']} {check['check']}"
        for check in proof["checks"]
        if check["hidden"] and check["check"] != "test_accuracy" and not check["catches"]
    ]
    assert idle == []
