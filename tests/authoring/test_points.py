from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment import load_master
from autograder.authoring.points import refuse_wrong_sums
from autograder.errors import AssignmentError


def test_a_master_whose_checks_add_up_is_accepted(master_folder: Path) -> None:
    refuse_wrong_sums(load_master(master_folder))


def test_checks_that_are_worth_less_than_their_question_are_refused(master_folder: Path) -> None:
    checks = master_folder / "checks" / "test_q2_1.py"
    first = checks.read_text().index("@pytest.mark.points(")
    text = checks.read_text()
    checks.write_text(text[:first] + "@pytest.mark.points(0.125)" + text[text.index("\n", first) :])
    with pytest.raises(AssignmentError, match=r"q2_1 are worth .* but it has"):
        refuse_wrong_sums(load_master(master_folder))


def test_checks_of_a_quiz_item_come_on_top_of_its_points(master_folder: Path) -> None:
    master = load_master(master_folder)
    item = next(iter(master.quiz.items))
    extra = f"import pytest\n\n\n@pytest.mark.question({item!r})\n@pytest.mark.points(1)\n"
    (master_folder / "checks" / "test_extra.py").write_text(
        extra + 'def test_extra(student):\n    """More"""\n'
    )
    with pytest.raises(AssignmentError, match=item):
        refuse_wrong_sums(load_master(master_folder))
