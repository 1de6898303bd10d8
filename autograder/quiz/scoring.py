"""Scoring quiz items: pure functions from answers to verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from autograder.assignment.models import Matching, Numeric, NumericPart, QuizItem, SingleChoice
from autograder.errors import AssignmentError
from autograder.quiz import form
from autograder.results import Verdict


def score_item(item: QuizItem, answers: Mapping[str, object], points: float) -> tuple[Verdict, ...]:
    """The verdicts of one item, worth ``points`` in all.

    ``answers`` holds the plain value of each variable that is defined. What is missing or of the
    wrong form earns nothing and is told what was expected; it never raises. Raises AssignmentError
    where the points of numeric parts do not add up to ``points``: a fault of the quiz.
    """
    if isinstance(item, Matching):
        return _matching(item, answers.get(item.variable), points)
    if isinstance(item, SingleChoice):
        return (_single_choice(item, answers.get(item.variable), points),)
    return _numeric(item, answers, points)


def shares(total: float, count: int) -> list[float]:
    """``total`` in equal parts, whose sum is ``total`` again to the last digit that matters."""
    # Differences of exact running sums: six times a rounded third of a point would drift.
    exact = Fraction(str(total))
    edges = [float(exact * part / count) for part in range(count + 1)]
    return [upper - lower for lower, upper in pairwise(edges)]


def _matching(item: Matching, value: object, points: float) -> tuple[Verdict, ...]:
    keys = [row.key for row in item.rows]
    reasons = []
    right = wrong = 0
    for row in item.rows:
        answer = form.row_value(value, row.key, keys)
        option = form.chosen(answer, item.options)
        right += option == row.answer
        wrong += option is not None and option != row.answer
        if option == row.answer:
            reasons.append("")
        elif option is not None:
            reasons.append(_joined(f"You chose {form.shown(option)}.", row.explanation))
        else:
            reasons.append(_no_option(value, answer, item.options))
    if item.scoring == "each":
        parts = shares(points, len(item.rows))
        return tuple(
            _verdict(f"{item.variable}.{row.key}", row.text, not reason, part, reason)
            for row, reason, part in zip(item.rows, reasons, parts, strict=True)
        )
    # These two judge the rows together: a row has no points of its own.
    rows = len(item.rows)
    if item.scoring == "all_or_nothing":
        earned = points if right == rows else 0.0
    else:
        earned = points * max(0, right - wrong) / rows
    lines = [
        f"{row.text}: {reason}" for row, reason in zip(item.rows, reasons, strict=True) if reason
    ]
    return (
        Verdict(
            name=item.variable,
            title=item.prompt.strip(),
            points=earned,
            max_points=points,
            passed=not lines,
            hidden=False,
            message="\n".join(lines),
        ),
    )


def _no_option(value: object, answer: object, options: Sequence[str]) -> str:
    expected = f"Expected {form.listed(options)}."
    if not form.is_blank(value) and not isinstance(value, Mapping):
        return f"Your answer is not a dictionary from each key to an option. {expected}"
    if form.is_blank(answer):
        return f"Not answered. {expected}"
    return f"You wrote {form.shown(answer)}. {expected}"


def _single_choice(item: SingleChoice, value: object, points: float) -> Verdict:
    keys = [option.key for option in item.options]
    texts = [option.text for option in item.options]
    key = form.chosen(value, keys)
    if key is None:
        text = form.chosen(value, texts)
        key = None if text is None else keys[texts.index(text)]
    if key is None:
        given = "Not answered." if form.is_blank(value) else f"You wrote {form.shown(value)}."
        reason = f"{given} Expected {form.listed(keys)}."
    else:
        feedback = item.options[keys.index(key)].feedback
        reason = _joined(f"You chose {form.shown(key)}.", feedback, item.explanation)
    passed = key == item.answer
    return _verdict(item.variable, item.prompt, passed, points, "" if passed else reason)


def _numeric(item: Numeric, answers: Mapping[str, object], points: float) -> tuple[Verdict, ...]:
    return tuple(
        _number(part, answers.get(part.variable), worth)
        for part, worth in zip(item.parts, _worths(item, points), strict=True)
    )


def _worths(item: Numeric, points: float) -> list[float]:
    given = [part.points for part in item.parts if part.points is not None]
    open_parts = len(item.parts) - len(given)
    left = points - math.fsum(given)
    if left < -1e-9 or (open_parts == 0 and left > 1e-9) or (open_parts and left <= 1e-9 < points):
        raise AssignmentError(
            f"the parts of {', '.join(part.variable for part in item.parts)} add up to "
            f"{math.fsum(given):g} points, but the question has {points:g} automatic ones",
            where="quiz.yml",
            remedy="Make `points` of the parts add up to `auto` in assignment.yml.",
        )
    rest = iter(shares(round(max(left, 0.0), 9), open_parts) if open_parts else [])
    return [next(rest) if part.points is None else part.points for part in item.parts]


def _number(part: NumericPart, value: object, points: float) -> Verdict:
    problem = form.number_problem(value, part.whole)
    given = form.number(value)
    if problem or given is None:
        expected = "a whole number" if part.whole else "a number"
        said = "Not answered." if form.is_blank(value) else f"You wrote {form.shown(value)}."
        return _verdict(part.variable, part.text, False, points, f"{said} Expected {expected}.")
    passed = _is_close(given, part)
    reason = "" if passed else _joined(f"You wrote {form.shown(given)}.", part.explanation)
    return _verdict(part.variable, part.text, passed, points, reason)


def _is_close(given: int | float, part: NumericPart) -> bool:
    # In exact fractions: a whole number of 400 digits has no float, and 1.1 - 1.0 exceeds 0.1.
    number = Fraction(given) if isinstance(given, int) else Fraction(str(given))
    answer = Fraction(str(part.answer))
    # 0.1 + 0.2 is the answer 0.3 to all that a float can say.
    slack = 0 if part.whole else abs(answer) / 10**12
    return abs(number - answer) <= Fraction(str(part.tolerance)) + slack


def _verdict(name: str, title: str, passed: bool, points: float, reason: str) -> Verdict:
    return Verdict(
        name=name,
        title=title.strip(),
        points=points if passed else 0.0,
        max_points=points,
        passed=passed,
        hidden=False,
        message=reason,
    )


def _joined(*sentences: str) -> str:
    return " ".join(sentence.strip() for sentence in sentences if sentence.strip())
