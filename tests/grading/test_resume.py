"""A run that is killed at any instant goes on where it was: nothing lost, nothing doubled."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.assignment.kit import Kit, build_record
from autograder.store import open_store
from tests.grading.conftest import RIGHT, notebook

CLASS = {
    "right": RIGHT,
    "blank": {},
    "half": {**RIGHT, "q1_1": "def double(x):\n    return x"},
    "quiz": {"q1_3": "first, second = 4, 1"},
    "raises": {**RIGHT, "q1_2": "1 / 0"},
}


@pytest.fixture
def root(kit: Kit, tmp_path: Path) -> Path:
    """A folder with the built assignment and a class."""
    shutil.copytree(kit.folder, tmp_path / "dist" / "tiny")
    return tmp_path


def make_class(folder: Path, size: int) -> None:
    folder.mkdir()
    for number in range(size):
        kind = list(CLASS)[number % len(CLASS)]
        text = notebook({**CLASS[kind]}, essay=f"Student {number} writes this.")
        (folder / f"{number:02}-{kind}.ipynb").write_text(text)
    (folder / "broken.ipynb").write_text("no notebook")


def grade(root: Path, out: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "autograder", "grade", "tiny", "class", "--out", out, "--jobs", "2"],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def gradebook(root: Path, out: str) -> list[dict[str, str]]:
    with (root / out / "gradebook.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def kill_and_resume(root: Path, kills: int, rounds: int = 1) -> None:
    """Kill a run at random instants, let it end, and compare with a calm one; ``rounds`` times."""
    rng = random.Random(kills)
    started = time.monotonic()
    calm = grade(root, "calm")
    calm.wait()
    whole = time.monotonic() - started
    for turn in range(rounds):
        for _ in range(kills):
            run = grade(root, f"killed-{turn}")
            # Each run goes on where the last was killed, so all of them fall into the grading.
            time.sleep(rng.uniform(0.1, whole * 2 / 3))
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
        last = grade(root, f"killed-{turn}")
        assert last.wait() == calm.returncode == 1
        assert gradebook(root, f"killed-{turn}") == gradebook(root, "calm")
        with open_store(root / f"killed-{turn}") as store:
            paths = [record.submission for record in store.submissions()]
        assert len(paths) == len(set(paths)) == len(gradebook(root, "calm"))


def living(session: int, root: Path) -> list[str]:
    """Command lines of the processes of a session, and of those that were given ``root``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # After the name, which may hold anything: state, parent, process group, session.
            state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        # A zombie waits for whoever started it, which is not ours to mend.
        if state != "Z" and (int(its_session) == session or f"{root}/" in command):
            found.append(command)
    return found


@pytest.mark.slow
def test_a_killed_run_loses_and_doubles_nothing(root: Path) -> None:
    make_class(root / "class", 5)
    kill_and_resume(root, kills=3)


@pytest.mark.long
def test_fifty_kills_of_a_class_of_thirty_lose_and_double_nothing(root: Path) -> None:
    make_class(root / "class", 30)
    kill_and_resume(root, kills=5, rounds=10)


@pytest.mark.slow
def test_an_unchanged_class_is_not_graded_again_and_a_changed_hand_in_is(root: Path) -> None:
    make_class(root / "class", 2)
    assert grade(root, "out").wait() == 1
    store_file = root / "out" / "grades.sqlite"
    with open_store(root / "out") as store:
        first = {record.submission: record.result.seconds for record in store.submissions()}
    assert grade(root, "out").wait() == 1
    with open_store(root / "out") as store:
        second = {record.submission: record.result.seconds for record in store.submissions()}
    readable = [path for path in first if path != "broken.ipynb"]
    assert [second[path] for path in readable] == [first[path] for path in readable]
    (root / "class" / "00-right.ipynb").write_text(notebook({}, essay="Changed."))
    assert grade(root, "out").wait() == 1
    scores = {row["submission"]: row["score"] for row in gradebook(root, "out")}
    assert scores["00-right.ipynb"] == "0"
    assert store_file.is_file()


@pytest.mark.slow
def test_a_changed_check_grades_its_own_question_again_and_no_other(root: Path) -> None:
    make_class(root / "class", 3)
    assert grade(root, "out").wait() == 1
    with open_store(root / "out") as store:
        before = {it.submission: it.result for it in store.submissions()}
    kit = root / "dist" / "tiny"
    check = kit / "checks" / "test_q1_2.py"
    check.write_text(check.read_text().replace("quadruple(3) == 12", "quadruple(3) == 13"))
    source = json.loads((kit / "build.json").read_text())
    (kit / "build.json").write_text(json.dumps({**source, **build_record(kit)}))
    assert grade(root, "out").wait() == 1
    with open_store(root / "out") as store:
        after = {it.submission: it.result for it in store.submissions()}
    right = "00-right.ipynb"
    assert [it.auto_score for it in before[right].questions] == [3, 2, 2, 1]
    assert [it.auto_score for it in after[right].questions] == [3, 1, 2, 1]
    for submission, result in after.items():
        for old, new in zip(before[submission].questions, result.questions, strict=True):
            # Seconds are measured anew at every grading: where they are the same, there was none.
            assert (old == new) == (new.id != "q1_2")


@pytest.mark.slow
def test_ctrl_c_leaves_a_state_that_goes_on_and_no_process(root: Path) -> None:
    make_class(root / "class", 4)
    run = grade(root, "out")
    time.sleep(6)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(timeout=20) != 0
    until = time.monotonic() + 15
    while (left := living(run.pid, root)) and time.monotonic() < until:
        time.sleep(0.2)
    assert left == []
    assert grade(root, "out").wait() == 1
    assert len(gradebook(root, "out")) == 5
