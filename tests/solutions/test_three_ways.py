"""`autograder grade`, stock `otter run` and stock `otter grade` give the same automatic scores.

On the sample class of the attention assignment, and on a hand-in that searches whatever it can
read. `otter grade` joins in where AUTOGRADER_OTTER_GRADE names the command (see tests/bundle).
"""

from __future__ import annotations

import csv
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.assignment import load_master
from autograder.assignment.kit import Kit
from autograder.authoring.answers import make_submission
from autograder.authoring.master import Notebooks, make_notebooks
from autograder.authoring.products import ensure_built, products
from autograder.authoring.sample import export_zip, make_sample
from autograder.grading.hand_in import HandIn
from autograder.grading.job import KitJob
from autograder.grading.local import grade_class
from autograder.results import Ending, SubmissionResult
from autograder.sandbox.choice import choose_wall

ROOT = Path(__file__).resolve().parents[2]
NAME = "a07-attention"
OTTER_GRADE = shlex.split(os.environ.get("AUTOGRADER_OTTER_GRADE", ""))

pytestmark = pytest.mark.long

Scores = dict[str, float]


@dataclass(frozen=True)
class Graded:
    """The class, and what our own grading says of it."""

    folder: Path
    results: dict[str, SubmissionResult]

    def scores(self, submission: str) -> Scores:
        questions = self.results[submission].questions
        return {question.id: question.auto_score for question in questions if question.auto_max}

    def graded(self) -> Iterator[str]:
        for submission, result in self.results.items():
            if result.status == Ending.GRADED:
                yield submission


# Its words are written backwards, lest it find itself.
SPY = """
import gc, os, sys
_words = {words!r}
_found = globals().get("_found", [])

def _hits(text):
    return [w for w in _words if (w[::-1].encode() if type(text) is bytes else w[::-1]) in text]

_been = set()

def _look_around(where):
    if (os.getpid(), where) in _been:
        return
    _been.add((os.getpid(), where))
    for top, folders, names in os.walk("/"):
        skipped = ("/proc", "/sys", "/usr", "/dev", sys.prefix, sys.base_prefix)
        if top.startswith(skipped):
            folders.clear()
            continue
        for name in names:
            path = os.path.join(top, name)
            try:
                with open(path, "rb") as file:
                    text = file.read(2_000_000)
            except OSError:
                continue
            _found.extend((where, path, w) for w in _hits(text))
    frame = sys._getframe()
    while frame:
        for key, value in frame.f_locals.items():
            text = repr(value)[:5000] if type(value) in (str, bytes, list, dict, tuple) else ""
            _found.extend((where, "frame", key) for w in _hits(text))
        frame = frame.f_back
    for item in gc.get_objects():
        if type(item) is dict:
            keys = "\\n".join(key for key in list(item) if type(key) is str)
            _found.extend((where, "memory", w) for w in _hits(keys))
    for pid in os.listdir("/proc"):
        for part in ("environ", "cmdline"):
            try:
                with open(f"/proc/{{pid}}/{{part}}", "rb") as file:
                    text = file.read(100_000)
            except OSError:
                continue
            _found.extend((where, pid, w) for w in _hits(text))

_been.discard((os.getpid(), "cell"))
_look_around("cell")
"""


def spying(kit: Kit, solutions: dict[str, str]) -> dict[str, str]:
    """The solutions, each with a search in its cell and in what the checks call."""
    words = [
        *("test_random_batches", "test_maps_are_those_of_forward", "test_accuracy"),
        *("hidden/reviews", "reviews.npz", "70_714", "SUSPICIOUS"),
        *(
            item.rows[0].explanation
            for item in kit.master.quiz.items.values()
            if item.type == "matching"
        ),
        kit.master.rubrics.rubrics["q2_1"].items[0].look_for[:60],
    ]
    spy = SPY.format(words=[word[::-1] for word in words])
    answers = {}
    for id, source in solutions.items():
        lines = []
        for line in source.splitlines():
            lines.append(line)
            if line.startswith(("    raise", "    return")) and "_look" not in line:
                lines.insert(-1, '    _look_around("call")')
        answers[id] = spy + "\n".join(lines)
    # Before the answer: otter shows notes of questions that failed only.
    answers["q3_8"] = spy + "raise RuntimeError(f'REPORT {_found}')"
    return answers


@pytest.fixture(scope="module")
def kit() -> Kit:
    return ensure_built(NAME, ROOT)


@pytest.fixture(scope="module")
def notebooks() -> Notebooks:
    return make_notebooks(load_master(ROOT / "solutions" / NAME))


@pytest.fixture(scope="module")
def graded(kit: Kit, notebooks: Notebooks, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    folder = tmp_path_factory.mktemp("class") / "class"
    master = load_master(ROOT / "solutions" / NAME)
    paths = make_sample(master, kit, folder, ROOT / ".cache" / "trained", choose_wall("auto"))
    spy = make_submission(
        notebooks.template, spying(kit, notebooks.solutions), {}, name="Spy", number="7"
    )
    (folder / "spy.zip").write_bytes(export_zip(spy, f"{NAME}.ipynb", {}))
    hand_ins = [HandIn(path, path.name) for path in [*paths, folder / "spy.zip"]]
    results = {
        it.submission: it for it in grade_class(KitJob(kit), hand_ins, choose_wall("auto"), jobs=2)
    }
    return Graded(folder, results)


def test_the_reference_has_full_points_and_the_blank_template_none(
    graded: Graded, kit: Kit
) -> None:
    full = {it.id: it.auto for it in kit.master.assignment.questions if it.auto}
    [right] = [name for name in graded.results if name.endswith("-right.zip")]
    [blank] = [name for name in graded.results if name.endswith("-blank.ipynb")]
    assert graded.scores(right) == full
    assert graded.scores(blank) == dict.fromkeys(full, 0)


def test_the_spy_finds_nothing_hidden(graded: Graded) -> None:
    notes = {question.id: question.note for question in graded.results["spy.zip"].questions}
    assert "REPORT []" in notes["q3_8"], notes["q3_8"]


def test_otter_run_gives_the_same_scores(graded: Graded, tmp_path: Path) -> None:
    bundle = products(NAME, ROOT).bundle
    for submission in graded.graded():
        out = tmp_path / submission
        out.mkdir()
        otter = [sys.executable, "-m", "otter", "run", "-a", str(bundle), "-o", str(out)]
        done = subprocess.run(
            [*otter, "--no-logo", str(graded.folder / submission)],
            cwd=out,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        text = (out / "results.json").read_text()
        scores = {it["name"]: it["score"] for it in json.loads(text)["tests"] if "score" in it}
        assert scores == graded.scores(submission), submission
        if submission == "spy.zip":
            assert "REPORT []" in text


@pytest.mark.skipif(not OTTER_GRADE, reason="AUTOGRADER_OTTER_GRADE names no `otter grade`")
def test_otter_grade_gives_the_same_scores(graded: Graded, tmp_path: Path) -> None:
    bundle = products(NAME, ROOT).bundle
    options = ["-n", NAME, "--summaries", "--no-network", "--containers", "2", "--timeout", "900"]
    # otter takes one kind of file at a time.
    for extension in ("zip", "ipynb"):
        out = tmp_path / extension
        out.mkdir()
        chosen = [name for name in graded.graded() if name.endswith(extension)]
        paths = [str(graded.folder / name) for name in chosen]
        done = subprocess.run(
            [*OTTER_GRADE, *options, "--ext", extension, "-a", str(bundle), *paths],
            cwd=out,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        with (out / "final_grades.csv").open() as file:
            rows = {row["file"]: row for row in csv.DictReader(file)}
        for submission in chosen:
            ours = graded.scores(submission)
            got = {id: float(rows[submission][id]) for id in ours}
            assert got == ours, (submission, rows[submission]["grading_status"])
    summary = (tmp_path / "zip" / "grading-summaries" / "spy.txt").read_text()
    assert "REPORT []" in summary
