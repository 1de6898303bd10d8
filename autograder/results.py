"""What grading says of a submission: endings, verdicts and scores, as plain frozen data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Ending(StrEnum):
    """How the grading of a submission, or of one of its questions, came to its end."""

    GRADED = "graded"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    TOO_MUCH_OUTPUT = "too_much_output"
    UNREADABLE = "unreadable"
    GRADER_ERROR = "grader_error"


_SEVERITY = (
    Ending.GRADER_ERROR,
    Ending.OUT_OF_MEMORY,
    Ending.TIMED_OUT,
    Ending.CRASHED,
    Ending.TOO_MUCH_OUTPUT,
)


def worst(endings: Iterable[Ending]) -> Ending:
    """The ending to name where there were several: our own fault first, then the plainest cause."""
    found = set(endings)
    return next((ending for ending in _SEVERITY if ending in found), Ending.GRADED)


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check, or of one row of a quiz item."""

    name: str
    """The check's function name, unique in its question."""
    title: str
    """What the student reads: the first line of the check's docstring."""
    points: float
    """Points earned: ``max_points`` or 0 for a check, anything between for an item with steps."""
    max_points: float
    passed: bool
    hidden: bool
    message: str = ""
    """Why it failed, safe to show to the student; empty where it passed."""
    hint: str = ""
    """The instructor's hint; shown where the check failed."""
    seconds: float = 0.0
    stand_in: bool = False
    """Whether it was judged with a stand-in for an earlier question."""


@dataclass(frozen=True)
class QuestionResult:
    """One question of one submission, before any marker has seen it."""

    id: str
    kind: str
    status: Ending
    auto_score: float
    auto_max: float
    manual_max: float
    checks: tuple[Verdict, ...] = ()
    answer: str = ""
    """What the student wrote in the answer's markdown cells (essays and reasons)."""
    note: str = ""
    """What ended the question early, or what the student's own cell raised; safe to show."""
    build_hash: str = ""
    """Of what this question alone was judged by."""


@dataclass(frozen=True)
class Flag:
    """Something that the instructor should look at; never shown to the student, never scored."""

    question: str
    text: str


class Fault(StrEnum):
    """In what way a check failed."""

    VALUE = "value"
    """What came back is wrong."""
    FORM = "form"
    """What came back has the wrong type, shape or dtype."""
    RAISED = "raised"
    """Student code raised."""
    ENDED = "ended"
    """Student code ended its process, or did not come back."""
    STEP = "step"
    """The check gave a part of its points."""


@dataclass(frozen=True)
class Failure:
    """One check that failed, for whoever proves the checks."""

    question: str
    check: str
    fault: Fault
    stand_in: bool
    """Whether stand-ins were bound."""


@dataclass(frozen=True)
class Redrawn:
    """One check, repeated with other seeds."""

    question: str
    check: str
    failed: tuple[int, ...]
    """The seeds with which it failed."""
    passed: tuple[int, ...]
    """The seeds with which it passed."""


@dataclass(frozen=True)
class Evidence:
    """What a proof of the checks wants to know beyond scores; nobody else asks for it."""

    failures: tuple[Failure, ...]
    redrawn: tuple[Redrawn, ...]


@dataclass(frozen=True)
class SubmissionResult:
    """Everything that one run of the pipeline says of one submission."""

    submission: str
    """The path relative to the folder that was graded."""
    student_id: str
    name: str
    status: Ending
    wall: str
    """The wall that stood while student code ran: ``bubblewrap``, ``container`` or ``none``."""
    questions: tuple[QuestionResult, ...] = ()
    flags: tuple[Flag, ...] = ()
    note: str = ""
    """Why the submission as a whole is not graded; empty where it is."""
    late_days: float | None = None
    content_hash: str = ""
    build_hash: str = ""
    """Of what all questions have in common."""
    seconds: float = 0.0
    """Wall-clock time of the whole pipeline."""
    student_seconds: float = 0.0
    """Of these, the time in which student code ran: cells, and calls from checks."""
    peak_memory_mb: float = 0.0
    timings: dict[str, float] = field(default_factory=dict)
    """Where the time went, by phase, in seconds."""
    evidence: Evidence | None = None
    """Where a proof asked for it; never stored."""

    @property
    def auto_score(self) -> float:
        """Automatic points earned over all questions."""
        return sum(question.auto_score for question in self.questions)

    @property
    def auto_max(self) -> float:
        """Automatic points possible over all questions."""
        return sum(question.auto_max for question in self.questions)
