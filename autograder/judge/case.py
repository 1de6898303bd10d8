"""What comes before the judge, and what the judge says, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.assignment.models import Limits
from autograder.results import Ending, Evidence, Flag, Verdict
from autograder.sandbox.channel import Channel


@dataclass(frozen=True)
class QuestionCase:
    """What the judge has of one question."""

    id: str
    snapshot: Channel | None
    """The notebook at the question's check point; None where it was not reached."""
    stand_ins: tuple[str, ...] = ()
    """Sources that define public library code in place of what the question needs."""
    needs: tuple[str, ...] = ()
    """The questions that the stand-ins stand in for."""


@dataclass(frozen=True)
class Redraw:
    """What a proof wants repeated with other seeds, on the same snapshots."""

    seeds: tuple[int, ...]
    caught_at: str = ""
    """A question at which, with each seed, some hidden check has to fail."""
    steady: tuple[str, ...] = ()
    """Questions whose checks have to come out with each seed as they did with the first."""


@dataclass(frozen=True)
class Case:
    """One submission before the judge."""

    questions: tuple[QuestionCase, ...]
    seed: int
    handed_in: Mapping[str, bytes]
    cells: Mapping[int, str]
    """The student's source by cell number."""
    limits: Limits
    lost: frozenset[str] = frozenset()
    """Questions that lost points and are not judged again this time."""
    redraw: Redraw | None = None


@dataclass
class Judgement:
    """What the checks of one question say."""

    verdicts: list[Verdict] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)

    @property
    def points(self) -> float:
        """Points earned."""
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def full(self) -> bool:
        """Whether nothing is left to earn."""
        return all(verdict.passed for verdict in self.verdicts)


@dataclass
class Outcome:
    """What the judge says of one submission."""

    questions: dict[str, Judgement]
    flags: list[Flag]
    student_seconds: float
    evidence: Evidence | None = None
