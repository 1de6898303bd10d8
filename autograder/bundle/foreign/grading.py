"""One submission of somebody else's bundle, from hand-in to result."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.bundle.foreign.assignment import question_ids
from autograder.bundle.foreign.cells import AT_THE_END, statements_of, steps_of
from autograder.bundle.foreign.hand_in import ForeignHandIn, read_hand_in
from autograder.bundle.foreign.job import BundleJob
from autograder.bundle.foreign.model import OtterTest
from autograder.bundle.foreign.reading import read_files
from autograder.bundle.foreign.sandboxed import putting
from autograder.bundle.foreign.verdicts import (
    NOTHING_RUN,
    STATE_GONE,
    Claim,
    run_cases,
    run_test,
    verdicts,
)
from autograder.errors import SandboxFault, UnreadableSubmission
from autograder.grading.clock import Clock
from autograder.grading.notes import note_of
from autograder.results import Ending, QuestionResult, SubmissionResult, worst
from autograder.sandbox.channel import Channel
from autograder.sandbox.execution import Execution, Opening, Step, run_notebook
from autograder.sandbox.server import Sandbox, WarmServer
from autograder.submission.text import one_line


@dataclass
class _Grading:
    """What has been found out about one submission so far."""

    claims: dict[str, Claim] = field(default_factory=dict)
    """By the test's stem."""
    notes: dict[str, list[str]] = field(default_factory=dict)
    """By the test's stem; the empty one for what no question below a cell is to blame for."""
    endings: dict[str, list[Ending]] = field(default_factory=dict)
    out_of_time: bool = False
    judged: bool = False
    """Whether there was any state of the notebook to judge."""
    student_seconds: float = 0.0
    timings: dict[str, float] = field(default_factory=dict)


def grade_hand_in(
    job: BundleJob, path: Path, submission: str, server: WarmServer
) -> SubmissionResult:
    """Grade one hand-in. What is wrong with the hand-in stands in the result."""
    wall = server.wall
    started = time.monotonic()
    try:
        hand_in = read_hand_in(path)
        _require_this_assignment(job, hand_in)
    except UnreadableSubmission as error:
        return SubmissionResult(
            submission=submission,
            student_id="",
            name="",
            status=Ending.UNREADABLE,
            wall=wall.name,
            questions=_not_graded(job),
            note=f"{error.what[:1].upper()}{error.what[1:]}. {error.remedy}".strip(),
            build_hash=job.build_hash,
            seconds=time.monotonic() - started,
        )
    grading = _Grading()
    clock = Clock(grading.timings)
    with Sandbox(server, job.assignment.limits) as sandbox:
        clock.lap("start")
        _run_and_test(job, hand_in, sandbox, grading, clock)
        clock.lap("tests")
    clock.lap("end")
    questions = _questions(job, grading)
    return SubmissionResult(
        submission=submission,
        student_id=hand_in.student_id,
        name=hand_in.name,
        status=_status(questions, grading),
        wall=wall.name,
        questions=questions,
        note="\n\n".join(grading.notes.get(AT_THE_END, [])),
        content_hash=hand_in.content_hash,
        build_hash=job.build_hash,
        seconds=time.monotonic() - started,
        student_seconds=grading.student_seconds,
        peak_memory_mb=sandbox.peak_memory / 2**20,
        timings=grading.timings,
    )


def _require_this_assignment(job: BundleJob, hand_in: ForeignHandIn) -> None:
    wanted, got = job.bundle.assignment_name, hand_in.assignment_name
    if not wanted or got is None or got == wanted:
        return
    says = f"of {one_line(got, 80)!r}" if got else "of no assignment"
    raise UnreadableSubmission(
        f"this notebook says that it is {says}, not of {wanted!r}",
        where=hand_in.file_name,
        remedy="Hand in the notebook that was given out for this assignment.",
    )


def _run_and_test(
    job: BundleJob, hand_in: ForeignHandIn, sandbox: Sandbox, grading: _Grading, clock: Clock
) -> None:
    limits = job.assignment.limits
    files = beside(hand_in, read_files(job.bundle))
    stems = [test.stem for test in job.tests]
    opening = Opening((*putting(files), ["otter", "attend", stems]), frozenset(stems))

    def run(steps: Sequence[Step]) -> Execution:
        output = int(limits.output_mb * 2**20)
        found = run_notebook(sandbox, steps, {}, output, limits.submission_seconds, opening)
        grading.student_seconds += found.student_seconds
        for snapshot in found.snapshots.values():
            snapshot.request_seconds = limits.check_seconds
        return found

    steps = steps_of(hand_in, job.bundle, limits)
    execution = run(steps)
    if hand_in.script and any(not it.error for it in execution.troubles.values()):
        pieces = statements_of(hand_in, job.bundle, limits)
        if pieces:
            for snapshot in execution.snapshots.values():
                snapshot.kill()
            steps, execution = pieces, run(pieces)
    clock.lap("notebook")
    _note_troubles(job, hand_in, execution, grading)
    grading.judged = bool(execution.snapshots)
    grading.out_of_time = execution.out_of_time
    _test(job, execution, sandbox, grading)
    lost = [
        test
        for test in job.tests
        if len(test.cases) > 1
        and test.stem in grading.claims
        and grading.claims[test.stem].ending != Ending.GRADED
    ]
    if lost:
        # The states went with the processes that the tests ended; the notebook makes them anew.
        _test_by_case(job, lost, run(steps), sandbox, grading)
    grading.student_seconds += sum(claim.seconds for claim in grading.claims.values())


def _test(job: BundleJob, execution: Execution, sandbox: Sandbox, grading: _Grading) -> None:
    """Run each test in the snapshot that was taken for it, or in a fork of the last one."""
    for test in job.tests:
        try:
            process = execution.snapshots.get(test.stem) or _fork_of_the_end(execution)
        except SandboxFault:
            grading.claims[test.stem] = STATE_GONE
            continue
        if process is not None:
            grading.claims[test.stem] = run_test(process, test, job.bundle, sandbox)


def _test_by_case(
    job: BundleJob,
    tests: Sequence[OtterTest],
    execution: Execution,
    sandbox: Sandbox,
    grading: _Grading,
) -> None:
    """Run each case by itself, where all together ended the process or took too long."""
    for test in tests:
        state = _state_for(test, execution)
        if state is None:
            continue
        whole = grading.claims[test.stem]
        grading.claims[test.stem] = run_cases(state, test, job.bundle, sandbox, whole)


def _note_troubles(
    job: BundleJob, hand_in: ForeignHandIn, execution: Execution, grading: _Grading
) -> None:
    sources = {cell.number: cell.source for cell in hand_in.cells}
    for trouble in execution.troubles.values():
        note = note_of(trouble, sources, job.assignment.limits.memory_mb)
        notes = grading.notes.setdefault(trouble.question, [])
        if note not in notes:
            notes.append(note)
        grading.endings.setdefault(trouble.question, []).append(trouble.ending)


def _questions(job: BundleJob, grading: _Grading) -> tuple[QuestionResult, ...]:
    return tuple(
        _question(job, id, test, grading)
        for id, test in zip(question_ids(job.tests), job.tests, strict=True)
    )


def _question(job: BundleJob, id: str, test: OtterTest, grading: _Grading) -> QuestionResult:
    claim = grading.claims.get(test.stem)
    endings = [*grading.endings.get(test.stem, [])]
    if claim is None:
        claim = NOTHING_RUN
        endings.append(Ending.TIMED_OUT if grading.out_of_time else Ending.CRASHED)
    elif claim.ending != Ending.GRADED:
        endings.append(claim.ending)
    scored = test.scored(*claim.of(test))
    notes = list(grading.notes.get(test.stem, []))
    if claim.note:
        notes.append(claim.note)
    ending = worst(endings)
    return QuestionResult(
        id=id,
        kind="code",
        status=Ending.GRADED if scored.passed_all and test.cases else ending,
        auto_score=float(scored.score),
        auto_max=test.possible,
        manual_max=0.0,
        checks=verdicts(test, claim, job.bundle.show_hidden),
        note="\n\n".join(notes),
    )


def _not_graded(job: BundleJob) -> tuple[QuestionResult, ...]:
    return tuple(
        QuestionResult(id, "code", Ending.UNREADABLE, 0.0, test.possible, 0.0)
        for id, test in zip(question_ids(job.tests), job.tests, strict=True)
    )


def _state_for(test: OtterTest, execution: Execution) -> Channel | None:
    return execution.snapshots.get(test.stem) or execution.snapshots.get(AT_THE_END)


def _fork_of_the_end(execution: Execution) -> Channel | None:
    at_the_end = execution.snapshots.get(AT_THE_END)
    return at_the_end and at_the_end.fork()


def beside(hand_in: ForeignHandIn, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What stands beside the notebook, as otter lays it out.

    A file of the bundle replaces one of the hand-in; a folder of the bundle is left out where the
    hand-in has one of that name. The tests come later, and never from the hand-in.
    """
    own = {name: data for name, data in hand_in.files.items() if not name.startswith("tests/")}
    folders = {name.split("/")[0] for name in own if "/" in name}
    theirs = {
        name: data
        for name, data in files.items()
        if "/" not in name or name.split("/")[0] not in folders
    }
    notebook = {hand_in.file_name: hand_in.content}
    return {"__init__.py": b"", **notebook, **own, **theirs}


def _status(questions: tuple[QuestionResult, ...], grading: _Grading) -> Ending:
    if grading.judged or not questions:
        return Ending.GRADED
    ending = worst(question.status for question in questions)
    return Ending.CRASHED if ending == Ending.GRADED else ending
