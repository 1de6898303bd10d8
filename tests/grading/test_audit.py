"""A part of the class is trained again, and compared with the checkpoints handed in."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from autograder.assignment.kit import Kit, build_record, load_kit
from autograder.grading.audit import is_drawn
from autograder.results import SubmissionResult
from tests.grading.conftest import ASSIGNMENT, RIGHT, TRAINING, Grade, scores

ADDS = save({"weight": torch.ones(1, 2), "bias": torch.zeros(1)})
ADDS_NOT = save({"weight": torch.zeros(1, 2), "bias": torch.zeros(1)})


def with_audit(kit: Kit, folder: Path, part: float) -> Kit:
    shutil.copytree(kit.folder, folder)
    text = ASSIGNMENT.replace("build: Net()", f"build: Net(), audit: {part}")
    (folder / "assignment.yml").write_text(text)
    (folder / "build.json").write_text(json.dumps(build_record(folder)))
    return load_kit(folder)


@pytest.fixture(scope="module")
def all_audited(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return with_audit(kit, tmp_path_factory.mktemp("audit") / "kit", 1)


def audits(result: SubmissionResult) -> list[str]:
    return [flag.text for flag in result.flags if flag.text.startswith("audit:")]


def test_a_checkpoint_of_the_notebooks_own_training_raises_no_flag(
    grade: Grade, all_audited: Kit
) -> None:
    result = grade(RIGHT, files={"tiny.safetensors": ADDS}, kit=all_audited)
    assert result.timings["audit"] > 0, "it was not trained again"
    assert audits(result) == []


def test_a_checkpoint_that_earns_more_than_its_training_is_told_of_and_scored_as_ever(
    grade: Grade, all_audited: Kit, kit: Kit
) -> None:
    cheat = {"files": {"tiny.safetensors": ADDS}, "training": "pass"}
    result = grade(RIGHT, kit=all_audited, **cheat)
    [text] = audits(result)
    assert "earns 1 of 1 points" in text
    assert "trained again 0.25" in text
    without = grade(RIGHT, kit=kit, **cheat)
    assert scores(result) == scores(without)
    assert audits(without) == []


def test_a_checkpoint_that_earns_less_is_not_suspicious(grade: Grade, all_audited: Kit) -> None:
    result = grade(RIGHT, files={"tiny.safetensors": ADDS_NOT}, kit=all_audited)
    assert result.timings["audit"] > 0
    assert audits(result) == []


@pytest.mark.parametrize(
    ("training", "how"),
    [
        ("while True:\n    pass", "does not end within its time limit"),
        ("raise RuntimeError('I never trained')", "raises an exception"),
        ("import os\nos._exit(0)", "ends the whole process"),
        (
            "from safetensors.torch import load_file\n"
            "model.load_state_dict(load_file('tiny.safetensors'))",
            "raises an exception",
        ),
    ],
)
def test_a_training_that_breaks_is_told_of(
    grade: Grade, all_audited: Kit, training: str, how: str
) -> None:
    files = {"tiny.safetensors": ADDS}
    result = grade(RIGHT, files=files, kit=all_audited, training=training)
    [text] = audits(result)
    assert how in text
    assert scores(result)["q1_4"] == 1


def test_without_a_checkpoint_there_is_nothing_to_compare(grade: Grade, all_audited: Kit) -> None:
    assert "audit" not in grade(RIGHT, kit=all_audited, training=TRAINING).timings


def test_about_the_part_asked_for_is_drawn_and_always_the_same(kit: Kit, tmp_path: Path) -> None:
    assignment = with_audit(kit, tmp_path / "kit", 0.1).master.assignment
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(5_000)]
    drawn = {it for it in hashes if is_drawn(assignment, it)}
    # 500 expected, with a standard deviation of 21.
    assert 400 < len(drawn) < 600
    assert drawn == {it for it in hashes if is_drawn(assignment, it)}
    other = assignment.model_copy(update={"seed": assignment.seed + 1})
    assert drawn != {it for it in hashes if is_drawn(other, it)}
    assert not any(is_drawn(kit.master.assignment, it) for it in hashes)
