"""The order in which checks are run, and which of two tries at a question counts.

Two rounds. In the first, public checks run, and what student code says then may be shown. In the
second, hidden checks run; from then on nothing that student code says is shown any more, since a
snapshot may have handed a hidden input to another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from autograder.judge.case import Case, Judgement, QuestionCase
from autograder.judge.marks import is_hidden, question_of
from autograder.results import Ending, Verdict

Run = Callable[[pytest.Item, QuestionCase, bool, bool], tuple[Verdict, Ending]]
"""Runs a check: item, question, with stand-ins?, may what the student's code says be shown?"""


@dataclass
class Try:
    """One try at a question: with the student's own earlier pieces, or with stand-ins."""

    stand_in: bool
    outcomes: dict[str, tuple[Verdict, Ending]] = field(default_factory=dict)

    def judgement(self, names: Sequence[str]) -> Judgement:
        """What it comes to, in the order of ``names``."""
        outcomes = [self.outcomes[name] for name in names]
        return Judgement([verdict for verdict, _ in outcomes], [ending for _, ending in outcomes])


def judge_in_rounds(case: Case, items: Sequence[pytest.Item], run: Run) -> dict[str, Judgement]:
    """Run all checks; what they say of each question that has any.

    A question that does not get full points is tried once more with stand-ins for what it needs,
    if it has any; the try with more points counts.
    """
    checks: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        checks[question_of(item)].append(item)
    asked = [question for question in case.questions if question.id in checks]
    own = {question.id: Try(stand_in=False) for question in asked}
    helped = {question.id: Try(stand_in=True) for question in asked}

    def do(question: QuestionCase, at: Try, hidden: bool, shown: bool) -> None:
        for item in checks[question.id]:
            if is_hidden(item) == hidden:
                at.outcomes[item.name] = run(item, question, at.stand_in, shown)

    def wanting(question: QuestionCase) -> bool:
        outcomes = own[question.id].outcomes.values()
        return bool(question.stand_ins) and not all(verdict.passed for verdict, _ in outcomes)

    for question in asked:
        do(question, own[question.id], hidden=False, shown=True)
        if wanting(question):
            do(question, helped[question.id], hidden=False, shown=True)
    for question in asked:
        do(question, own[question.id], hidden=True, shown=False)
        if wanting(question):
            if not helped[question.id].outcomes:
                do(question, helped[question.id], hidden=False, shown=False)
            do(question, helped[question.id], hidden=True, shown=False)
    judgements = {}
    for question in asked:
        names = [item.name for item in checks[question.id]]
        tries = [own[question.id]]
        if len(helped[question.id].outcomes) == len(names):
            tries.append(helped[question.id])
        judgements[question.id] = max(
            (it.judgement(names) for it in tries), key=lambda judgement: judgement.points
        )
    return judgements
