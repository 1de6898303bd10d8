"""The content of every assignment: its files agree with each other."""

from __future__ import annotations

import re
from typing import Any

import pytest

from autograder.assignment import Kind
from autograder.assignment.models import Matching, SingleChoice
from tests.assignment.content import SOLUTIONS, Content, blank, of_kind

PLACEHOLDER = "_Type your answer here, replacing this text._"
NAMES = sorted(path.parent.name for path in SOLUTIONS.glob("*/assignment.yml"))


@pytest.fixture(scope="module", params=NAMES)
def content(request: pytest.FixtureRequest) -> Content:
    return Content(request.param)


def test_rubrics_add_up_to_the_manual_points_exactly(content: Content) -> None:
    for question in content.master.assignment.questions:
        if question.manual:
            items = content.master.rubrics.rubrics[question.id].items
            assert sum(item.points for item in items) == question.manual, question.id
            assert all(item.look_for for item in items), question.id


def test_headings_state_title_and_points_of_their_question(content: Content) -> None:
    text = "\n".join(cell.source for cell in content.notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^### (\d)\.(\d) (.+) · (\d+) points$", text, re.MULTILINE)

    stated = [(f"q{part}_{number}", title, float(sum_)) for part, number, title, sum_ in headings]
    assert stated == [
        (item.id, item.title, item.auto + item.manual)
        for item in content.master.assignment.questions
    ]


def test_the_notebook_states_deadline_and_late_policy(content: Content) -> None:
    text = " ".join("\n".join(cell.source for cell in content.notebook.cells).split())
    deadline = content.master.assignment.deadline

    assert f"{deadline:%A}, {deadline.day} {deadline:%B %Y}, {deadline:%H:%M} (CET)" in text
    assert content.master.assignment.late_policy.strip() in text


def test_every_question_has_answer_cells_of_the_right_kind(content: Content) -> None:
    for question in content.master.assignment.questions:
        cells = content.answers[question.id]
        assert bool(of_kind(cells, "code")) == bool(question.auto), question.id
        assert len(of_kind(cells, "markdown")) == bool(question.manual), question.id


def test_written_answers_are_blank(content: Content) -> None:
    for question in content.master.assignment.questions:
        for cell in of_kind(content.answers[question.id], "markdown"):
            assert cell.source == PLACEHOLDER, question.id


def test_code_answers_are_blank_for_students(content: Content) -> None:
    for question in content.master.assignment.questions:
        if question.kind is Kind.CODE:
            source = blank(of_kind(content.answers[question.id], "code")[0])
            compile(source, question.id, "exec")
            assert "raise NotImplementedError" in source, question.id
            assert "return " not in re.sub(r'"""[\s\S]*?"""', "", source), question.id


def test_quiz_variables_start_as_none(content: Content) -> None:
    for id, item in content.master.quiz.items.items():
        names: dict[str, Any] = {}
        exec(blank(of_kind(content.answers[id], "code")[0]), names)
        if isinstance(item, Matching):
            assert names[item.variable] == dict.fromkeys(row.key for row in item.rows)
        elif isinstance(item, SingleChoice):
            assert names[item.variable] is None
        else:
            assert [names[part.variable] for part in item.parts] == [None] * len(item.parts)


def test_the_reference_answers_the_quiz(content: Content) -> None:
    for item in content.master.quiz.items.values():
        if isinstance(item, Matching):
            assert content.reference[item.variable] == {row.key: row.answer for row in item.rows}
        elif isinstance(item, SingleChoice):
            assert content.reference[item.variable] == item.answer
        else:
            assert [content.reference[part.variable] for part in item.parts] == [
                part.answer for part in item.parts
            ]


def test_name_and_number_have_their_cell(content: Content) -> None:
    (cell,) = content.answers["student"]

    assert re.search(r"^\*\*Name:\*\*", cell.source, re.MULTILINE)
    assert re.search(r"^\*\*Student number:\*\*", cell.source, re.MULTILINE)


def test_one_cell_trains(content: Content) -> None:
    training = content.master.assignment.training
    (cell,) = content.answers["training"]

    assert training is not None
    assert training.question in cell.metadata["tags"]
    assert f"train({training.object}, " in cell.source
    assert training.checkpoint in cell.source


def test_stand_ins_define_what_students_write(content: Content) -> None:
    for question in content.master.assignment.questions:
        if question.stand_in:
            source = blank(of_kind(content.answers[question.id], "code")[0])
            names = re.findall(r"^(?:def|class) (\w+)", source, re.MULTILINE)
            assert names, question.id
            assert set(names) <= content.stand_ins.keys(), question.id


def test_what_one_assignment_hides_no_other_gives_to_students() -> None:
    # Of one source, one seed and one number of hidden reviews all draw the same hidden ones.
    drawn = [Content(name).master.assignment.data for name in NAMES]
    hidden = {(data.seed, data.test, data.test_file) for data in drawn if data}
    assert len(hidden) == 1
