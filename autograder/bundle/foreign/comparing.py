"""Our scores beside those of stock `otter run`, question by question."""

from __future__ import annotations

import re
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.bundle.foreign.hand_in import read_hand_in
from autograder.bundle.foreign.job import BundleJob
from autograder.bundle.foreign.otter_run import OtterRun, otter_run
from autograder.bundle.foreign.results_json import gradescope_results
from autograder.errors import UnreadableSubmission
from autograder.results import Ending, SubmissionResult
from autograder.submission.text import one_line

ROUNDED = 5
"""Decimals to which otter writes scores."""

_NOTEBOOK = re.compile(r"""Notebook\(\s{0,9}["']([^"'\n]{1,120})["']""")


@dataclass(frozen=True)
class ComparedQuestion:
    """One question of one submission."""

    id: str
    ours: float
    otters: float | None
    """None where otter has no score."""

    @property
    def equal(self) -> bool:
        """Whether both say the same; what otter has no score for is not equal."""
        return self.otters is not None and abs(self.ours - self.otters) < 10**-ROUNDED


@dataclass(frozen=True)
class Compared:
    """One submission."""

    submission: str
    questions: tuple[ComparedQuestion, ...]
    our_seconds: float
    otter: OtterRun
    our_total: float | None
    explanation: str
    """Why the two differ, as far as is known; empty where they do not."""
    equal_without_name: bool = False
    """Whether otter gives our scores where the notebook names no notebook to it."""

    @property
    def different(self) -> int:
        """Questions that otter scored otherwise."""
        return sum(not it.equal and it.otters is not None for it in self.questions)

    @property
    def total_differs(self) -> bool:
        """Whether otter has scaled the whole to something else."""
        ours, otters = self.our_total, self.otter.total
        return ours is not None and otters is not None and abs(ours - otters) >= 10**-ROUNDED


def compare(
    job: BundleJob,
    results: Sequence[SubmissionResult],
    folder: Path,
    seconds: float,
    jobs: int,
    tell: Callable[[Compared], None],
) -> list[Compared]:
    """Run otter on each submission, ``seconds`` at most and ``jobs`` at a time."""
    ordered = sorted(results, key=lambda result: result.submission)

    def one(result: SubmissionResult) -> Compared:
        otter = _otter_run(job, folder / result.submission, seconds)
        return _compared(job, result, folder / result.submission, otter, seconds)

    compared: list[Compared] = []
    with ThreadPoolExecutor(jobs) as pool:
        for it in pool.map(one, ordered):
            tell(it)
            compared.append(it)
    return compared


def _otter_run(job: BundleJob, path: Path, seconds: float) -> OtterRun:
    return otter_run(job.bundle.path, path, seconds, job.assignment.limits.memory_mb)


def _compared(
    job: BundleJob, result: SubmissionResult, path: Path, otter: OtterRun, seconds: float
) -> Compared:
    names = [test.name for test in job.tests]
    questions = tuple(
        ComparedQuestion(
            question.id,
            round(question.auto_score, ROUNDED),
            # Of two tests with one name otter keeps one, and nobody can tell which.
            otter.scores.get(name) if names.count(name) == 1 else None,
        )
        for question, name in zip(result.questions, names, strict=True)
    )
    compared = Compared(
        result.submission,
        questions,
        result.seconds,
        otter,
        gradescope_results(job, result).get("score"),
        "",
    )
    name = _missing_notebook(path) if compared.different else ""
    if name:
        with tempfile.TemporaryDirectory() as folder:
            again = _otter_run(job, _without_name(path, Path(folder)), seconds)
        same = all(abs(again.scores.get(it.id, -1.0) - it.ours) < 10**-ROUNDED for it in questions)
        compared = replace(compared, equal_without_name=same)
    return replace(compared, explanation="; ".join(_explanations(result, compared, name)))


def _explanations(result: SubmissionResult, compared: Compared, name: str) -> Iterator[str]:
    if result.status == Ending.UNREADABLE:
        yield f"ours: {result.note}"
    if compared.otter.lost:
        yield f"otter: {compared.otter.lost}"
    if not compared.different:
        return
    if name:
        named = "gives our scores" if compared.equal_without_name else "gives other scores, too"
        yield f"otter finds no {one_line(name, 60)} to open; where none is named, it {named}"
    for question in result.questions:
        if question.status != Ending.GRADED:
            yield f"ours: {question.id} {question.status.value}"


def _missing_notebook(path: Path) -> str:
    """The name of another notebook that this one gives to otter; empty where it names none."""
    if path.suffix.lower() == ".zip":
        return ""
    try:
        sources = [cell.source for cell in read_hand_in(path).cells]
    except UnreadableSubmission:
        # That is told already.
        return ""
    named = [name for source in sources for name in _NOTEBOOK.findall(source)]
    return named[0] if named and path.name not in named else ""


def _without_name(path: Path, folder: Path) -> Path:
    """A copy that names no notebook to otter."""
    copy = folder / path.name
    if path.suffix.lower() == ".py":
        copy.write_text(_NOTEBOOK.sub("Notebook(", path.read_text()))
        return copy
    # Takes a second to import, and only a comparison needs it.
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = _NOTEBOOK.sub("Notebook(", cell.source)
    nbformat.write(notebook, copy)
    return copy


def summary(compared: Sequence[Compared]) -> dict[str, Any]:
    """The comparison as `comparison.json` has it."""
    both = [it for it in compared if not it.otter.lost]
    ours = statistics.median([it.our_seconds for it in both]) if both else None
    otters = statistics.median([it.otter.seconds for it in both]) if both else None
    scored = [q for it in compared for q in it.questions if q.otters is not None]
    return {
        "questions_compared": len(scored),
        "questions_equal": sum(question.equal for question in scored),
        "questions_equal_without_name": sum(
            it.different for it in compared if it.equal_without_name
        ),
        "totals_different": sum(it.total_differs for it in compared),
        "lost_by_otter": [it.submission for it in compared if it.otter.lost],
        "median_seconds": {"ours": ours, "otter": otters},
        "ratio": otters / ours if ours and otters else None,
        "submissions": [_as_json(it) for it in compared],
    }


def _as_json(compared: Compared) -> dict[str, Any]:
    return {
        "submission": compared.submission,
        "seconds": {
            "ours": round(compared.our_seconds, 3),
            "otter": round(compared.otter.seconds, 3),
        },
        "total": {"ours": compared.our_total, "otter": compared.otter.total},
        "explanation": compared.explanation,
        "questions": [
            {"id": it.id, "ours": it.ours, "otter": it.otters, "equal": it.equal}
            for it in compared.questions
        ],
    }
