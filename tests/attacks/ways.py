"""The ways of grading, each on a class of hand-ins; what each attack came to."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from autograder.assignment import load_master
from autograder.assignment.kit import Kit, load_kit
from autograder.authoring.answers import make_submission, write_notebook
from autograder.authoring.build import build
from autograder.authoring.master import make_notebooks
from autograder.authoring.products import products
from autograder.cli.whole_class import grade_and_report
from autograder.report.names import file_name
from autograder.store import open_store
from tests.attacks.model import LEAKED, Attack, Stage

MINI = Path(__file__).resolve().parents[1] / "authoring" / "masters" / "t01-mini"
LIMITS = {
    "cell_seconds": 4,
    "check_seconds": 4,
    "submission_seconds": 60,
    "memory_mb": 1500,
    "disk_mb": 64,
    "output_mb": 2,
}
OTTER_GRADE = shlex.split(os.environ.get("AUTOGRADER_OTTER_GRADE", ""))
"""The command that stands for `otter grade`, with its image; see tests/bundle."""


@dataclass(frozen=True)
class Ground:
    """An assignment built for the gallery, with short limits, and honest hand-ins."""

    stage: Stage
    kit: Kit
    bundle: Path
    solutions: dict[str, str]
    full: float

    def bystander(self, folder: Path, name: str) -> Path:
        """Write an honest hand-in with full points."""
        path = folder / f"{name}.ipynb"
        answered = make_submission(self.stage.template, self.solutions, {}, name="Ada", number="1")
        write_notebook(answered, path)
        return path


@dataclass(frozen=True)
class Outcome:
    """What a hand-in came to on one way of grading."""

    points: float
    read: int
    """How often what it read stands in what its student is shown."""


def mini(folder: Path) -> Ground:
    """The small assignment, built with short limits."""
    source = shutil.copytree(MINI, folder / "masters" / "t01-mini")
    config = source / "assignment.yml"
    content = yaml.safe_load(config.read_text())
    content["limits"] = LIMITS
    config.write_text(yaml.safe_dump(content))
    build(source, folder)
    notebooks = make_notebooks(load_master(source))
    place = products("t01-mini", folder)
    kit = load_kit(place.bundle.parent / "t01-mini")
    stage = Stage("t01-mini", notebooks.template, "q2_1", "standardise")
    full = sum(question.auto for question in kit.master.assignment.questions)
    return Ground(stage, kit, place.bundle, dict(notebooks.solutions), full)


def grade(ground: Ground, folder: Path, out: Path, wall: str = "auto") -> dict[str, Outcome]:
    """`autograder grade` on a folder, as its command does it; outcomes by file name."""
    outcomes = {}
    grade_and_report(ground.kit, folder, out, 2, wall, None)
    with open_store(out) as store:
        for record in store.submissions():
            page = (out / "feedback" / file_name(record.submission, "html")).read_text()
            outcomes[record.submission] = Outcome(record.result.auto_score, page.count(LEAKED))
    return outcomes


def otter_run(bundle: Path, path: Path, out: Path, seconds: float = 120) -> Outcome:
    """Stock `otter run` on one hand-in; no points where it writes no results."""
    out.mkdir(parents=True)
    otter = [sys.executable, "-m", "otter", "run", "-a", str(bundle), "-o", str(out), "--no-logo"]
    try:
        subprocess.run(
            [*otter, str(path)],
            cwd=out,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return Outcome(0.0, 0)
    results = out / "results.json"
    if not results.is_file():
        return Outcome(0.0, 0)
    tests = json.loads(results.read_text())["tests"]
    shown = "\n".join(it.get("output", "") for it in tests if it.get("visibility") == "visible")
    return Outcome(sum(it.get("score", 0.0) for it in tests), shown.count(LEAKED))


def otter_grade(ground: Ground, paths: Sequence[Path], out: Path) -> dict[str, Outcome]:
    """Stock `otter grade` in containers; outcomes by file name."""
    options = ["-n", "gallery", "--summaries", "--no-network", "--containers", "2"]
    options += ["--timeout", "300"]
    outcomes: dict[str, Outcome] = {}
    # otter takes one kind of file at a time.
    for ending in ("ipynb", "zip"):
        chosen = [str(path) for path in paths if path.suffix == f".{ending}"]
        if not chosen:
            continue
        place = out / ending
        place.mkdir(parents=True)
        subprocess.run(
            [*OTTER_GRADE, *options, "--ext", ending, "-a", str(ground.bundle), *chosen],
            cwd=place,
            capture_output=True,
            check=False,
        )
        with (place / "final_grades.csv").open() as file:
            for row in csv.DictReader(file):
                summary = place / "grading-summaries" / f"{Path(row['file']).stem}.txt"
                text = summary.read_text() if summary.is_file() else ""
                points = float(row["total_points_earned"] or 0)
                outcomes[row["file"]] = Outcome(points, text.count(LEAKED))
    return outcomes


def written(ground: Ground, attacks: Sequence[Attack], folder: Path, places: dict) -> dict:
    """The hand-ins of all attacks, by attack, with an honest one before and after."""
    folder.mkdir(parents=True, exist_ok=True)
    ground.bystander(folder, "aa-bystander")
    ground.bystander(folder, "zz-bystander")
    return {attack.name: attack.write(ground.stage, folder, places) for attack in attacks}
