"""The ways of grading, each on a class of hand-ins; what each attack came to."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
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
from autograder.results import Ending
from autograder.store import open_store
from tests.attacks.model import LEAKED, Stage
from tests.attacks.opened import alive_in_file, alive_in_table, alive_in_text

MINI = Path(__file__).resolve().parents[1] / "authoring" / "masters" / "t01-mini"
LIMITS = {
    "cell_seconds": 4,
    "check_seconds": 4,
    "submission_seconds": 60,
    "memory_mb": 1500,
    "disk_mb": 64,
    "output_mb": 2,
}
TRAINING = {
    "question": "q2_2",
    "checkpoint": "t01.safetensors",
    "object": "model",
    "build": "torch.nn.Linear(2, 2)",
}
"""No question needs it: it is there for hostile checkpoints."""
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

    def bystander(self, path: Path) -> None:
        """Write an honest hand-in with full points."""
        answered = make_submission(self.stage.template, self.solutions, {}, name="Ada", number="1")
        write_notebook(answered, path)


@dataclass(frozen=True)
class Outcome:
    """What a hand-in came to on one way of grading."""

    points: float
    read: int
    """How often what it read stands in what its student is shown."""
    alive: tuple[str, ...] = ()
    """What of its own is alive in what people open."""


def mini(folder: Path) -> Ground:
    """The small assignment, built with short limits."""
    source = shutil.copytree(MINI, folder / "masters" / "t01-mini")
    config = source / "assignment.yml"
    content = yaml.safe_load(config.read_text())
    content["limits"] = LIMITS
    content["training"] = TRAINING
    config.write_text(yaml.safe_dump(content))
    build(source, folder)
    notebooks = make_notebooks(load_master(source))
    place = products("t01-mini", folder)
    kit = load_kit(place.bundle.parent / "t01-mini")
    stage = Stage("t01-mini", notebooks.template, "q2_1", "standardise")
    full = sum(question.auto for question in kit.master.assignment.questions)
    return Ground(stage, kit, place.bundle, dict(notebooks.solutions), full)


def grade(
    ground: Ground, folder: Path, out: Path, wall: str = "auto"
) -> tuple[dict[str, Outcome], list[str]]:
    """`autograder grade` on a folder, as its command does it; outcomes by file name.

    Beside them, what is alive in what people open of the whole class, and what could not be graded.
    """
    terminal = io.StringIO()
    with contextlib.redirect_stdout(terminal):
        grade_and_report(ground.kit, folder, out, 2, wall, None)
    outcomes = {}
    shared = []
    with open_store(out) as store:
        for record in store.submissions():
            page = out / "feedback" / file_name(record.submission, "html")
            results = out / "results" / file_name(record.submission, "json")
            alive = [*alive_in_file(page), *alive_in_file(results)]
            read = page.read_text().count(LEAKED)
            outcomes[record.submission] = Outcome(record.result.auto_score, read, tuple(alive))
            if record.result.status == Ending.GRADER_ERROR:
                shared.append(f"{record.submission} looks like a fault of ours")
    shared += [*alive_in_file(out / "index.html"), *alive_in_table(out / "gradebook.csv")]
    return outcomes, [*shared, *alive_in_text(terminal.getvalue())]


Run = Callable[[Sequence[str], Path, float], bytes | None]
"""Runs otter with arguments, in a folder, for so many seconds at most: what it says, and None where
it did not end by then."""


def otter_run(
    run: Run, bundle: Path, path: Path, out: Path, seconds: float = 120
) -> Outcome | None:
    """Stock `otter run` on one hand-in; None where it writes no results."""
    out.mkdir(parents=True)
    said = run(
        ["run", "-a", str(bundle), "-o", str(out), "--no-logo", "--", str(path)], out, seconds
    )
    if said is None:
        return None
    results = out / "results.json"
    if not results.is_file():
        return None
    tests = json.loads(results.read_text())["tests"]
    shown = "\n".join(it.get("output", "") for it in tests if it.get("visibility") == "visible")
    alive = {*alive_in_file(results), *alive_in_text(said.decode(errors="replace"))}
    points = sum(it.get("score", 0.0) for it in tests)
    return Outcome(points, shown.count(LEAKED), tuple(sorted(alive)))


def start_otter(arguments: Sequence[str], folder: Path, seconds: float) -> bytes | None:
    """Otter in a process that begins with nothing; a `Run`."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "otter", *arguments],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout


def otter_grade(ground: Ground, paths: Sequence[Path], out: Path) -> dict[str, Outcome]:
    """Stock `otter grade` in containers; outcomes by file name."""
    options = ["-n", "gallery", "--summaries", "--no-network", "--containers", "2"]
    options += ["--timeout", "300"]
    outcomes: dict[str, Outcome] = {}
    # otter takes one kind of file at a time.
    for ending in ("ipynb", "zip", "py"):
        chosen = [str(path) for path in paths if path.suffix == f".{ending}"]
        if not chosen:
            continue
        place = out / ending
        place.mkdir(parents=True)
        done = subprocess.run(
            [*OTTER_GRADE, *options, "--ext", ending, "-a", str(ground.bundle), "--", *chosen],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        table = place / "final_grades.csv"
        if not table.is_file():
            raise RuntimeError(f"otter grade failed: {done.stderr[-3000:]}")
        with table.open(newline="") as file:
            for row in csv.DictReader(file):
                name = row["file"].removesuffix(f".{ending}")
                summary = place / "grading-summaries" / f"{name}.txt"
                if row["grading_status"] == "Completed":
                    points = float(row["total_points_earned"])
                    text = summary.read_text()
                    alive = tuple(alive_in_text(text))
                    outcomes[row["file"]] = Outcome(points, text.count(LEAKED), alive)
    return outcomes
