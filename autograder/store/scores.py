"""What a submission's score is, from its results and the marks that stand: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.assignment.models import RubricItem
from autograder.results import Ending, QuestionResult
from autograder.store.records import WHOLE_ANSWER, AssignmentRecord, Mark, SubmissionRecord

NOT_GRADED = (Ending.UNREADABLE, Ending.GRADER_ERROR)
"""Endings of a submission of which there is nothing to score."""


@dataclass(frozen=True)
class QuestionScore:
    """The points of one question, as far as they are known."""

    result: QuestionResult
    marks: tuple[Mark, ...]
    """Those that stand, whether or not they decide the whole question."""
    auto_score: float | None
    """None where our own fault kept the question from being graded."""
    manual_score: float | None
    """None until marked."""

    @property
    def max_score(self) -> float:
        """All points of the question."""
        return self.result.auto_max + self.result.manual_max

    @property
    def score(self) -> float | None:
        """None until both parts are known."""
        if self.auto_score is None or self.manual_score is None:
            return None
        return self.auto_score + self.manual_score

    @property
    def known(self) -> float:
        """The points known so far."""
        return (self.auto_score or 0) + (self.manual_score or 0)

    @property
    def unmarked(self) -> float:
        """The points that wait for a marker."""
        return self.result.manual_max if self.manual_score is None else 0


@dataclass(frozen=True)
class SubmissionScore:
    """The points of one submission, as far as they are known."""

    questions: tuple[QuestionScore, ...]
    """Empty where the submission as a whole is not graded."""
    score: float | None
    """The points known so far; None where a fault of ours kept it from being graded."""
    unmarked: float
    """The points that wait for a marker."""
    max_score: float

    def question(self, id: str) -> QuestionScore | None:
        """The question of that id, if it was graded."""
        return next((question for question in self.questions if question.result.id == id), None)


def score_submission(assignment: AssignmentRecord, record: SubmissionRecord) -> SubmissionScore:
    """The points of a submission and of each of its questions."""
    result = record.result
    if result.status in NOT_GRADED:
        score = None if result.status is Ending.GRADER_ERROR else 0.0
        return SubmissionScore((), score, 0, assignment.max_score)
    questions = []
    for question in result.questions:
        asked = assignment.question(question.id)
        marks = record.marks_of(question.id)
        questions.append(
            QuestionScore(
                result=question,
                marks=marks,
                auto_score=None if _spoilt(question) else question.auto_score,
                manual_score=manual_score(
                    question.manual_max, asked.rubric if asked else (), marks
                ),
            )
        )
    return SubmissionScore(
        questions=tuple(questions),
        score=sum(question.known for question in questions),
        unmarked=sum(question.unmarked for question in questions),
        max_score=assignment.max_score,
    )


def manual_score(
    manual_max: float, rubric: Sequence[RubricItem], marks: Sequence[Mark]
) -> float | None:
    """The points that markers gave, between 0 and ``manual_max``; None until all is decided.

    A mark of the whole answer goes before those of single items; without one, every item of the
    rubric needs a decision.
    """
    if manual_max == 0:
        return 0.0
    given = {mark.item: mark.points for mark in marks if mark.points is not None}
    if WHOLE_ANSWER in given:
        total = given[WHOLE_ANSWER]
    elif rubric and all(item.id in given for item in rubric):
        total = sum(given[item.id] for item in rubric)
    else:
        return None
    return min(max(total, 0.0), manual_max)


def _spoilt(question: QuestionResult) -> bool:
    return question.status is Ending.GRADER_ERROR and question.auto_max > 0
