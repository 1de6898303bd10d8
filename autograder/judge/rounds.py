"""The order in which checks are run, and which of two tries at a check counts.

Two rounds. In the first, public checks run, and what student code says then may be shown. In the
second, hidden checks run; from then on nothing that student code says is shown any more, since a
snapshot may have handed a hidden input to another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest

from autograder.judge.case import Case, Judgement, QuestionCase
from autograder.judge.marks import is_hidden, question_of
from autograder.results import Ending, Verdict

Run = Callable[[pytest.Item, QuestionCase, bool, bool], tuple[Verdict, Ending]]
"""Runs a check: item, question, with stand-ins?, may what the student's code says be shown?"""

Outcomes = dict[str, tuple[Verdict, Ending]]
"""What came of checks, by name."""


def judge_in_rounds(case: Case, items: Sequence[pytest.Item], run: Run) -> dict[str, Judgement]:
    """Run all checks; what they say of each question that has any.

    A check that fails with the student's own earlier pieces is tried once more with stand-ins for
    them, if one of these pieces lost points; the better try counts. A proof asks for no more than
    that: it tries the stand-ins first there, and the pieces of a wrong solution only where those
    did not pass.
    """
    checks: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        checks[question_of(item)].append(item)
    asked = [question for question in case.questions if question.id in checks]
    own: dict[str, Outcomes] = {question.id: {} for question in asked}
    helped: dict[str, Outcomes] = {question.id: {} for question in asked}

    def may_be_helped(question: QuestionCase) -> bool:
        """Whether an earlier piece may be to blame for what fails."""
        return any(
            id in case.lost or (id in own and (helped[id] or _lost(own[id])))
            for id in question.needs
        )

    def do(question: QuestionCase, hidden: bool, shown: bool) -> None:
        stand_ins_first = case.redraw is not None and may_be_helped(question)
        for item in checks[question.id]:
            if is_hidden(item) != hidden:
                continue
            if stand_ins_first:
                helped[question.id][item.name] = run(item, question, True, shown)
                if helped[question.id][item.name][0].passed:
                    continue
            own[question.id][item.name] = run(item, question, False, shown)

    def help_out(question: QuestionCase, shown: bool) -> None:
        """Try again what failed, where an earlier piece may be to blame."""
        if not may_be_helped(question):
            return
        for item in checks[question.id]:
            tried = own[question.id].get(item.name)
            if tried and not tried[0].passed and item.name not in helped[question.id]:
                helped[question.id][item.name] = run(item, question, True, shown)

    for question in asked:
        do(question, hidden=False, shown=True)
        help_out(question, shown=True)
    for question in asked:
        do(question, hidden=True, shown=False)
        help_out(question, shown=False)
    return {
        question.id: _judgement(
            [item.name for item in checks[question.id]], own[question.id], helped[question.id]
        )
        for question in asked
    }


def _lost(outcomes: Outcomes) -> bool:
    return not all(verdict.passed for verdict, _ in outcomes.values())


def _judgement(names: Sequence[str], own: Outcomes, helped: Outcomes) -> Judgement:
    """The better try at each check; the student's own where both are worth the same."""
    judgement = Judgement()
    for name in names:
        best = max(
            (outcomes[name] for outcomes in (own, helped) if name in outcomes),
            key=lambda outcome: outcome[0].points,
        )
        judgement.verdicts.append(best[0])
        judgement.endings.append(best[1])
    return judgement
