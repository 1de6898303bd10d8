"""From the master's notebook to the students' one."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

from autograder.assignment import load_master
from autograder.authoring.answers import (
    answer_cell,
    make_submission,
    read_notebook,
    tags_of,
    write_notebook,
)
from autograder.authoring.master import (
    PLACEHOLDER,
    make_notebooks,
    placed_cells,
    read_master_notebook,
    reference_source,
)
from autograder.errors import AssignmentError

from .conftest import MINI, Built

SOLVED = '''\
def f(x):
    """What it does."""
    # BEGIN SOLUTION NO PROMPT
    # why
    y = x + 1
    return y
    # END SOLUTION
    """ # BEGIN PROMPT
    raise NotImplementedError
    """;  # END PROMPT


z = f(1)  # SOLUTION
'''


def test_the_reference_has_neither_markers_nor_prompts() -> None:
    assert reference_source(SOLVED) == (
        'def f(x):\n    """What it does."""\n    # why\n    y = x + 1\n    return y\n\n\nz = f(1)'
    )


def test_the_reference_of_a_class_runs() -> None:
    source = reference_source(SOLVED)
    names: dict[str, object] = {}
    exec(source, names)
    assert names["z"] == 2


@pytest.mark.slow
def test_the_template_is_blank_and_tagged(mini: Built) -> None:
    template = read_notebook(mini.kit.template)
    assert "NotImplementedError" in answer_cell(template, "q2_1", "code").source
    assert answer_cell(template, "q1_3", "code").source == "usual = ..."
    for question in ("q1_1", "q1_3"):
        assert answer_cell(template, question, "markdown").source == PLACEHOLDER
    assert all(not cell.get("outputs") for cell in template.cells)


@pytest.mark.slow
def test_each_automatic_question_ends_with_its_check(mini: Built) -> None:
    cells = read_notebook(mini.kit.template).cells
    checked = [cell.source for cell in cells if cell.source.startswith("grader.check(")]
    assert checked == [f'grader.check("{id}")' for id in ("q1_2", "q1_3", "q1_4", "q2_1", "q2_2")]
    ids = [cell.id for cell in cells]
    assert len(set(ids)) == len(ids)
    assert ids.index("check-q1_3") > ids.index("q1_3-2")


@pytest.mark.slow
def test_the_reference_has_the_templates_cells(mini: Built) -> None:
    notebooks = make_notebooks(load_master(MINI))
    ids = [cell.id for cell in notebooks.template.cells]
    assert [cell.id for cell in notebooks.reference.cells] == ids
    assert "deviation.clamp" in answer_cell(notebooks.reference, "q2_1", "code").source
    assert notebooks.texts["q1_1"].startswith("Without scaling the loss")


@pytest.mark.slow
def test_a_submission_holds_answers_name_and_number(mini: Built) -> None:
    template = read_notebook(mini.kit.template)
    made = make_submission(
        template, {"q2_1": "x = 1\n"}, {"q1_1": "Because."}, name=r"A\1 Ω", number="42"
    )
    assert answer_cell(made, "q2_1", "code").source == "x = 1"
    assert answer_cell(made, "q1_1", "markdown").source == "Because."
    (who,) = [cell.source for cell in made.cells if "student" in tags_of(cell)]
    assert "**Name:** A\\1 Ω\n" in who
    assert who.endswith("**Student number:** 42")
    assert answer_cell(template, "q1_1", "markdown").source == PLACEHOLDER
    with pytest.raises(AssignmentError, match="no markdown answer cell of q2_1"):
        make_submission(template, {}, {"q2_1": "text"})


@pytest.mark.slow
def test_a_master_may_be_a_notebook(mini: Built, master_folder: Path) -> None:
    notebook = jupytext.read(master_folder / "notebook.md")
    (master_folder / "notebook.md").unlink()
    write_notebook(notebook, master_folder / "notebook.ipynb")
    template = make_notebooks(load_master(master_folder)).template
    assert template == read_notebook(mini.kit.template)


def edit(master_folder: Path, old: str, new: str) -> None:
    path = master_folder / "notebook.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: q1_2", "name: q7_7", "q7_7 is not in assignment.yml"),
        ("name: q1_2", "name: q1_1", "q1_1 stands twice"),
        ("# BEGIN QUESTION\nname: q1_1", "# A REMARK", "q1_1 of assignment.yml has no place"),
    ],
)
def test_a_question_that_is_not_where_it_should_be_is_named(
    master_folder: Path, old: str, new: str, words: str
) -> None:
    edit(master_folder, old, new)
    master = load_master(master_folder)
    with pytest.raises(AssignmentError, match=words):
        list(placed_cells(master, read_master_notebook(master)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("· 2 points", "· 3 points", "says 3 points, assignment.yml 2"),
        ('usual = "b"  # SOLUTION', 'usual = "b"', "q1_3 has automatic points and no solution"),
        ("    # END SOLUTION\n", "", "otter assign refuses the notebook"),
    ],
)
@pytest.mark.slow
def test_a_master_that_contradicts_itself_is_refused(
    master_folder: Path, old: str, new: str, words: str
) -> None:
    edit(master_folder, old, new)
    with pytest.raises(AssignmentError, match=words):
        make_notebooks(load_master(master_folder))
