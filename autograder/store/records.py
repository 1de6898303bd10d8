"""What a store gives back, as plain frozen data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from autograder.assignment.models import RubricItem
from autograder.results import Ending, SubmissionResult

WHOLE_ANSWER = "*"
"""The item of a mark that decides a whole answer at once, over its single items."""


@dataclass(frozen=True)
class QuestionRecord:
    """A question of the assignment, as it was when last graded."""

    id: str
    title: str
    kind: str
    auto: float
    manual: float
    rubric: tuple[RubricItem, ...] = ()
    reference: str = ""
    """A full answer, for markers only."""


@dataclass(frozen=True)
class AssignmentRecord:
    """The assignment, as it was when last graded."""

    name: str
    title: str
    course: str
    deadline: datetime
    late_policy: str
    build_hash: str
    questions: tuple[QuestionRecord, ...]

    @property
    def max_score(self) -> float:
        """All points, automatic and manual."""
        return sum(question.auto + question.manual for question in self.questions)

    def question(self, id: str) -> QuestionRecord | None:
        """The question of that id, if there is one."""
        return next((question for question in self.questions if question.id == id), None)


@dataclass(frozen=True)
class Graded:
    """In short, what was graded: enough to tell whether it has to be graded again."""

    submission: str
    status: Ending
    content_hash: str
    build_hash: str
    question_hashes: Mapping[str, str]
    late_days: float | None
    spoilt: bool
    """Whether a fault of ours kept anything of it from being graded."""


@dataclass(frozen=True)
class NewMark:
    """A decision that a marker hands in.

    Points of None and an empty comment leave what stands as it is; ``withdrawn`` takes points and
    comment back.
    """

    submission: str
    question: str
    item: str
    points: float | None
    comment: str = ""
    marker: str = ""
    withdrawn: bool = False


@dataclass(frozen=True)
class Mark:
    """One decision of a marker, as an event."""

    id: int
    submission: str
    question: str
    item: str
    """A rubric item's id, or ``*`` for the whole answer."""
    points: float | None
    """None where nothing is decided: the mark was withdrawn, or is a comment alone."""
    comment: str
    marker: str
    at: datetime
    answer_hash: str
    before: int | None
    """The id of the mark that stood until this one."""


@dataclass(frozen=True)
class SubmissionRecord:
    """A submission: the result of its latest grading, and the marks that stand."""

    result: SubmissionResult
    code: str
    """Stands for the submission where a marker must not see whose it is."""
    marks: tuple[Mark, ...] = ()

    @property
    def submission(self) -> str:
        """The path relative to the folder that was graded."""
        return self.result.submission

    def marks_of(self, question: str) -> tuple[Mark, ...]:
        """The standing marks of one question."""
        return tuple(mark for mark in self.marks if mark.question == question)

    @property
    def changed_since_marked(self) -> tuple[str, ...]:
        """The questions whose answer is no longer the one that was marked."""
        return tuple(
            question.id
            for question in self.result.questions
            if any(
                mark.points is not None and mark.answer_hash != hash_of_answer(question.answer)
                for mark in self.marks_of(question.id)
            )
        )


def hash_of_answer(answer: str) -> str:
    """Tells whether an answer changed; white space does not count."""
    return hashlib.sha256(" ".join(answer.split()).encode()).hexdigest()[:32]
