"""The steps that a notebook is cut into."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from autograder.assignment.kit import Kit
from autograder.grading.plan import plan_steps
from autograder.sandbox.execution import Step
from autograder.submission import read_submission

from .conftest import RIGHT, notebook

LAST = 'grader.check("q1_4")'


def steps_of(kit: Kit, path: Path, last: str, *after: str) -> list[Step]:
    """The steps of a right notebook with this last check, and cells after it."""
    it = nbformat.reads(notebook(RIGHT), as_version=4)
    it.cells[-1].source = last
    it.cells += [nbformat.v4.new_code_cell(source) for source in after]
    path.write_text(nbformat.writes(it))
    return plan_steps(read_submission(path), kit.master.assignment, None)


@pytest.mark.parametrize(
    ("last", "after"),
    [
        (LAST, []),
        (LAST, ["while True: pass"]),
        (LAST, ["show(model)", "import sys", "sys.exit()"]),
        (f"{LAST}\nwhile True: pass", []),
        (f"{LAST}\nshow(model)", ["while True: pass"]),
    ],
)
def test_nothing_is_run_after_the_last_check(
    kit: Kit, tmp_path: Path, last: str, after: list[str]
) -> None:
    steps = steps_of(kit, tmp_path / "a.ipynb", last, *after)
    assert steps[-1].check_points == ("q1_4",)
    assert steps[-1].source.rstrip() == LAST
    assert len(steps) == len(steps_of(kit, tmp_path / "b.ipynb", LAST))


def test_a_question_without_a_check_is_judged_after_its_own_cell(kit: Kit, tmp_path: Path) -> None:
    steps = steps_of(kit, tmp_path / "a.ipynb", "first = 4", "while True: pass")
    assert steps[-1].check_points == ("q1_4",)
    assert "torch.nn.init" in steps[-1].source


def test_a_later_check_counts(kit: Kit, tmp_path: Path) -> None:
    steps = steps_of(kit, tmp_path / "a.ipynb", LAST, "model = Net()", LAST, "late = 1")
    assert [step.source for step in steps[-2:]] == ["model = Net()", LAST]
    assert [step.check_points for step in steps[-3:]] == [(), (), ("q1_4",)]
