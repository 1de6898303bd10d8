"""Our scores and those of stock `otter run`, on bundles with every feature."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from autograder.cli.main import cli

from . import material
from .notebooks import write


def compare(bundle: Path, hand_ins: Path, out: Path, cell_seconds: str = "20") -> dict[str, Any]:
    """Grade a folder through the command line, with the comparison."""
    options = ["--cell-seconds", cell_seconds, "--compare-otter", "--out", str(out)]
    run = CliRunner().invoke(cli, ["grade", "--bundle", str(bundle), str(hand_ins), *options])
    assert run.exit_code in (0, 1), run.output
    found: dict[str, Any] = json.loads((out / "comparison.json").read_text())
    differs = found["questions_equal"] < found["questions_compared"] or found["totals_different"]
    unread = "not readable" in run.output
    assert run.exit_code == (1 if differs or unread else 0), run.output
    return found


@pytest.mark.slow
def test_scores_are_those_of_otter_and_a_dead_kernel_loses_one_question_here(
    bundle: Path, tmp_path: Path
):
    start = "from otter import Notebook\ngrader = Notebook()"
    checks = ["x = 3", 'grader.check("q1")', "x = 4", "third = 0.33"]
    write(tmp_path / "class" / "a.ipynb", [start, *checks])
    write(tmp_path / "class" / "dead.ipynb", [start, *checks, "import os; os._exit(1)"])
    # Otter may take a minute and more on a loaded machine, and only then is it given up.
    found = compare(bundle, tmp_path / "class", tmp_path / "out", cell_seconds="120")
    assert found["questions_compared"] == found["questions_equal"] == 5
    assert found["lost_by_otter"] == ["dead.ipynb"]
    alive, dead = found["submissions"]
    ours = [[question["ours"] for question in it["questions"]] for it in (alive, dead)]
    assert ours[0] == ours[1]
    assert sum(ours[0]) > 4
    assert "Kernel died" in dead["explanation"]
    otters = json.loads((tmp_path / "out" / "otter" / "a.ipynb.json").read_text())
    assert [it["score"] for it in otters["tests"] if "score" in it] == ours[0]


@pytest.mark.long
@pytest.mark.parametrize("make", [material.features, material.exceptions, material.older])
def test_every_feature_scores_as_in_otter(
    make: Callable[[Path], tuple[Path, Path]], tmp_path: Path
):
    bundle, hand_ins = make(tmp_path)
    found = compare(bundle, hand_ins, tmp_path / "out")
    differing = [
        (it["submission"], question)
        for it in found["submissions"]
        for question in it["questions"]
        if question["otter"] is not None and not question["equal"]
    ]
    assert differing == []
    assert found["totals_different"] == 0
    assert set(found["lost_by_otter"]) <= {"another-assignment/features.ipynb"}
    assert found["questions_compared"] >= 20


@pytest.mark.long
def test_what_otter_loses_is_kept(tmp_path: Path):
    bundle, _ = material.features(tmp_path)
    found = compare(bundle, material.losses(tmp_path), tmp_path / "out")
    ours = {
        it["submission"].split("/")[0]: {each["id"]: each["ours"] for each in it["questions"]}
        for it in found["submissions"]
    }
    whole = {"draw": 4, "file": 2, "state": 1, "sum_up": 6, "unchecked": 1.5}
    for name in ("dead", "endless"):
        assert ours[name] == whole | {"draw": 0}
    assert ours["dead.py"] == whole | {"state": 0}
    assert ours["exit"] == whole | {"draw": 0}
    assert ours["ada_lovelace.ipynb"] == ours["unseeded"] == whole
    # What remains is the random emoji's doing.
    left = found["questions_compared"] - found["questions_equal"]
    assert found["questions_equal_without_name"] == left - 1
    lost = {Path(it).parts[0] for it in found["lost_by_otter"]}
    # After `exit()` it is a race whether the kernel has ended when otter sends it the next cell.
    assert lost - {"exit"} == {"dead", "endless", "dead.py"}


def test_compare_otter_needs_a_bundle(tmp_path: Path):
    run = CliRunner().invoke(
        cli, ["grade", "a07-attention", str(tmp_path), "--out", os.devnull, "--compare-otter"]
    )
    assert run.exit_code == 2
    assert "needs a --bundle" in run.output


def test_with_a_bundle_the_folder_alone_is_named(bundle: Path, tmp_path: Path):
    run = CliRunner().invoke(
        cli, ["grade", "name", str(tmp_path), "--bundle", str(bundle), "--out", str(tmp_path)]
    )
    assert run.exit_code == 2
    assert "DIR alone" in run.output
