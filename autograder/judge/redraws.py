"""Checks repeated with other seeds, for a proof: on the snapshots that are there anyway.

A check that asks for no `seed`, `rng` or `generator` draws nothing, so it comes out the same again.
One that reads hidden files judges a trained model on data that stay what they are: it is not
repeated either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import pytest

from autograder.judge.case import Case, Judgement, QuestionCase, Redraw
from autograder.judge.marks import question_of
from autograder.results import Ending, Redrawn, Verdict

Repeat = Callable[[pytest.Item, QuestionCase, bool, Sequence[int]], Iterable[bool]]
"""Says with which seeds a check passes, as `CheckRun.repeat` does."""


class Run(Protocol):
    """Runs one check, as `CheckRun.run` does."""

    def __call__(
        self, item: pytest.Item, question: QuestionCase, stand_in: bool, shown: bool, seed: int
    ) -> tuple[Verdict, Ending]:
        """Its verdict and how it ended."""


def redraw(
    case: Case,
    items: Sequence[pytest.Item],
    judgements: Mapping[str, Judgement],
    run: Run,
    repeat: Repeat,
) -> tuple[Redrawn, ...]:
    """Repeat what ``case.redraw`` asks for; what came of it, a record a check.

    Steady checks are repeated in one process. What catches a wrong solution has to catch it in a
    process that has seen nothing yet, as it will in grading.

    Of the checks that caught something at `caught_at`, the quickest goes first, and another one
    is asked only about the seeds with which no check failed yet.
    """
    if case.redraw is None:
        return ()
    questions = {question.id: question for question in case.questions}
    found = []
    for id in case.redraw.steady:
        for item, verdict in _drawn(items, judgements, id):
            came = repeat(item, questions[id], verdict.stand_in, case.redraw.seeds)
            found.append(_redrawn(item, questions[id], case.redraw.seeds, came))
    found += _caught(case.redraw, items, judgements, questions, run)
    return tuple(found)


def _caught(
    wanted: Redraw,
    items: Sequence[pytest.Item],
    judgements: Mapping[str, Judgement],
    questions: Mapping[str, QuestionCase],
    run: Run,
) -> list[Redrawn]:
    if wanted.caught_at not in judgements:
        return []
    verdicts = judgements[wanted.caught_at].verdicts
    drawn = {verdict.name for _, verdict in _drawn(items, judgements, wanted.caught_at)}
    if any(it.hidden and not it.passed and it.name not in drawn for it in verdicts):
        return []  # It fails whatever is drawn.
    failed = [pair for pair in _drawn(items, judgements, wanted.caught_at) if not pair[1].passed]
    left = wanted.seeds
    found = []
    for item, verdict in sorted(failed, key=lambda pair: pair[1].seconds):
        if left:
            question = questions[wanted.caught_at]
            came = (run(item, question, verdict.stand_in, False, seed)[0].passed for seed in left)
            found.append(_redrawn(item, question, left, came))
            left = found[-1].passed
    return found


def _drawn(
    items: Sequence[pytest.Item], judgements: Mapping[str, Judgement], question: str
) -> list[tuple[pytest.Item, Verdict]]:
    """The checks of a question whose inputs hang on the seed, and what came of them."""
    if question not in judgements:
        return []
    verdicts = {verdict.name: verdict for verdict in judgements[question].verdicts}
    return [
        (item, verdicts[item.name])
        for item in items
        if question_of(item) == question
        and "seed" in getattr(item, "fixturenames", ())
        and "hidden_files" not in getattr(item, "fixturenames", ())
    ]


def _redrawn(
    item: pytest.Item, question: QuestionCase, seeds: Sequence[int], came: Iterable[bool]
) -> Redrawn:
    passed = dict(zip(seeds, came, strict=True))
    return Redrawn(
        question.id,
        item.name,
        failed=tuple(seed for seed in seeds if not passed[seed]),
        passed=tuple(seed for seed in seeds if passed[seed]),
    )
