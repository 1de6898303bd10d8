"""Grading a folder into a store: what is new is graded, what is known is kept."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from autograder.grading.hand_in import HandIn
from autograder.grading.job import Job
from autograder.grading.lateness import late_days
from autograder.results import Ending, SubmissionResult
from autograder.store import Graded, Store

Grader = Callable[[Sequence[HandIn]], Iterator[SubmissionResult]]
"""Grades a class somewhere: on this machine (`local`) or on many."""


@dataclass(frozen=True)
class _Found:
    """A hand-in of the folder, and what is known of it."""

    path: Path
    submission: str
    content_hash: str
    late_days: float | None
    graded: Graded | None
    """A grading of the same content under the same build, of any path."""


@dataclass(frozen=True)
class ClassRun:
    """What became of a class."""

    endings: dict[str, Ending]
    """By submission."""
    fresh: set[str]
    """Those whose result is new in the store."""


def grade_folder(
    job: Job,
    folder: Path,
    paths: Sequence[Path],
    times: dict[str, datetime],
    store: Store,
    grade: Grader,
    tell: Callable[[Ending, bool], None],
) -> ClassRun:
    """Grade the hand-ins at ``paths`` below ``folder`` and keep each result in the store at once.

    A hand-in whose content was graded under the same build is not graded again; where checks have
    changed since, their questions alone are. ``tell`` hears how each ended, as it is stored, and
    whether it was known.
    """
    store.save_assignment(job.assignment, job.rubrics, job.build_hash)
    found = {it.submission: it for it in _find(job, folder, paths, times, store.graded())}
    run = ClassRun({}, set())

    def keep(result: SubmissionResult, it: _Found) -> None:
        store.record(
            replace(
                result,
                submission=it.submission,
                content_hash=it.content_hash,
                late_days=it.late_days,
            )
        )
        run.endings[it.submission] = result.status
        run.fresh.add(it.submission)

    waiting: list[HandIn] = []
    for it in found.values():
        if it.graded is None:
            waiting.append(HandIn(it.path, it.submission))
            continue
        unchanged = dict(it.graded.question_hashes) == dict(job.question_hashes)
        if not unchanged:
            known = store.submission(it.graded.submission)
            waiting.append(HandIn(it.path, it.submission, known.result if known else None))
            continue
        if (it.graded.submission, it.graded.late_days) != (it.submission, it.late_days):
            known = store.submission(it.graded.submission)
            if known is None:
                waiting.append(HandIn(it.path, it.submission))
                continue
            keep(known.result, it)
        run.endings[it.submission] = it.graded.status
        tell(it.graded.status, True)
    for result in grade(waiting):
        keep(result, found[result.submission])
        tell(result.status, False)
    return run


def _find(
    job: Job,
    folder: Path,
    paths: Iterable[Path],
    times: Mapping[str, datetime],
    graded: Iterable[Graded],
) -> Iterator[_Found]:
    by_content: dict[str, list[Graded]] = defaultdict(list)
    for it in graded:
        if it.build_hash == job.build_hash and not it.spoilt:
            by_content[it.content_hash].append(it)
    deadline = job.assignment.deadline
    for path in paths:
        submission = path.relative_to(folder).as_posix()
        content_hash = hash_of_file(path)
        known = by_content[content_hash]
        own = [it for it in known if it.submission == submission]
        handed_in = times.get(submission)
        late = None if handed_in is None else late_days(deadline, handed_in)
        yield _Found(path, submission, content_hash, late, next(iter([*own, *known]), None))


def hash_of_file(path: Path) -> str:
    """SHA-256 of a file's content in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def not_graded(endings: Mapping[str, Ending]) -> list[str]:
    """The submissions of which something was not graded."""
    return [
        submission
        for submission, ending in endings.items()
        if ending in (Ending.UNREADABLE, Ending.GRADER_ERROR)
    ]
