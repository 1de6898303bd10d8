"""Quiz items: the variables that hold their answers, and the form that an answer must have."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.assignment.models import Matching, QuizItem, SingleChoice
from autograder.quiz import form


def variables(item: QuizItem) -> tuple[str, ...]:
    """The names of the notebook variables that hold the answer."""
    if isinstance(item, (Matching, SingleChoice)):
        return (item.variable,)
    return tuple(part.variable for part in item.parts)


def form_problem(item: QuizItem, answers: Mapping[str, object]) -> str | None:
    """What is wrong with the form of an answer; None where all is filled in as expected.

    ``answers`` holds the plain value of each variable that is defined. Nothing here depends on
    what is right.
    """
    for variable in variables(item):
        problem = _problem(item, variable, answers.get(variable))
        if problem:
            return f"`{variable}`: {problem}"
    return None


def _problem(item: QuizItem, variable: str, value: object) -> str | None:
    if isinstance(item, Matching):
        return form.matching_problem(value, [row.key for row in item.rows], item.options)
    if isinstance(item, SingleChoice):
        keys = [option.key for option in item.options]
        return form.choice_problem(value, keys, [option.text for option in item.options])
    part = next(part for part in item.parts if part.variable == variable)
    return form.number_problem(value, part.whole)
