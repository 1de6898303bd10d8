"""The gradebook database: results, and marks as events."""

from autograder.store.gradebook import Store, open_store
from autograder.store.records import (
    WHOLE_ANSWER,
    AssignmentRecord,
    Graded,
    Mark,
    NewMark,
    QuestionRecord,
    SubmissionRecord,
)
from autograder.store.scores import QuestionScore, SubmissionScore, score_submission

__all__ = [
    "WHOLE_ANSWER",
    "AssignmentRecord",
    "Graded",
    "Mark",
    "NewMark",
    "QuestionRecord",
    "QuestionScore",
    "Store",
    "SubmissionRecord",
    "SubmissionScore",
    "open_store",
    "score_submission",
]
