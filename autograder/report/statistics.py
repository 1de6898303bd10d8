"""What an instructor asks of a class: the spread of scores, and how each question went."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograder.results import Verdict
from autograder.store import QuestionRecord, QuestionScore

BINS = 10


@dataclass(frozen=True)
class Spread:
    """How scores lie between 0 and the highest possible."""

    counts: tuple[int, ...]
    """Submissions in each of ten equal parts; the last one holds the full score, too."""
    mean: float
    median: float


def spread(scores: Sequence[float], max_score: float) -> Spread | None:
    """The spread of ``scores`` (points), or None where there are none."""
    if not scores or max_score <= 0:
        return None
    bins = Counter(min(max(int(BINS * score / max_score), 0), BINS - 1) for score in scores)
    counts = tuple(bins[place] for place in range(BINS))
    return Spread(counts, statistics.fmean(scores), statistics.median(scores))


@dataclass
class CheckTally:
    """How many submissions passed one check."""

    title: str
    hidden: bool
    passed: int = 0
    seen: int = 0

    @property
    def rate(self) -> float:
        """The share that passed, 0 to 1."""
        return self.passed / self.seen


@dataclass
class QuestionTally:
    """How one question went in the class."""

    question: QuestionRecord
    scores: list[float] = field(default_factory=list)
    """Of the submissions whose points are all known."""
    waiting: int = 0
    """Submissions that wait for a marker."""
    checks: dict[str, CheckTally] = field(default_factory=dict)

    @property
    def max_score(self) -> float:
        """All points of the question."""
        return self.question.auto + self.question.manual

    @property
    def mean(self) -> float | None:
        """The mean of the points, where any are known."""
        return statistics.fmean(self.scores) if self.scores else None

    @property
    def pass_rate(self) -> float | None:
        """The share with at least half of the points, 0 to 1, where any are known."""
        if not self.scores:
            return None
        return sum(2 * score >= self.max_score for score in self.scores) / len(self.scores)

    def add(self, score: QuestionScore) -> None:
        """Count one submission's answer."""
        if score.score is not None:
            self.scores.append(score.score)
        if score.unmarked:
            self.waiting += 1
        if score.auto_score is not None:
            for verdict in score.result.checks:
                self._add_check(verdict)

    def _add_check(self, verdict: Verdict) -> None:
        tally = self.checks.setdefault(verdict.name, CheckTally(verdict.title, verdict.hidden))
        tally.seen += 1
        tally.passed += verdict.passed
