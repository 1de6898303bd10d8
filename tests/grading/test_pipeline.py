"""One hand-in through the whole pipeline: real notebook, real wall, real pytest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save

from autograder.assignment.kit import Kit, load_kit
from autograder.grading.hand_in import HandIn
from autograder.grading.job import KitJob
from autograder.grading.local import grade_class
from autograder.results import Ending
from autograder.sandbox.choice import choose_wall
from tests.grading.conftest import RIGHT, Grade, check, question, scores

pytestmark = pytest.mark.slow

FULL = {"q1_1": 3, "q1_2": 2, "q1_3": 2, "q1_4": 1}


def test_a_right_notebook_has_full_automatic_points(grade: Grade) -> None:
    result = grade(RIGHT, essay="Because it is so.")
    assert scores(result) == FULL
    assert result.status == Ending.GRADED
    assert {it.status for it in result.questions} == {Ending.GRADED}
    assert (result.name, result.student_id) == ("Ada", "17")
    assert question(result, "q1_3").answer == "Because it is so."
    assert [flag.text for flag in result.flags] == ["the instructor reads this"]


def test_a_blank_template_has_none(grade: Grade) -> None:
    result = grade({})
    assert scores(result) == dict.fromkeys(FULL, 0)
    assert "NotImplementedError" in question(result, "q1_1").note
    assert check(result, "q1_1", "test_two").message.startswith("`double` is not defined")


def test_public_checks_give_reasons_and_hidden_ones_only_the_line(grade: Grade) -> None:
    wrong = (
        "def double(x):\n    if x > 1000:\n        raise ValueError(f'secret {x}')\n    return x"
    )
    result = grade({**RIGHT, "q1_1": wrong})
    public = check(result, "q1_1", "test_two")
    assert public.message == "double(2) should be 4, but is 2"
    hidden = check(result, "q1_1", "test_secret")
    assert hidden.message == (
        "Your code raised a ValueError.\nin cell 5, line 3: raise ValueError(f'secret {x}')"
    )
    assert hidden.hint == "Think of large numbers."


def test_a_question_is_judged_once_more_with_a_stand_in_for_what_it_needs(grade: Grade) -> None:
    result = grade({**RIGHT, "q1_1": "def double(x):\n    return x"})
    assert scores(result) == {**FULL, "q1_1": 0}
    assert check(result, "q1_2", "test_hidden").stand_in
    assert not check(result, "q1_1", "test_secret").stand_in


def test_a_stand_in_does_not_help_who_failed_the_question_itself(grade: Grade) -> None:
    result = grade({**RIGHT, "q1_1": "", "q1_2": "def quadruple(x):\n    return double(x)"})
    assert scores(result) == {**FULL, "q1_1": 0, "q1_2": 0}


def test_a_cell_that_ends_the_process_costs_its_question_alone(grade: Grade) -> None:
    result = grade({**RIGHT, "q1_2": "import os\nos._exit(0)"})
    assert scores(result) == {**FULL, "q1_2": 0}
    assert question(result, "q1_2").status == Ending.CRASHED
    assert "ended the whole Python process" in question(result, "q1_2").note
    assert result.status == Ending.GRADED


def test_a_crash_inside_a_check_costs_that_check_alone(grade: Grade) -> None:
    dying = "import ctypes\ndef double(x):\n    return 4 if x == 2 else ctypes.string_at(0)"
    result = grade({**RIGHT, "q1_1": dying})
    assert scores(result) == {**FULL, "q1_1": 1}
    assert question(result, "q1_1").status == Ending.CRASHED


def test_an_endless_check_costs_that_check_alone(grade: Grade) -> None:
    hanging = "def double(x):\n    while x != 2: pass\n    return 4"
    result = grade({**RIGHT, "q1_1": hanging})
    assert scores(result) == {**FULL, "q1_1": 1}
    assert question(result, "q1_1").status == Ending.TIMED_OUT


def test_a_checkpoint_stands_for_the_training_cell(grade: Grade) -> None:
    tensors = {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}
    never = "raise RuntimeError('training must not run')"
    result = grade(RIGHT, files={"tiny.safetensors": save(tensors)}, training=never)
    assert scores(result) == FULL
    assert question(result, "q1_4").note == ""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (save({"weight": torch.ones(5, 2)}), "size mismatch"),
        (b"\x80\x04K\x01.", "not a safetensors file"),
        (b"\xff" * 64, "not a safetensors file"),
        (save({"weight": torch.ones(17 * 2**20)}), " MB"),
    ],
)
def test_a_bad_checkpoint_is_told_at_its_question(grade: Grade, data: bytes, said: str) -> None:
    result = grade(RIGHT, files={"tiny.safetensors": data})
    assert said in question(result, "q1_4").note
    assert scores(result) == {**FULL, "q1_4": 0.25 if said != "" else 1}


def test_a_check_that_gives_some_of_its_points_says_why(grade: Grade) -> None:
    result = grade(RIGHT, training="pass")
    verdict = check(result, "q1_4", "test_model")
    assert (verdict.points, verdict.passed) == (0.25, False)
    assert verdict.message == "It adds something else."


SPY = """
import os, sys, glob
seen = []
def look(what=''):
    for root in ('/', os.getcwd(), os.path.expanduser('~')):
        for folder, folders, names in os.walk(root):
            if folder.startswith(('/proc', '/sys', '/usr', '/dev', sys.prefix, sys.base_prefix)):
                folders.clear()
                continue
            for name in names:
                try:
                    text = open(os.path.join(folder, name), errors='replace').read(100_000)
                except OSError:
                    continue
                if any(word in text for word in ('HIDDEN' + 'LABEL', 'test_' + 'secret')):
                    seen.append(os.path.join(folder, name))
    frame = sys._getframe()
    while frame:
        texts = [str(value)[:2000] for value in frame.f_locals.values()]
        seen.extend(text[:200] for text in texts if str(31_000 + 337) in text)
        frame = frame.f_back
look()
"""


def test_student_code_finds_nothing_hidden_and_carries_nothing_home(grade: Grade) -> None:
    smuggler = (
        SPY + "import mmap\nshared = mmap.mmap(-1, 4096)\n"
        "def double(x):\n"
        "    shared.write(str(x).encode() + b' ')\n"
        "    open('note.txt', 'a').write(str(x))\n"
        "    sys.stderr.write(str(x)); print(x)\n"
        "    if x > 1000: raise ValueError('SMUGGLED ' + str(x))\n"
        "    return 2 * x"
    )
    reader = (
        "look()\nraise KeyError(seen, shared[:].strip(b'\\0'), glob.glob('note*') and "
        "open('note.txt').read())"
    )
    result = grade({**RIGHT, "q1_1": smuggler, "q1_2": reader, "q1_4": reader})
    told = json.dumps(
        [(it.note, it.answer, [(v.message, v.hint) for v in it.checks]) for it in result.questions]
    )
    assert "SMUGGLED" not in told.replace("'SMUGGLED ' + str(x)", "")
    assert "HIDDENLABEL" not in told
    # The public check's own input, 2, is known; no hidden one (a multiple of 31,337) is.
    assert "([], b'', [])" in question(result, "q1_2").note


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_points_that_are_no_number_are_none(
    with_check: Callable[..., Kit], grade: Grade, number: str
) -> None:
    kit = with_check("award(student.quadruple(3), student.quadruple(5))").folder
    file = kit / "checks" / "test_q1_2.py"
    file.write_text(file.read_text().replace("test_hidden(student)", "test_hidden(student, award)"))
    source = f"def quadruple(x):\n    return 4 if x == 1 else float('{number}')"
    result = grade({**RIGHT, "q1_2": source}, kit=load_kit(kit))
    verdict = check(result, "q1_2", "test_hidden")
    assert (verdict.points, verdict.passed, verdict.message) == (0, False, number)
    assert scores(result) == {**FULL, "q1_2": 1}


@pytest.fixture
def with_check(kit: Kit, tmp_path: Path) -> Callable[..., Kit]:
    """The kit with another body of q1_2's hidden check, and with other limits."""

    def with_check(body: str, **limits: float) -> Kit:
        folder = tmp_path / "another-kit"
        shutil.copytree(kit.folder, folder)
        file = folder / "checks" / "test_q1_2.py"
        file.write_text(file.read_text().replace("assert student.quadruple(3) == 12", body))
        config = folder / "assignment.yml"
        content = yaml.safe_load(config.read_text())
        content["limits"].update(limits)
        config.write_text(yaml.safe_dump(content))
        return load_kit(folder)

    return with_check


def test_a_fault_of_the_check_is_ours_and_no_zero(
    with_check: Callable[..., Kit], grade: Grade
) -> None:
    result = grade(RIGHT, kit=with_check("assert undefined(3) == 12"))
    assert question(result, "q1_2").status == Ending.GRADER_ERROR
    assert result.status == Ending.GRADER_ERROR
    assert any("undefined" in flag.text for flag in result.flags)


COLUMN = "import {0}\ndef quadruple(x):\n    return 4 if x == 1 else {0}.{1}((45_000, 1))"


@pytest.mark.parametrize(
    "source", [COLUMN.format("numpy", "zeros"), COLUMN.format("torch", "zeros")]
)
def test_a_sum_of_what_came_back_takes_no_more_memory_than_student_code_may(
    with_check: Callable[..., Kit], grade: Grade, source: str
) -> None:
    """It would be a table of 8 or 16 GB."""
    kit = with_check("got = student.quadruple(3); assert (got + got.reshape(1, -1)).sum() == 12")
    result = grade({**RIGHT, "q1_2": source}, kit=kit)
    assert not check(result, "q1_2", "test_hidden").passed
    assert question(result, "q1_2").status == Ending.GRADED
    assert scores(result) == {**FULL, "q1_2": 1}
    assert any("allocate" in flag.text for flag in result.flags)


def test_a_check_that_never_ends_with_what_came_back_costs_its_own_points(
    with_check: Callable[..., Kit], grade: Grade
) -> None:
    endless = """
    got = student.quadruple(3)
    while got != 12:
        try:
            got += 0
        except Exception:
            pass"""
    kit = with_check(endless, submission_seconds=8, check_seconds=2)
    result = grade({**RIGHT, "q1_2": "def quadruple(x):\n    return 4 * x + (x == 3)"}, kit=kit)
    assert question(result, "q1_2").status == Ending.TIMED_OUT
    assert scores(result) == {**FULL, "q1_2": 1}
    assert any("TookTooLong" in flag.text for flag in result.flags)


def test_a_check_that_can_not_use_a_file_that_came_along_fails(
    with_check: Callable[..., Kit], grade: Grade
) -> None:
    kit = with_check("pass").folder
    file = kit / "checks" / "test_q1_2.py"
    text = file.read_text().replace("test_hidden(student)", "test_hidden(handed_in)")
    file.write_text(text.replace("pass", "assert len(handed_in['notes.txt'].decode()) == 3"))
    result = grade(RIGHT, kit=load_kit(kit))
    assert question(result, "q1_2").status == Ending.GRADED
    assert scores(result) == {**FULL, "q1_2": 1}
    assert any("KeyError" in flag.text for flag in result.flags)


def test_a_check_that_can_not_use_what_it_got_fails_and_is_flagged(grade: Grade) -> None:
    result = grade({**RIGHT, "q1_4": RIGHT["q1_4"] + "\nmodel = lambda x: 'text'"}, training="pass")
    verdict = check(result, "q1_4", "test_model")
    assert not verdict.passed
    assert "could not work with what your code returned" in verdict.message
    assert any("AttributeError" in flag.text for flag in result.flags)
    assert result.status == Ending.GRADED


@pytest.mark.parametrize("content", ["not json", "{}", "", '{"cells": 3, "nbformat": 4}'])
def test_what_is_no_notebook_is_unreadable(kit: Kit, tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    [result] = grade_class(KitJob(kit), [HandIn(path, "x.ipynb")], choose_wall("auto"), jobs=1)
    assert result.status == Ending.UNREADABLE
    assert result.note
    assert len(result.questions) == 4
