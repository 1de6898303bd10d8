"""index.html: the class at a glance, for its instructor."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from autograder.report import words
from autograder.report.bar import bar
from autograder.report.clean import line
from autograder.report.names import file_name
from autograder.report.numbers import points
from autograder.report.pages import render
from autograder.report.remarks import remarks
from autograder.report.statistics import QuestionTally, spread
from autograder.results import Ending
from autograder.store import AssignmentRecord, SubmissionRecord, SubmissionScore


@dataclass(frozen=True)
class RowView:
    """A submission's row."""

    submission: str
    page: str
    name: str
    student_id: str
    status: str
    graded: bool
    score: str
    unmarked: str
    late: str
    remarks: tuple[str, ...]
    """Flags, and why it was not graded."""


class Overview:
    """Collects the class, one submission at a time, and makes the page."""

    def __init__(self, assignment: AssignmentRecord) -> None:
        self._assignment = assignment
        self._rows: list[RowView] = []
        self._scores: list[float] = []
        self._unmarked = 0.0
        self._walls: set[str] = set()
        self._tallies = {question.id: QuestionTally(question) for question in assignment.questions}

    def add(self, record: SubmissionRecord, score: SubmissionScore) -> None:
        """Count one submission."""
        result = record.result
        graded = bool(score.questions)
        if graded and score.score is not None:
            self._scores.append(score.score)
        self._unmarked += score.unmarked
        self._walls.add(result.wall)
        for question in score.questions:
            if question.result.id in self._tallies:
                self._tallies[question.result.id].add(question)
        self._rows.append(
            RowView(
                submission=line(result.submission, 300),
                page=f"feedback/{file_name(result.submission, 'html')}",
                name=line(result.name),
                student_id=line(result.student_id),
                status=words.STATUS[result.status],
                graded=result.status is Ending.GRADED,
                score=points(score.score) if graded and score.score is not None else "–",
                unmarked=points(score.unmarked) if score.unmarked else "",
                late=words.late(result.late_days),
                remarks=remarks(record),
            )
        )

    def html(self) -> str:
        """The page."""
        assignment = self._assignment
        scores = spread(self._scores, assignment.max_score)
        return render(
            "overview.html.j2",
            assignment=assignment,
            rows=self._rows,
            graded=len(self._scores),
            unmarked=points(self._unmarked) if self._unmarked else "",
            walls=sorted(wall for wall in self._walls if wall),
            max_score=points(assignment.max_score),
            histogram=_histogram(scores.counts) if scores else "",
            mean=points(round(scores.mean, 1)) if scores else "",
            median=points(round(scores.median, 1)) if scores else "",
            questions=[_question(tally) for tally in self._tallies.values()],
        )


def _question(tally: QuestionTally) -> dict[str, object]:
    mean = tally.mean
    return {
        "id": tally.question.id,
        "title": line(tally.question.title, 300),
        "mean": "–" if mean is None else points(round(mean, 1)),
        "max_score": points(tally.max_score),
        "pass_rate": "–" if tally.pass_rate is None else f"{tally.pass_rate:.0%}",
        "waiting": tally.waiting,
        "bar": bar(mean or 0, 0, tally.max_score),
        "checks": [
            {
                "title": line(check.title, 300),
                "hidden": check.hidden,
                "rate": f"{check.passed} of {check.seen}",
                "bar": bar(check.passed, 0, check.seen),
            }
            for check in sorted(tally.checks.values(), key=lambda check: check.rate)
        ],
    }


def _histogram(counts: tuple[int, ...]) -> Markup:
    """Bars of ten equal parts of the score, with the number of submissions over each."""
    tallest = max(counts)
    bars = Markup("")
    for place, count in enumerate(counts):
        height = 60 * count / tallest
        bars += Markup('<rect x="{}" y="{:.1f}" width="28" height="{:.1f}"/>').format(
            place * 30 + 1, 76 - height, height
        )
        if count:
            bars += Markup('<text x="{}" y="{:.1f}">{}</text>').format(
                place * 30 + 15, 72 - height, count
            )
    labels = ", ".join(
        f"{10 * place} to {10 * place + 10} percent: {count}" for place, count in enumerate(counts)
    )
    return Markup(
        '<svg class="histogram" viewBox="0 0 300 78" role="img" aria-label="{}">'
        '{}<line x1="0" y1="76.5" x2="300" y2="76.5"/></svg>'
    ).format(f"Submissions by score. {labels}.", bars)
