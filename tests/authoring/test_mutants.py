from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment import load_master
from autograder.authoring.mutants import (
    read_right,
    read_wrong,
    right_answers,
    wrong_answers,
)
from autograder.errors import AssignmentError

ASSIGNMENT = """
name: tiny
title: Tiny
deadline: 2026-01-01T09:00+01:00
seed: 1
environment: [numpy]
questions:
  - {id: q1_1, title: One, kind: code, auto: 1}
  - {id: q1_2, title: Two, kind: code, auto: 1}
"""

WRONG = """
wrong:
  - name: one_too_many
    sentence: Adds one more.
    question: q1_1
    expected: q1_1
    replace:
      - {find: "return x", with: "return x + 1"}
"""

REFERENCE = {"q1_1": "def f(x):\n    return x\n", "q1_2": "y = f(2)\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assignment.yml").write_text(ASSIGNMENT)
    (tmp_path / "mutants" / "right").mkdir(parents=True)
    (tmp_path / "mutants" / "wrong.yml").write_text(WRONG)
    return tmp_path


def test_wrong_solution_is_the_reference_with_one_edit(folder: Path) -> None:
    (wrong,) = read_wrong(load_master(folder))
    assert wrong_answers(wrong, REFERENCE) == {
        "q1_1": "def f(x):\n    return x + 1\n",
        "q1_2": "y = f(2)\n",
    }
    assert REFERENCE["q1_1"] == "def f(x):\n    return x\n"


@pytest.mark.parametrize("source", ["def f(x):\n    return 2\n", "return x\nreturn x\n"])
def test_edit_that_the_reference_has_outgrown_is_an_error(folder: Path, source: str) -> None:
    (wrong,) = read_wrong(load_master(folder))
    with pytest.raises(AssignmentError, match="one_too_many: 'return x' occurs"):
        wrong_answers(wrong, REFERENCE | {"q1_1": source})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("expected: q1_1", "expected: q9_9", "names q9_9, which is no question"),
        ("name: one_too_many", "name: One too many", "wrong.yml:3"),
        ("sentence: Adds one more.", "", "sentence"),
        ('find: "return x"', 'find: ""', "find"),
    ],
)
def test_faulty_list_is_an_error_that_says_where(
    folder: Path, old: str, new: str, message: str
) -> None:
    path = folder / "mutants" / "wrong.yml"
    path.write_text(WRONG.replace(old, new))
    with pytest.raises(AssignmentError, match=message):
        read_wrong(load_master(folder))


def test_names_of_wrong_solutions_differ(folder: Path) -> None:
    path = folder / "mutants" / "wrong.yml"
    path.write_text(WRONG + WRONG.replace("\nwrong:\n", ""))
    with pytest.raises(AssignmentError, match="one_too_many stands twice"):
        read_wrong(load_master(folder))


def test_right_solution_replaces_the_answers_that_it_names(folder: Path) -> None:
    (folder / "mutants" / "right" / "lambda.py").write_text(
        '"""A lambda, in place\nof a function."""\n\n# %% q1_1\nf = lambda x: x\n'
    )
    (right,) = read_right(load_master(folder))
    assert right.name == "lambda"
    assert right.sentence == "A lambda, in place of a function."
    assert right_answers(right, REFERENCE) == {"q1_1": "f = lambda x: x\n", "q1_2": "y = f(2)\n"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"""Says so."""\n# %% q9_9\nf = 1\n', "q9_9 is no question"),
        ('"""Says so."""\n# %% q1_1\nf = 1\n# %% q1_1\nf = 2\n', "stands twice"),
        ('"""Says so."""\n# %%\nf = 1\n', "without a name"),
        ("# %% q1_1\nf = 1\n", "needs a docstring"),
        ('"""Says so."""\n', "needs a docstring and an answer"),
        ('"""Says so."""\n# %% q1_1\ndef f(:\n', "not Python"),
    ],
)
def test_faulty_right_solution_is_an_error(folder: Path, text: str, message: str) -> None:
    (folder / "mutants" / "right" / "one.py").write_text(text)
    with pytest.raises(AssignmentError, match=message):
        read_right(load_master(folder))


def test_master_without_mutants_has_none(tmp_path: Path) -> None:
    (tmp_path / "assignment.yml").write_text(ASSIGNMENT)
    master = load_master(tmp_path)
    assert read_wrong(master) == read_right(master) == ()
