"""feedback/….html: what a student reads. One file, which opens offline and runs no script.

What is only for instructors never comes here: flags, the wall, and what markers look for.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from autograder.assignment.loading import QUIZ_KINDS
from autograder.assignment.models import NO_DEADLINE
from autograder.report import words
from autograder.report.bar import bar
from autograder.report.clean import line, text
from autograder.report.counterexample import Counterexample, counterexample
from autograder.report.markdown import essay_html, sentence_html
from autograder.report.numbers import points
from autograder.report.pages import render
from autograder.results import Ending, Verdict
from autograder.store import (
    WHOLE_ANSWER,
    AssignmentRecord,
    QuestionRecord,
    QuestionScore,
    SubmissionRecord,
    SubmissionScore,
    score_submission,
)
from autograder.store.scores import NOT_GRADED


@dataclass(frozen=True)
class CheckView:
    """A check, or a row of a quiz item."""

    title: str
    outcome: str
    """``passed``, ``partly`` or ``failed``."""
    points: str
    hidden: bool
    message: str
    example: Counterexample | None
    """The counterexample in the message, if it holds one."""
    repeated: bool
    """Whether the check before says the same: then a reader need not read it again."""
    hint: Markup
    stand_in: bool


@dataclass(frozen=True)
class DecisionView:
    """A marker's decision on one rubric item, or on the whole answer."""

    text: str
    given: bool
    points: str
    comment: str


@dataclass(frozen=True)
class QuestionView:
    """A question's section of the page."""

    id: str
    title: str
    points: str
    """``3 / 5``, or ``– / 5`` where nothing is known yet."""
    state: str
    """What the table of questions says of it, in a few words."""
    tone: str
    """``full``, ``part``, ``none`` or ``waiting``."""
    ending: str
    note: str
    checks_heading: str
    checks: tuple[CheckView, ...]
    answer: Markup | None
    """None where the question asks for no text."""
    waiting: str
    """The points that wait for a marker; empty where none do."""
    decisions: tuple[DecisionView, ...]
    manual_points: str


def feedback_html(assignment: AssignmentRecord, record: SubmissionRecord) -> str:
    """The whole page of one submission."""
    result = record.result
    score = score_submission(assignment, record)
    return render(
        "feedback.html.j2",
        assignment=assignment,
        deadline=""
        if assignment.deadline == NO_DEADLINE
        else f"{assignment.deadline:%d %B %Y, %H:%M (%Z)}".lstrip("0"),
        name=line(result.name),
        student_id=line(result.student_id),
        file=line(result.submission, 300),
        late=words.late(result.late_days),
        graded=result.status not in NOT_GRADED,
        unreadable=result.status is Ending.UNREADABLE,
        ending="" if result.status is Ending.GRADED else words.OF_A_SUBMISSION[result.status],
        note="" if result.status is Ending.GRADER_ERROR else text(result.note),
        remedies=words.WHAT_TO_DO_WHEN_UNREADABLE,
        score=points(score.score or 0),
        max_score=points(score.max_score),
        unmarked=points(score.unmarked) if score.unmarked else "",
        bar=bar(score.score or 0, score.unmarked, score.max_score),
        questions=_questions(assignment, score),
        some_hidden=any(
            verdict.hidden and not verdict.passed
            for question in score.questions
            for verdict in question.result.checks
        ),
    )


def _questions(assignment: AssignmentRecord, score: SubmissionScore) -> list[QuestionView]:
    views = []
    for graded in score.questions:
        asked = assignment.question(graded.result.id)
        if asked is not None:
            views.append(_question(asked, graded))
    return views


def _question(asked: QuestionRecord, score: QuestionScore) -> QuestionView:
    result = score.result
    waits = score.unmarked > 0
    ended_well = result.status is Ending.GRADED
    known = score.auto_score is not None and (result.auto_max > 0 or not waits)
    return QuestionView(
        id=result.id,
        title=line(asked.title, 300),
        points=f"{points(score.known) if known else '–'} / {points(score.max_score)}",
        state=_state(score),
        tone=_tone(score),
        ending="" if ended_well else words.OF_A_QUESTION[result.status],
        note="" if result.status is Ending.GRADER_ERROR else text(result.note),
        checks_heading="Quiz" if result.kind in QUIZ_KINDS else "Checks",
        checks=_checks(result.checks),
        answer=essay_html(result.answer) if result.manual_max or result.answer.strip() else None,
        waiting=_counted(score.unmarked, "point") if waits else "",
        decisions=() if waits else _decisions(asked, score),
        manual_points=f"{points(score.manual_score or 0)} / {points(result.manual_max)}",
    )


def _state(score: QuestionScore) -> str:
    result = score.result
    parts = []
    if result.status is not Ending.GRADED:
        parts.append(words.STATUS[result.status])
    elif result.checks:
        passed = sum(verdict.passed for verdict in result.checks)
        if result.kind in QUIZ_KINDS and len(result.checks) == 1:
            parts.append("right" if passed else "not right")
        elif result.kind in QUIZ_KINDS:
            parts.append(f"{passed} of {len(result.checks)} right")
        else:
            parts.append(f"{passed} of {_counted(len(result.checks), 'check')} passed")
    if score.unmarked:
        parts.append(f"{_counted(score.unmarked, 'point')} to be marked")
    elif result.manual_max:
        parts.append("marked")
    return " · ".join(parts)


def _tone(score: QuestionScore) -> str:
    if score.score is None:
        return "waiting"
    if score.score >= score.max_score:
        return "full"
    return "part" if score.score > 0 else "none"


def _checks(verdicts: tuple[Verdict, ...]) -> tuple[CheckView, ...]:
    before = [None, *(verdict.message for verdict in verdicts)]
    return tuple(
        _check(verdict, repeated=verdict.message == earlier)
        for verdict, earlier in zip(verdicts, before, strict=False)
    )


def _check(verdict: Verdict, repeated: bool) -> CheckView:
    partly = not verdict.passed and verdict.points > 0
    return CheckView(
        title=line(verdict.title or verdict.name, 500),
        outcome="passed" if verdict.passed else "partly" if partly else "failed",
        points=f"{points(verdict.points)} / {points(verdict.max_points)}",
        hidden=verdict.hidden,
        message=text(verdict.message).strip(),
        example=counterexample(text(verdict.message).strip()),
        repeated=repeated,
        hint=Markup() if verdict.passed else sentence_html(verdict.hint),
        stand_in=verdict.stand_in,
    )


def _decisions(asked: QuestionRecord, score: QuestionScore) -> tuple[DecisionView, ...]:
    """What markers decided, in the rubric's order; the whole answer's comes first."""
    marks = {mark.item: mark for mark in score.marks}
    items = [(WHOLE_ANSWER, "The whole answer", score.result.manual_max)]
    items += [(item.id, item.text, item.points) for item in asked.rubric]
    views = []
    for item, sentence, possible in items:
        mark = marks.get(item)
        if mark is None or (mark.points is None and not mark.comment):
            continue
        views.append(
            DecisionView(
                text=line(sentence, 1000),
                given=bool(mark.points),
                points="" if mark.points is None else _out_of(mark.points, possible),
                comment=text(mark.comment).strip(),
            )
        )
    return tuple(views)


def _out_of(given: float, possible: float) -> str:
    if possible < 0:
        return f"−{points(-given)}" if given else "0"
    return f"{points(given)} / {points(possible)}"


def _counted(number: float, noun: str) -> str:
    return f"{points(number)} {noun}{'' if number == 1 else 's'}"
