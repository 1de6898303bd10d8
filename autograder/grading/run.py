"""Grading a folder into a store: what is new is graded, what is known is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from autograder.assignment.kit import Kit
from autograder.grading.lateness import late_days
from autograder.grading.worker import HandIn, KitJob
from autograder.results import Ending, SubmissionResult
from autograder.store import Store

GradeClass = Callable[[KitJob, Sequence[HandIn]], Iterator[SubmissionResult]]
"""How a class is graded: here or on a cluster."""


def grade_folder(
    kit: Kit,
    folder: Path,
    paths: Sequence[Path],
    times: dict[str, datetime],
    store: Store,
    grade_class: GradeClass,
    tell: Callable[[SubmissionResult, bool], None],
) -> list[SubmissionResult]:
    """Grade the hand-ins at ``paths`` below ``folder`` and keep each result in the store at once.

    A hand-in whose content was graded under the same build is not graded again; ``grade_class``
    gets the rest. ``tell`` hears of each result as it is stored, and whether it was known. Returns
    all results.
    """
    deadline = kit.master.assignment.deadline
    store.save_assignment(kit.master.assignment, kit.master.rubrics, kit.build_hash)
    results: list[SubmissionResult] = []

    def keep(result: SubmissionResult, content_hash: str, known: bool) -> None:
        handed_in = times.get(result.submission)
        late = None if handed_in is None else late_days(deadline, handed_in)
        result = replace(result, content_hash=content_hash, late_days=late)
        store.record(result)
        results.append(result)
        tell(result, known)

    hashes: dict[str, str] = {}
    fresh: list[HandIn] = []
    for path in paths:
        submission = path.relative_to(folder).as_posix()
        content_hash = hashes[submission] = hash_of_file(path)
        known = store.known(content_hash, kit.build_hash)
        if known is not None:
            keep(replace(known, submission=submission), content_hash, known=True)
        else:
            fresh.append(HandIn(path, submission))
    for result in grade_class(KitJob(kit), fresh):
        keep(result, hashes[result.submission], known=False)
    return results


def hash_of_file(path: Path) -> str:
    """SHA-256 of a file's content in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def not_graded(results: Sequence[SubmissionResult]) -> list[SubmissionResult]:
    """The results that say that something was not graded."""
    return [
        result for result in results if result.status in (Ending.UNREADABLE, Ending.GRADER_ERROR)
    ]
