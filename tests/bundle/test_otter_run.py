"""The bundle under stock `otter run`."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from autograder.assignment.kit import load_kit
from autograder.bundle.writing import PLUGIN, pack
from autograder.grading.pipeline import grade_one
from autograder.sandbox.choice import choose_wall

from .conftest import HandIn, OtterRun

pytestmark = pytest.mark.slow

FULL = {"q1_2": 1, "q1_3": 1, "q1_4": 1, "q2_1": 3, "q2_2": 2}


def test_the_reference_has_full_points(otter_run: OtterRun, hand_in: HandIn) -> None:
    run = otter_run(hand_in("reference.ipynb"))
    assert run.status == 0, run.output
    assert run.scores == FULL
    assert "wall: bubblewrap" in run.output


def test_a_blank_template_has_none(otter_run: OtterRun, hand_in: HandIn) -> None:
    run = otter_run(hand_in("blank.ipynb", blank=True))
    assert run.scores == dict.fromkeys(FULL, 0)
    # `usual = ...` is how otter leaves an answer open.
    assert "Handle" not in run.shown_to("visible")


def test_scores_and_messages_are_those_of_our_pipeline(
    otter_run: OtterRun, hand_in: HandIn, bundle: Path
) -> None:
    path = hand_in(
        "wrong.ipynb",
        q2_1="def standardise(values):\n    return values - values.mean(dim=0)",
        q1_2='kinds = {"min_max": "range", "z_score": "range"}',
    )
    run = otter_run(path)
    kit = load_kit(bundle.parent / "t01-mini")
    ours = grade_one(kit, path, path.name, choose_wall("auto"))
    assert run.scores == {
        question.id: question.auto_score for question in ours.questions if question.auto_max
    }
    assert 0 < run.scores["q2_1"] < 3
    assert "Two columns of two values" in run.shown_to("visible")
    assert "Random values" not in run.shown_to("visible")
    assert "Random values" in run.shown_to("hidden")


def test_an_export_with_a_poisoned_log_and_modules_does_no_harm(
    otter_run: OtterRun, hand_in: HandIn, tmp_path: Path
) -> None:
    notebook = hand_in("a.ipynb", blank=True)
    touched = tmp_path / "touched"
    bomb = f"open({str(touched)!r}, 'w').close()"
    pickled = f"c__builtin__\nexec\n(V{bomb}\ntR."
    export = tmp_path / "export.zip"
    with zipfile.ZipFile(export, "w") as archive:
        archive.write(notebook, "a.ipynb")
        archive.writestr(".OTTER_LOG", pickled)
        for name in ("otter.py", "IPython.py", "pandas/__init__.py", "sitecustomize.py"):
            archive.writestr(name, bomb)
        archive.writestr("tests/q2_1.py", bomb)
    run = otter_run(export)
    assert run.status == 0, run.output
    assert run.scores == dict.fromkeys(FULL, 0)
    assert not touched.exists()


def test_student_code_finds_neither_bundle_nor_checks(otter_run: OtterRun, hand_in: HandIn) -> None:
    search = """
import os
found = []
for top, folders, names in os.walk("/"):
    folders[:] = [f for f in folders if f not in ("proc", "sys", "site-packages")]
    found += [n for n in names if n in ("otter_config.json", "test_q2_1.py", "quiz.yml")]
    found += [n for n in folders if n in ("checks", "hidden")]
raise RuntimeError(f"found {sorted(set(found))}")
"""
    run = otter_run(hand_in("search.ipynb", q2_1=f"def standardise(values):{indented(search)}"))
    assert "RuntimeError: found []" in run.shown_to("visible")


def indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def test_a_script_is_graded(otter_run: OtterRun, hand_in: HandIn, tmp_path: Path) -> None:
    cells = json.loads(hand_in("a.ipynb").read_text())["cells"]
    parts = []
    for cell in cells:
        tags = ", ".join(f'"{tag}"' for tag in cell["metadata"].get("tags", []))
        head = (
            f"# %% tags=[{tags}]"
            if cell["cell_type"] == "code"
            else f"# %% [markdown] tags=[{tags}]"
        )
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            source = "\n".join(f"# {line}" for line in source.split("\n"))
        parts.append(f"{head}\n{source}\n")
    script = tmp_path / "otter.py"
    script.write_text("\n".join(parts))
    assert otter_run(script).scores == FULL


def test_another_assignment_is_refused_with_words(otter_run: OtterRun, tmp_path: Path) -> None:
    path = tmp_path / "other.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    run = otter_run(path)
    assert run.scores == dict.fromkeys(FULL, 0)
    assert run.results is not None
    assert run.results["output"]


def test_without_a_wall_nothing_is_graded_unless_asked_for(
    otter_run: OtterRun, hand_in: HandIn, tmp_path: Path
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    fake = tools / "bwrap"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    path = f"{tools}:/usr/bin:/bin"
    run = otter_run(hand_in("one.ipynb"), PATH=path)
    assert run.status != 0
    assert run.results is None
    assert "no wall stands on this machine" in run.output
    run = otter_run(hand_in("two.ipynb"), PATH=path, AUTOGRADER_WALL="none")
    assert run.scores == FULL
    assert "wall: none" in run.output


def test_a_fault_of_ours_is_no_zero(
    otter_run: OtterRun, hand_in: HandIn, bundle: Path, tmp_path: Path
) -> None:
    kit = shutil.copytree(bundle.parent / "t01-mini", tmp_path / "kit")
    checks = kit / "checks" / "test_q2_2.py"
    checks.write_text(checks.read_text().replace("expected = 3**0.5", "raise OSError('disk')"))
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "otter_config.json":
                config = json.loads(data)
                config["plugins"][0][PLUGIN]["kit"] = pack(kit)
                data = json.dumps(config).encode()
            new.writestr(name, data)
    run = otter_run(hand_in("a.ipynb"), zip=broken)
    assert run.status != 0
    assert run.results is None
    assert "the grader failed: q2_2" in run.output
