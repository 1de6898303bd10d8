"""What a check's marks and docstring say of it."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.errors import AssignmentError

MARKS = (
    "question(id): the question that a check belongs to",
    "points(number): what it is worth",
    "hidden: decides, and is not shown to students",
    "hint(text): what a student is told where it fails",
)
"""The marks, as pytest wants them declared."""


def question_of(item: pytest.Item) -> str:
    """The question that a check belongs to. Raises AssignmentError where it has no such mark."""
    mark = item.get_closest_marker("question")
    if mark is None:
        raise AssignmentError(
            f"{item.name} belongs to no question",
            where=str(item.path),
            remedy='Write `pytestmark = pytest.mark.question("q1_1")` at its top.',
        )
    return str(mark.args[0])


def is_hidden(item: pytest.Item) -> bool:
    """Whether the check is marked `hidden`."""
    return item.get_closest_marker("hidden") is not None


def points_of(item: pytest.Item) -> float:
    """What the check is worth: its mark `points`, or nothing."""
    mark = item.get_closest_marker("points")
    return float(mark.args[0]) if mark else 0.0


def hint_of(item: pytest.Item) -> str:
    """The instructor's hint: its mark `hint`, or nothing."""
    mark = item.get_closest_marker("hint")
    return str(mark.args[0]) if mark else ""


def title_of(item: pytest.Item) -> str:
    """The first paragraph of the check's docstring, on one line."""
    function: Any = getattr(item, "function", None)
    text = (getattr(function, "__doc__", None) or item.name).strip()
    return " ".join(text.split("\n\n")[0].split())
