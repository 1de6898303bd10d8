"""One hand-in, graded with a bundle's own tests behind the wall."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.bundle.foreign.job import BundleJob
from autograder.bundle.foreign.preparing import prepare
from autograder.results import Ending, QuestionResult, SubmissionResult

from .conftest import Grade, grade_alone, scores
from .notebooks import by_hand, ok_test, write

pytestmark = pytest.mark.slow


def question(result: SubmissionResult, id: str) -> QuestionResult:
    return next(it for it in result.questions if it.id == id)


def test_a_check_judges_the_state_at_its_place(grade: Grade):
    result = grade("x = 3", 'grader.check("q1"); x = 4', "x = 5")
    assert question(result, "q1").auto_score == 4
    assert question(result, "q1").status == Ending.GRADED


def test_of_several_checks_the_last_counts_wherever_it_stands(grade: Grade):
    last = 'def look():\n    grader.check("q1")\nfor x in (3, 2):\n    look()\nx = 3'
    assert question(grade("x = 3", 'grader.check("q1")', last), "q1").auto_score == 0


def test_what_was_never_checked_is_judged_at_the_end(grade: Grade):
    assert question(grade("x = 1", "x = 3"), "q1").auto_score == 4


def test_a_check_of_no_question_raises_as_in_otter(grade: Grade):
    result = grade("x = 3", 'grader.check("q9"); x = 4')
    assert question(result, "q1").auto_score == 4


def test_tests_see_the_environment_that_the_check_names(grade: Grade):
    assert question(grade('grader.check("q1", {"x": 3})'), "q1").auto_score == 4


def test_tests_change_nothing_for_the_cells_that_follow(grade: Grade):
    calls = "seen = []\nclass X(int):\n    def __repr__(self): seen.append(1); return '3'\nx = X(3)"
    result = grade(calls, 'grader.check("q1")', "x = 3 if not seen else 0", 'grader.check("q1")')
    assert question(result, "q1").auto_score == 4


def test_a_cell_that_ends_the_process_costs_itself_alone(grade: Grade):
    result = grade(
        "x = 3", 'grader.check("q1")', "import os; os._exit(1)", "def exit_it():\n    return 0"
    )
    assert scores(result) | {"q1": 4, "q3": 2} == scores(result)
    assert result.status == Ending.GRADED
    assert "ended the whole Python process" in result.note


def test_a_loop_without_end_costs_its_question_alone(grade: Grade):
    result = grade("x = 3", "while True: pass", 'grader.check("q3")', 'grader.check("q1")')
    assert question(result, "q1").auto_score == 4
    assert question(result, "q3").status == Ending.TIMED_OUT
    assert "took too long" in question(result, "q3").note


def test_a_test_that_ends_the_process_loses_only_its_own_case(tmp_path: Path):
    cases = [{"code": f">>> call({number})\n1\n", "hidden": False} for number in range(3)]
    path = by_hand(tmp_path / "b.zip", {}, {"q1.py": ok_test("q1", cases, points=3)})
    job = prepare(path, [], "auto", 5)
    dies = "import os\ndef call(number):\n    return os._exit(1) if number == 1 else 1"
    result = grade_alone(job, write(tmp_path / "a.ipynb", [dies]))
    [judged] = result.questions
    assert [check.passed for check in judged.checks] == [True, False, True]
    assert judged.auto_score == 2
    assert judged.status == Ending.CRASHED


def test_hidden_cases_stay_secret_unless_the_bundle_shows_them(grade: Grade, job: BundleJob):
    hidden = [check for check in question(grade("x = 2"), "q1").checks if check.hidden]
    assert [(check.title, check.message) for check in hidden] == [("Hidden test 2", "")]
    shown = replace(job, bundle=replace(job.bundle, config={"show_hidden": True}))
    hidden = [check for check in question(grade("x = 2", job=shown), "q1").checks if check.hidden]
    assert "x > 2" in hidden[0].message


def test_an_outcome_that_student_code_makes_up_is_taken_for_nothing(grade: Grade):
    fake = "import otter.test_files.ok_test as o\no.OKTestFile.run = lambda self, env: setattr("
    odd = fake + "self, 'test_case_results', [])"
    result = grade(odd)
    assert question(result, "q1").auto_score == 0
    assert question(result, "q1").status == Ending.CRASHED


def test_an_export_is_laid_out_as_otter_does(job: BundleJob, tmp_path: Path):
    cells = [
        'loaded = [int(it) for it in open("data/in.txt").read().split()]',
        'own = open("own.txt").read()\nx = 3 if own == "mine" else 0',
        'open("own.txt", "w").write("files beside may be written")',
    ]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(write(tmp_path / "hw.ipynb", cells), "hw.ipynb")
        archive.writestr("own.txt", "mine")
        archive.writestr("tests/q1.py", "raise SystemExit")
    result = grade_alone(job, tmp_path / "a.zip")
    assert question(result, "q1").auto_score == 4
    assert question(result, "q4").auto_score == 2


def test_a_script_runs_as_one_cell_and_in_pieces_where_one_ends_it(job: BundleJob, tmp_path: Path):
    start = "import otter\ngrader = otter.Notebook('gone.ipynb')\nx = 3\n"
    (tmp_path / "raises.py").write_text(f"{start}1 / 0\ndef exit_it():\n    return 0\n")
    (tmp_path / "dies.py").write_text(
        f"{start}import os\nos._exit(1)\ndef exit_it():\n    return 0\n"
    )
    raises = scores(grade_alone(job, tmp_path / "raises.py"))
    dies = scores(grade_alone(job, tmp_path / "dies.py"))
    assert (raises["q1"], raises["q3"]) == (4, 0)
    assert (dies["q1"], dies["q3"]) == (4, 2)
