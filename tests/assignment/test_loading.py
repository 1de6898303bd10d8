"""Faults in a master's YAML files: each is named with file, line and remedy."""

from pathlib import Path

import pytest

from autograder.assignment import Kind, load_master
from autograder.errors import AssignmentError

ASSIGNMENT = """\
name: tiny
title: Tiny
deadline: 2026-06-18T09:00+02:00
seed: 1
environment: [numpy]
questions:
  - id: q1_1
    title: Pick one
    kind: single_choice
    auto: 1
    manual: 1
  - id: q2_1
    title: Write it
    kind: code
    auto: 3
    stand_in: stand_ins/q2_1.py
  - id: q2_2
    title: Use it
    kind: code
    auto: 2
    needs: [q2_1]
"""

QUIZ = """\
items:
  q1_1:
    type: single_choice
    variable: choice
    prompt: Which?
    options:
      - {key: a, text: This}
      - {key: b, text: That, feedback: "No, this."}
    answer: a
"""

RUBRICS = """\
rubrics:
  q1_1:
    items:
      - {id: reason, text: A reason is given, points: 1}
    reference: Because.
"""


CODE_QUESTION = "kind: code\n    auto: 1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assignment.yml").write_text(ASSIGNMENT)
    (tmp_path / "quiz.yml").write_text(QUIZ)
    (tmp_path / "rubrics.yml").write_text(RUBRICS)
    (tmp_path / "stand_ins").mkdir()
    (tmp_path / "stand_ins" / "q2_1.py").write_text("def answer():\n    return 42\n")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is not unique in {path.name}"
    path.write_text(text.replace(old, new))


def fault(folder: Path) -> AssignmentError:
    with pytest.raises(AssignmentError) as caught:
        load_master(folder)
    assert caught.value.remedy, "an error without a remedy"
    return caught.value


def test_a_sound_master_is_read_whole(folder: Path) -> None:
    master = load_master(folder)

    assert master.name == "tiny"
    assert master.assignment.max_score == 7
    assert master.assignment.question("q2_2").needs == ("q2_1",)
    assert master.assignment.question("q1_1").kind is Kind.SINGLE_CHOICE
    assert list(master.quiz.items) == ["q1_1"]
    assert master.rubrics.rubrics["q1_1"].items[0].points == 1
    assert master.checks == folder / "checks"


def test_quiz_and_rubrics_may_be_left_out_where_no_question_needs_them(folder: Path) -> None:
    edit(
        folder / "assignment.yml", "kind: single_choice\n    auto: 1\n    manual: 1", CODE_QUESTION
    )
    (folder / "quiz.yml").unlink()
    (folder / "rubrics.yml").unlink()

    assert load_master(folder).quiz.items == {}


def test_a_folder_without_an_assignment_is_refused(tmp_path: Path) -> None:
    error = fault(tmp_path)

    assert error.where == str(tmp_path)
    assert "no assignment here" in error.what


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "says"),
    [
        pytest.param(
            "assignment.yml",
            "    kind: code\n    auto: 3",
            "    kind: code\n    autos: 3",
            15,
            "autos",
            id="misspelt field",
        ),
        pytest.param(
            "assignment.yml", "seed: 1", "seeds: 1", 1, "seed: Field required", id="missing field"
        ),
        pytest.param(
            "assignment.yml",
            "    auto: 3",
            "    auto: three",
            15,
            "number",
            id="words for a number",
        ),
        pytest.param(
            "assignment.yml",
            "    auto: 3",
            "    auto: -3",
            15,
            "greater than or equal to 0",
            id="negative points",
        ),
        pytest.param(
            "assignment.yml", "    auto: 3", "    auto: 0", 12, "q2_1 has no points", id="no points"
        ),
        pytest.param(
            "assignment.yml",
            "title: Use it\n    kind: code",
            "title: Use it\n    kind: magic",
            19,
            "kind",
            id="unknown kind",
        ),
        pytest.param(
            "assignment.yml",
            "id: q2_2",
            "id: second",
            17,
            "'second' is no question id",
            id="no question id",
        ),
        pytest.param(
            "assignment.yml", "id: q2_2", "id: q2_1", 17, "q2_1 stands twice", id="question twice"
        ),
        pytest.param(
            "assignment.yml",
            "needs: [q2_1]",
            "needs: [q2_3]",
            17,
            "q2_2 needs q2_3, which is not an earlier question",
            id="needs a later question",
        ),
        pytest.param(
            "assignment.yml",
            "T09:00+02:00",
            "T09:00",
            3,
            "no time zone",
            id="deadline without zone",
        ),
        pytest.param(
            "assignment.yml", "name: tiny", "name: Tiny One", 1, "pattern", id="name with a space"
        ),
        pytest.param(
            "assignment.yml",
            "seed: 1",
            "seed: 1\ntraining: {question: q9_9, checkpoint: c, build: b}",
            5,
            "training names q9_9, which is no question",
            id="training of no question",
        ),
        pytest.param(
            "quiz.yml",
            "answer: a",
            "answer: c",
            2,
            "the answer 'c' is not one of the options",
            id="answer that is no option",
        ),
        pytest.param(
            "quiz.yml",
            "type: single_choice",
            "type: singel_choice",
            2,
            "singel_choice",
            id="unknown type of item",
        ),
        pytest.param("quiz.yml", "key: b,", "keys: b,", 8, "key", id="misspelt field of an option"),
        pytest.param(
            "rubrics.yml", "id: reason", "id: Reason", 4, "pattern", id="rubric item with a bad id"
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_line(
    folder: Path, file: str, old: str, new: str, line: int, says: str
) -> None:
    edit(folder / file, old, new)

    error = fault(folder)

    assert says in error.what
    assert error.where == f"{folder / file}:{line}"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param("title: Tiny", "title: Tiny\n  subtitle: wrong", 3, id="indentation"),
        pytest.param("title: Use it", 'title: "Use it', 18, id="quote left open"),
        pytest.param("environment: [numpy]", "environment: [numpy", 6, id="bracket left open"),
        pytest.param("title: Tiny", "title: Tiny: the second", 2, id="second colon"),
    ],
)
def test_what_is_not_yaml_is_named_with_its_line(
    folder: Path, old: str, new: str, line: int
) -> None:
    edit(folder / "assignment.yml", old, new)

    error = fault(folder)

    assert error.what.startswith("not YAML")
    assert error.where == f"{folder / 'assignment.yml'}:{line}"


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "key"),
    [
        ("assignment.yml", "    auto: 3", "    auto: 3\n    auto: 5", 16, "auto"),
        ("assignment.yml", "seed: 1", "seed: 1\nseed: 2", 5, "seed"),
        ("quiz.yml", "    answer: a", "    answer: a\n    answer: b", 10, "answer"),
        (
            "rubrics.yml",
            "    reference: Because.",
            "    reference: Because.\n  q1_1: {}",
            6,
            "q1_1",
        ),
    ],
)
def test_a_key_that_stands_twice_is_refused(
    folder: Path, file: str, old: str, new: str, line: int, key: str
) -> None:
    edit(folder / file, old, new)

    error = fault(folder)

    assert f"'{key}' stands twice" in error.what
    assert error.where == f"{folder / file}:{line}"


def test_a_file_that_is_not_utf8_is_named(folder: Path) -> None:
    (folder / "quiz.yml").write_bytes(QUIZ.replace("Which", "Où").encode("latin-1"))

    error = fault(folder)

    assert "not UTF-8" in error.what
    assert error.where == f"{folder / 'quiz.yml'}:5"


def test_an_empty_file_is_told_what_it_lacks(folder: Path) -> None:
    (folder / "assignment.yml").write_text("")

    assert fault(folder).where == f"{folder / 'assignment.yml'}:1"


def test_a_list_in_place_of_fields_is_refused(folder: Path) -> None:
    (folder / "quiz.yml").write_text("- q1_1\n- q1_2\n")

    assert fault(folder).where == f"{folder / 'quiz.yml'}:1"


def test_an_item_of_an_unknown_question_is_refused(folder: Path) -> None:
    edit(folder / "quiz.yml", "  q1_1:", "  q1_7:")

    error = fault(folder)

    assert "q1_7 is no question" in error.what
    assert error.where == f"{folder / 'quiz.yml'}:2"


def test_a_quiz_question_needs_an_item(folder: Path) -> None:
    (folder / "quiz.yml").write_text("items: {}\n")

    assert "q1_1 is a quiz question without an item" in fault(folder).what


def test_item_and_question_must_be_of_one_kind(folder: Path) -> None:
    edit(folder / "assignment.yml", "kind: single_choice", "kind: numeric")

    error = fault(folder)

    assert "q1_1 is of type single_choice, but assignment.yml says numeric" in error.what


def test_manual_points_need_a_rubric(folder: Path) -> None:
    (folder / "rubrics.yml").write_text("rubrics: {}\n")

    error = fault(folder)

    assert "q1_1 has manual points and no rubric" in error.what
    assert error.where == str(folder / "rubrics.yml")


def test_a_rubric_must_reach_the_manual_points(folder: Path) -> None:
    edit(folder / "assignment.yml", "manual: 1", "manual: 2.5")

    error = fault(folder)

    assert "the items of q1_1 add up to 1 of 2.5 points" in error.what
    assert error.where == f"{folder / 'rubrics.yml'}:2"


def test_deductions_do_not_count_towards_the_manual_points(folder: Path) -> None:
    deduction = "points: 1}\n      - {id: late_thought, text: Contradicts itself, points: -1}"
    edit(folder / "rubrics.yml", "points: 1}", deduction)

    assert len(load_master(folder).rubrics.rubrics["q1_1"].items) == 2


def test_a_rubric_of_an_unknown_question_is_refused(folder: Path) -> None:
    edit(folder / "rubrics.yml", "  q1_1:", "  q1_7:")

    assert "q1_7 is no question" in fault(folder).what


def test_a_stand_in_must_exist(folder: Path) -> None:
    (folder / "stand_ins" / "q2_1.py").unlink()

    error = fault(folder)

    assert "the stand-in stand_ins/q2_1.py is missing" in error.what
    assert error.where == f"{folder / 'assignment.yml'}:12"
