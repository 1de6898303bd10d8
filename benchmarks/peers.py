"""Running each grader on a class, as a person would, and how long it takes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.material import Bundle, Sheet

ROOT = Path(__file__).parent.parent
NBGRADER = ROOT / ".cache" / "nbgrader"
"""nbgrader has an environment of its own: it asks for other versions than otter does."""

OTTER_API = """
import sys
from otter.api import grade_submission
for path in sys.argv[2:]:
    grade_submission(path, sys.argv[1], quiet=True)
"""


def ours(bundle: Bundle, hand_ins: Path, out: Path, jobs: int) -> float:
    """Seconds of `autograder grade --bundle` on a class, start-up included."""
    command = [sys.executable, "-m", "autograder", "grade", "--bundle", str(bundle.zip)]
    command += [str(hand_ins), "--out", str(out), "--jobs", str(jobs)]
    return _timed(command)


def otter_run(bundle: Bundle, paths: Sequence[Path], jobs: int) -> float:
    """Seconds of `otter run` on these hand-ins, ``jobs`` at a time."""

    def one(path: Path) -> None:
        with tempfile.TemporaryDirectory() as out:
            command = [sys.executable, "-m", "otter", "run", "--no-logo"]
            _timed([*command, "-a", str(bundle.zip), "-o", out, str(path)], cwd=out)
            results = json.loads((Path(out) / "results.json").read_text())
        _require_full(results["tests"], path)

    started = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, paths))
    return time.perf_counter() - started


def otter_api(bundle: Bundle, paths: Sequence[Path]) -> float:
    """Seconds of `otter.api.grade_submission` on these hand-ins, in one process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", OTTER_API, str(bundle.zip), *map(str, paths)]
        return _timed(command, cwd=folder)


def install_nbgrader() -> None:
    """Make nbgrader's environment; it sees the torch of this one."""
    if (NBGRADER / "bin" / "nbgrader").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", str(NBGRADER)], check=True)
    pip = [str(NBGRADER / "bin" / "pip"), "install", "--quiet", "nbgrader", "ipykernel"]
    subprocess.run(pip, check=True)
    [site] = NBGRADER.glob("lib/python*/site-packages")
    (site / "torch_of_the_project.pth").write_text(sysconfig.get_path("purelib") + "\n")


def nbgrader(sheet: Sheet, size: int) -> float:
    """Seconds of `nbgrader autograde` on ``size`` hand-ins, in one process."""
    with tempfile.TemporaryDirectory() as name:
        course = Path(name)
        source = course / "source" / "ps1" / f"{sheet.name}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(_for_nbgrader(sheet), source)
        tool = str(NBGRADER / "bin" / "nbgrader")
        # It calls alembic by name.
        path = os.pathsep.join([str(NBGRADER / "bin"), os.environ["PATH"]])
        _timed([tool, "generate_assignment", "ps1", "--force"], cwd=course, PATH=path)
        for number in range(size):
            place = course / "submitted" / f"s{number}" / "ps1" / source.name
            place.parent.mkdir(parents=True)
            shutil.copy(source, place)
        return _timed([tool, "autograde", "ps1", "--force"], cwd=course, PATH=path)


def _for_nbgrader(sheet: Sheet) -> nbformat.NotebookNode:
    def cell(source: str, id: str, points: int | None) -> nbformat.NotebookNode:
        grade = points is not None
        mark = {"schema_version": 3, "grade_id": id, "cell_type": "code", "task": False}
        mark |= {"grade": grade, "locked": grade, "solution": not grade}
        mark |= {"points": points} if grade else {}
        made: nbformat.NotebookNode = new_code_cell(source, metadata={"nbgrader": mark})
        return made

    cells = [new_code_cell(sheet.imports)]
    for question in sheet.questions:
        cells.append(cell(question.solution, question.name, None))
        tests = "\n".join(question.tests)
        cells.append(cell(tests, f"test-{question.name}", len(question.tests)))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made: nbformat.NotebookNode = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    return made


def _timed(command: list[str], cwd: Path | str | None = None, **environment: str) -> float:
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=cwd or ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:6])} ... failed:\n{done.stdout}\n{done.stderr}")
    return seconds


def _require_full(tests: list[dict[str, object]], path: Path) -> None:
    scored = [test for test in tests if "max_score" in test]
    if not scored or any(test["score"] != test["max_score"] for test in scored):
        raise RuntimeError(f"otter does not give {path.name} full points: {tests}")
