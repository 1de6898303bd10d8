"""What earlier proofs found out, kept, so that a proof repeats only what may come out otherwise.

After an edit of one check, some of what a proof would find is known: a solution's verdicts at a
question hang on its code and model, on the seeds, on all that the questions share, on this library,
and on what belongs to that question and to those that it needs. Each of these goes into a hash, the
key of that solution at that question. What was graded with the same key is not graded again, and a
proof that was interrupted goes on where it stopped.

Only what had no fault is kept: whatever went wrong is tried again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from autograder.assignment import Assignment
from autograder.assignment.kit import Kit
from autograder.authoring.entries import Entry
from autograder.grading.parcel import versions
from autograder.judge.session import Redraw
from autograder.results import Ending, Evidence, QuestionResult, SubmissionResult


@dataclass(frozen=True)
class Found:
    """What came of one solution, and what that hung on."""

    keys: Mapping[str, str]
    """By question."""
    result: SubmissionResult


_FOUND: TypeAdapter[Found] = TypeAdapter(Found)


@dataclass(frozen=True)
class Known:
    """What need not be graded again of one solution."""

    questions: Mapping[str, QuestionResult]
    evidence: Evidence

    def is_all_of(self, assignment: Assignment) -> bool:
        """Whether nothing is left to grade."""
        return all(question.id in self.questions for question in assignment.questions)

    def as_result(self, submission: str) -> SubmissionResult:
        """It, as the result of an earlier grading of which no more is left."""
        return SubmissionResult(
            submission, "", "", Ending.GRADED, "", questions=tuple(self.questions.values())
        )


def keys_of(
    kit: Kit, wall: str, entry: Entry, checkpoint: bytes | None, redraw: Redraw
) -> dict[str, str]:
    """What the verdicts on an entry hang on, question by question."""
    shared = [
        versions(),
        wall,
        kit.build_hash,
        sorted(entry.code.items()),
        hashlib.sha256(checkpoint or b"").hexdigest(),
        [redraw.seeds, redraw.caught_at, redraw.steady],
    ]
    return {
        question.id: hashlib.sha256(
            json.dumps([shared, _hashes_below(kit, question.id)]).encode()
        ).hexdigest()
        for question in kit.master.assignment.questions
    }


def _hashes_below(kit: Kit, question: str) -> dict[str, str]:
    """The hash of a question and of all that it needs: points lost there call for stand-ins."""
    hashes: dict[str, str] = {}
    waiting = [question]
    while waiting:
        id = waiting.pop()
        if id not in hashes:
            hashes[id] = kit.question_hashes[id]
            waiting += kit.master.assignment.question(id).needs
    return hashes


def changed_by(entry: Entry, assignment: Assignment) -> frozenset[str]:
    """The questions whose verdicts an edit of one answer may change; all, where more is edited."""
    if not entry.edited:
        return frozenset(question.id for question in assignment.questions)
    changed = {entry.edited}
    for question in assignment.questions:
        if changed & {*question.needs}:
            changed.add(question.id)
    return frozenset(changed)


def known_of(
    entry: Entry,
    assignment: Assignment,
    keys: Mapping[str, str],
    found: Found | None,
    reference: SubmissionResult | None,
) -> Known:
    """What is known of an entry: the reference's questions that it can't change, and earlier ones.

    ``reference`` is the reference's result in this very proof, for wrong entries.
    """
    changed = changed_by(entry, assignment)
    questions = {
        question.id: question
        for question in (reference.questions if reference else ())
        if question.id not in changed
    }
    if found is None:
        return Known(questions, Evidence((), ()))
    same = {id for id, key in keys.items() if found.keys.get(id) == key and id not in questions}
    questions |= {it.id: it for it in found.result.questions if it.id in same}
    return Known(questions, _of(found.result.evidence, same))


def _of(evidence: Evidence | None, questions: set[str]) -> Evidence:
    if evidence is None:
        return Evidence((), ())
    return Evidence(
        tuple(it for it in evidence.failures if it.question in questions),
        tuple(it for it in evidence.redrawn if it.question in questions),
    )


def with_known(result: SubmissionResult, known: Known) -> SubmissionResult:
    """What was graded now, completed by what was known: questions, and the evidence on them."""
    new = result.evidence or Evidence((), ())
    return replace(
        result,
        questions=tuple(known.questions.get(it.id, it) for it in result.questions),
        evidence=Evidence(
            known.evidence.failures + new.failures, known.evidence.redrawn + new.redrawn
        ),
    )


def nothing_new(found: Found, known: Known) -> SubmissionResult:
    """The result where all is known: the earlier one, with the reference's questions of today."""
    return with_known(replace(found.result, evidence=None), known)


def read_found(folder: Path, entry: Entry, keys: Mapping[str, str]) -> Found | None:
    """What the last proof that tried this entry found, if any of it is of use for these keys."""
    path = folder / f"{entry.name}.json"
    if not path.is_file():
        return None
    record = json.loads(path.read_bytes())
    # Another version of this library may have written other fields; then no key is the same.
    if not record["keys"].items() & keys.items():
        return None
    return _FOUND.validate_python(record)


def keep(folder: Path, entry: Entry, found: Found) -> None:
    """Write down what was found, for the next proof."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{entry.name}.partial"
    partial.write_bytes(_FOUND.dump_json(found))
    partial.rename(folder / f"{entry.name}.json")
