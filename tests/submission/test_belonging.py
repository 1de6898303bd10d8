from __future__ import annotations

import pytest

from autograder.errors import UnreadableSubmission
from autograder.submission import belongs, require_assignment

from .conftest import IDS, TEMPLATE, Source, cells_of, submission_of
from .test_answers import filled, without_tags

GIVEN = cells_of(TEMPLATE)
OTHER: list[Source] = [
    ("markdown", "# Deep Learning · Assignment 4: LSTM", ()),
    ("markdown", "**Name:** Ada\n\n**Student number:** 1", ("student",)),
    ("code", 'import otter\ngrader = otter.Notebook("a04-lstm.ipynb")', ()),
    ("markdown", "### 1.1 Why gates?\nWhat does a plain recurrent network lose?", ()),
    ("markdown", "Gradients vanish.", ("q1_1",)),
    ("code", "def lstm_step(x, h, c):\n    ...", ("q3_2",)),
    ("code", 'grader.check("q3_2")', ()),
    ("code", 'grader.check("q3_6")', ()),
]


@pytest.mark.parametrize(
    "cells",
    [
        filled(),
        TEMPLATE,
        without_tags(filled()),
        list(reversed(filled())),
        [cell for cell in filled() if cell[0] == "code"],
        [cell for cell in filled() if cell[2]],
        filled()[:9],
    ],
    ids=["filled", "blank", "tags lost", "reordered", "code only", "answers only", "first half"],
)
def test_a_bent_notebook_of_this_assignment_belongs(cells: list[Source]) -> None:
    assert belongs(submission_of(cells), GIVEN, IDS)


def test_another_assignment_with_the_same_question_ids_does_not_belong() -> None:
    with pytest.raises(UnreadableSubmission, match="Assignment 4: LSTM") as caught:
        require_assignment(submission_of(OTHER), GIVEN, IDS, "Assignment 7")
    assert "this is not Assignment 7" in caught.value.what
    assert caught.value.remedy


def test_a_notebook_without_headings_is_named_by_what_it_tells_otter() -> None:
    with pytest.raises(UnreadableSubmission, match=r"looks like a04-lstm\.ipynb"):
        require_assignment(submission_of(OTHER[2:3]), GIVEN, IDS, "Assignment 7")


def test_some_other_notebook_does_not_belong() -> None:
    with pytest.raises(UnreadableSubmission, match="this is not Assignment 7"):
        require_assignment(submission_of([("code", "print(1)", ())]), GIVEN, IDS, "Assignment 7")
