"""From the results of a proof's hand-ins to what it says: who was caught where, and what is wrong.

Pure functions over plain data; nothing is run here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder.authoring.entries import Entry, Sort
from autograder.authoring.leaks import Leak
from autograder.results import Ending, Fault, QuestionResult, SubmissionResult, Verdict


@dataclass(frozen=True)
class QuestionHead:
    """A column of the matrix."""

    id: str
    title: str
    points: float
    """Automatic points."""


@dataclass(frozen=True)
class Row:
    """One entry of the matrix."""

    name: str
    sort: Sort
    sentence: str
    expected: str
    score: float
    max_score: float
    lost: dict[str, float]
    """Points lost, by question, where any were."""
    caught_by: dict[str, tuple[str, ...]]
    """The checks that failed, by question."""
    stand_ins: dict[str, tuple[str, ...]]
    """The checks that passed with stand-ins only, by question."""
    missed: tuple[int, ...]
    """Seeds with which nothing caught it at its question."""
    faults: tuple[str, ...]
    """What is wrong with the checks, or with the entry itself; empty where all is as it must be."""
    remarks: tuple[str, ...]
    """What is worth a look, and no fault."""
    seconds: float
    """How long it was graded, also where that was in an earlier proof."""
    kept: bool
    """Whether an earlier proof graded it, and nothing that it hangs on has changed."""

    @property
    def caught(self) -> bool:
        """Whether it lost points at the question that must catch it."""
        return self.expected in self.lost


@dataclass(frozen=True)
class CheckTally:
    """What one check contributes."""

    question: str
    check: str
    title: str
    hidden: bool
    catches: int
    """Wrong solutions that it fails at their own question."""
    alone: int
    """Of these, the ones that no other check of its kind, public or hidden, fails."""


@dataclass(frozen=True)
class Proof:
    """All that a proof says."""

    name: str
    title: str
    questions: tuple[QuestionHead, ...]
    rows: tuple[Row, ...]
    checks: tuple[CheckTally, ...]
    leaks: tuple[Leak, ...]
    seeds: int
    partial: bool
    """Whether only some of the solutions were tried: nothing is said of idle checks then."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time by phase."""

    @property
    def idle(self) -> tuple[CheckTally, ...]:
        """Checks that catch nothing that another one doesn't."""
        return () if self.partial else tuple(it for it in self.checks if not it.alone)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.leaks and not any(row.faults for row in self.rows)


def row_of(entry: Entry, result: SubmissionResult, kept: bool = False) -> Row:
    """The row of one entry, with all that is wrong about it."""
    questions = [question for question in result.questions if question.auto_max]
    lost = {
        question.id: round(question.auto_max - question.auto_score, 6)
        for question in questions
        if question.auto_max - question.auto_score > 1e-6
    }
    failed = {
        question.id: tuple(verdict.name for verdict in question.checks if not verdict.passed)
        for question in questions
    }
    helped = {
        question.id: tuple(
            verdict.name for verdict in question.checks if verdict.passed and verdict.stand_in
        )
        for question in questions
    }
    missed = _missed(entry, result)
    if result.status is not Ending.GRADED:
        faults = [f"it was not graded: {result.status}. {result.note}".strip()]
    elif entry.deserves_all:
        faults = _of_a_right_one(result, questions)
    else:
        faults = _of_a_wrong_one(entry, result, questions, lost, missed)
    return Row(
        name=entry.name,
        sort=entry.sort,
        sentence=entry.sentence,
        expected=entry.expected,
        score=round(result.auto_score, 6),
        max_score=result.auto_max,
        lost=lost,
        caught_by={id: names for id, names in failed.items() if names},
        stand_ins={id: names for id, names in helped.items() if names},
        missed=missed,
        faults=tuple(faults),
        remarks=tuple(_remarks(entry, questions)),
        seconds=result.seconds,
        kept=kept,
    )


def _missed(entry: Entry, result: SubmissionResult) -> tuple[int, ...]:
    """The seeds with which each check that was asked passed, at the question of a wrong entry."""
    if not entry.expected or result.evidence is None:
        return ()
    tried = [it for it in result.evidence.redrawn if it.question == entry.expected]
    return tried[-1].passed if tried else ()


def _of_a_right_one(result: SubmissionResult, questions: Sequence[QuestionResult]) -> list[str]:
    faults = [
        f"{question.id}: a right solution fails {verdict.name}{_said(verdict)}"
        for question in questions
        for verdict in question.checks
        if not verdict.passed
    ]
    faults += [f"{it.id}: {it.note}" for it in questions if it.note]
    return faults + _unsteady(result)


def _unsteady(result: SubmissionResult, but: str = "") -> list[str]:
    """Checks whose verdict hangs on the seed, other than at the question ``but``."""
    passed = {
        (q.id, verdict.name): verdict.passed for q in result.questions for verdict in q.checks
    }
    faults = []
    for it in result.evidence.redrawn if result.evidence else ():
        other = it.failed if passed[it.question, it.check] else it.passed
        if other and it.question != but:
            word = "fails" if it.failed == other else "passes"
            total = len(it.failed) + len(it.passed)
            faults.append(
                f"{it.question}: {it.check} {word} with {len(other)} of {total} other seeds "
                f"({_listed(other)})"
            )
    return faults


def _of_a_wrong_one(
    entry: Entry,
    result: SubmissionResult,
    questions: Sequence[QuestionResult],
    lost: dict[str, float],
    missed: tuple[int, ...],
) -> list[str]:
    faults = []
    if entry.expected not in lost:
        faults.append(f"{entry.expected} does not catch it")
    for question in questions:
        if question.id in lost and question.id != entry.expected:
            names = [verdict.name for verdict in question.checks if not verdict.passed]
            faults.append(
                f"{question.id} takes {lost[question.id]:g} points for it, by {', '.join(names)}"
            )
    if missed:
        faults.append(f"{entry.expected} does not catch it with the seeds {_listed(missed)}")
    faults += _unsteady(result, but=entry.expected)
    if entry.sort is Sort.WRONG:
        faults += _not_as_declared(entry, result, questions)
    return faults


def _not_as_declared(
    entry: Entry, result: SubmissionResult, questions: Sequence[QuestionResult]
) -> list[str]:
    """A wrong solution runs and returns right shapes, unless that is its bug."""
    faults = []
    if entry.bug != "raises":
        noted = [question for question in questions if question.note]
        faults += [
            f"a cell raises, which is not its bug: {question.note.splitlines()[0]}"
            for question in noted[:1]
            if entry.bug == "value"
        ]
    kinds: dict[Fault, list[str]] = defaultdict(list)
    for failure in result.evidence.failures if result.evidence else ():
        if failure.question == entry.expected and not failure.stand_in:
            kinds[failure.fault].append(failure.check)
    raised = kinds[Fault.RAISED] + kinds[Fault.ENDED]
    if raised and entry.bug == "value":
        faults.append(f"it raises, which is not its bug: see {_listed(raised)}")
    if kinds[Fault.FORM] and entry.bug == "value":
        faults.append(
            f"it returns another shape or type, which is not its bug: see "
            f"{_listed(kinds[Fault.FORM])}"
        )
    if entry.bug == "raises" and not raised and not any(it.note for it in questions):
        faults.append("its bug is to raise, and nothing saw it raise")
    if entry.bug == "shape" and not kinds[Fault.FORM]:
        faults.append("its bug is a shape or type, and no check saw one")
    return faults


def _remarks(entry: Entry, questions: Sequence[QuestionResult]) -> list[str]:
    for question in questions:
        if question.id == entry.expected:
            failed = [verdict for verdict in question.checks if not verdict.passed]
            if (
                failed
                and not any(verdict.hidden for verdict in failed)
                and any(verdict.hidden for verdict in question.checks)
            ):
                return ["only public checks catch it, and those can be answered by heart"]
    return []


def tallies(results: Sequence[tuple[Entry, SubmissionResult]]) -> tuple[CheckTally, ...]:
    """What each check contributes over all wrong solutions."""
    catches: dict[tuple[str, str], int] = defaultdict(int)
    alone: dict[tuple[str, str], int] = defaultdict(int)
    heads: dict[tuple[str, str], Verdict] = {}
    for entry, result in results:
        for question in result.questions:
            for verdict in question.checks:
                heads.setdefault((question.id, verdict.name), verdict)
            if entry.sort is not Sort.WRONG or question.id != entry.expected:
                continue
            for hidden in (False, True):
                failed = [v.name for v in question.checks if v.hidden == hidden and not v.passed]
                for name in failed:
                    catches[question.id, name] += 1
                    alone[question.id, name] += len(failed) == 1
    return tuple(
        CheckTally(id, name, head.title, head.hidden, catches[id, name], alone[id, name])
        for (id, name), head in heads.items()
    )


def _said(verdict: Verdict) -> str:
    return f": {verdict.message.splitlines()[0]}" if verdict.message else ""


def _listed(items: Sequence[object]) -> str:
    shown = ", ".join(str(item) for item in items[:3])
    return f"{shown} and {len(items) - 3} more" if len(items) > 3 else shown
