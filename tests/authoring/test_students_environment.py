"""The release as a student has it: otter, torch and Jupyter, neither pytest nor this package."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.answers import make_submission, read_notebook, write_notebook

from .conftest import Built

pytestmark = pytest.mark.slow

NOT_FOR_STUDENTS = ("pytest", "_pytest", "autograder", "__editable__", "_virtualenv", "xdist")

RUN = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[1])
"""

RIGHT = {
    "q1_2": 'kinds = {"min_max": "spread", "z_score": "spread"}',  # wrong, but well-formed
    "q1_3": 'usual = "b"',
    "q1_4": "learned_numbers = 3",
    "q2_1": (
        "def standardise(values):\n"
        "    deviation = values.std(dim=0, correction=0)\n"
        "    return (values - values.mean(dim=0)) / deviation"
    ),
    "q2_2": "def furthest(values):\n    return standardise(values).abs().max(dim=0).values",
}
WRONG = {
    "q1_2": 'kinds = {"min_max": "spread", "z_score": None}',
    "q1_3": 'usual = "c"',
    "q1_4": 'learned_numbers = "many"',
    "q2_1": (
        "def standardise(values):\n"
        "    return (values - values.mean(dim=1)) / values.std(dim=0, correction=0)"
    ),
    "q2_2": 'def furthest(values):\n    raise ValueError("not <yet> written")',
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with all that ours has, but what students don't have."""
    folder = tmp_path_factory.mktemp("student")
    venv.create(folder, with_pip=False)
    theirs = next(folder.glob("lib/python*/site-packages"))
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.startswith(NOT_FOR_STUDENTS) and entry.suffix != ".pth":
            (theirs / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


def checks_after(python: Path, release: Path, answers: dict[str, str]) -> dict[str, str]:
    """What each `grader.check` cell shows, by question, after a student wrote these answers."""
    path = release / "t01-mini.ipynb"
    write_notebook(make_submission(read_notebook(path), answers, {}), path)
    done = subprocess.run(
        [python, "-c", RUN, path.name],
        cwd=release,
        env={"PATH": f"{python.parent}:/usr/bin:/bin", "HOME": str(release), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.source.startswith("grader.check("):
            results = [output for output in cell.outputs if output.output_type == "execute_result"]
            assert results, json.dumps(cell.outputs)
            shown[cell.source.split('"')[1]] = results[0].data["text/plain"]
    return shown


@pytest.mark.parametrize("module", ["pytest", "autograder"])
def test_the_environment_is_a_students(python: Path, module: str) -> None:
    command = [python, "-c", f"import {module}"]
    done = subprocess.run(command, cwd=python.parent, capture_output=True, check=False)
    assert b"ModuleNotFoundError" in done.stderr


@pytest.fixture(scope="module")
def shown(
    python: Path, mini: Built, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    shown = {}
    for name, answers in (("right", RIGHT), ("wrong", WRONG)):
        folder = shutil.copytree(mini.places.release, tmp_path_factory.mktemp(name) / "t01")
        shown[name] = checks_after(python, folder, answers)
    return shown


def test_right_answers_pass_and_wrong_quiz_answers_are_not_told(
    shown: dict[str, dict[str, str]],
) -> None:
    assert set(shown["right"]) == {"q1_2", "q1_3", "q1_4", "q2_1", "q2_2"}
    for question, text in shown["right"].items():
        assert text == f"{question} results: All test cases passed!"


def test_wrong_answers_get_the_checks_own_words_and_little_else(
    shown: dict[str, dict[str, str]],
) -> None:
    wrong = shown["wrong"]
    assert "`kinds` has no answer yet for 'z_score'." in wrong["q1_2"]
    assert "`usual` is 'c'; it should be 'a' or 'b'." in wrong["q1_3"]
    assert "`learned_numbers` should be a number, but is 'many'." in wrong["q1_4"]
    assert "Two columns of two values message: Which dimension is a column?" in wrong["q2_1"]
    assert "\n        CheckFailed: " in wrong["q2_1"]
    assert "[[-4.5, -0.65], [-2.5, 1.35]]" in wrong["q2_1"]
    assert "CheckFailed: Your code raised ValueError: not ‹yet> written" in wrong["q2_2"]
    for text in wrong.values():
        assert "Traceback" not in text
        assert "course_checks" not in text
