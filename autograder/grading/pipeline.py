"""One submission from hand-in to result: read, run behind the wall, judge, score."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.assignment import Assignment, Question
from autograder.assignment.kit import Kit
from autograder.errors import AssignmentError, SandboxFault, UnreadableSubmission
from autograder.grading.audit import audit, is_drawn
from autograder.grading.checkpoint import read_checkpoint
from autograder.grading.clock import Clock
from autograder.grading.notes import note_of
from autograder.grading.plan import plan_steps
from autograder.judge.session import (
    Case,
    CheckRun,
    Judgement,
    QuestionCase,
    Redraw,
    with_checks,
)
from autograder.judge.student import Handle, Student, StudentError
from autograder.quiz import score_item, variables
from autograder.results import (
    Ending,
    Evidence,
    Flag,
    QuestionResult,
    SubmissionResult,
    Verdict,
    worst,
)
from autograder.sandbox.channel import Channel
from autograder.sandbox.execution import Checkpoint, Execution, run_notebook
from autograder.sandbox.guest.wire import WireError
from autograder.sandbox.server import Sandbox, WarmServer
from autograder.sandbox.trials import require_promises
from autograder.sandbox.wall import Furniture, Wall
from autograder.submission import (
    Cell,
    Submission,
    answers_by_question,
    read_submission,
    require_assignment,
    restore_tags,
)


@dataclass
class _Grading:
    """What has been found out about one submission so far."""

    flags: list[Flag] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    endings: dict[str, list[Ending]] = field(default_factory=dict)
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    student_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    redraw: Redraw | None = None
    evidence: Evidence | None = None

    def note(self, question: str, text: str) -> None:
        notes = self.notes.setdefault(question, [])
        if text not in notes:
            notes.append(text)


def grade_one(kit: Kit, path: Path, submission: str, wall: Wall) -> SubmissionResult:
    """Grade one hand-in and be done: the warm server and the collected checks serve it alone.

    Raises AutograderError as `grade_submission` does, and where the checks can't be collected.
    """
    results: list[SubmissionResult] = []
    with WarmServer(wall, Furniture(kit.files)) as server:
        require_promises(server)
        with_checks(
            kit.master.checks,
            kit.hidden,
            lambda checks: results.append(grade_submission(kit, path, submission, server, checks)),
        )
    return results[0]


def grade_submission(
    kit: Kit,
    path: Path,
    submission: str,
    server: WarmServer,
    checks: CheckRun,
    known: SubmissionResult | None = None,
    redraw: Redraw | None = None,
) -> SubmissionResult:
    """Grade one hand-in. What is wrong with the hand-in stands in the result.

    ``known`` is an earlier result of the same content: of what it says, the questions stay that
    would be judged by the same checks again. A proof of the checks asks for more with ``redraw``,
    and finds it in the result's `evidence`. Raises AutograderError where the fault is not the
    submission's: a wall that does not stand.
    """
    wall = server.wall
    started = time.monotonic()
    assignment = kit.master.assignment
    try:
        handed_in, template = _read(kit, path)
    except UnreadableSubmission as error:
        return SubmissionResult(
            submission=submission,
            student_id="",
            name="",
            status=Ending.UNREADABLE,
            wall=wall.name,
            questions=tuple(_not_graded(kit, question) for question in assignment.questions),
            note=f"{error.what[:1].upper()}{error.what[1:]}. {error.remedy}".strip(),
            build_hash=kit.build_hash,
            seconds=time.monotonic() - started,
        )
    grading = _Grading(redraw=redraw)
    if not handed_in.name or not handed_in.student_id:
        missing = "name" if not handed_in.name else "student number"
        if not handed_in.name and not handed_in.student_id:
            missing = "name and student number"
        grading.flags.append(Flag("", f"the notebook says no {missing}"))
    kept = _kept(kit, known)
    grading.flags += [flag for flag in known.flags if flag.question in kept] if known else []
    execution = _run_and_judge(kit, handed_in, server, checks, kept, grading)
    _audit(kit, handed_in, server, checks, kept, grading)
    ids = [question.id for question in assignment.questions]
    answers = answers_by_question(handed_in, ids, template)
    questions = tuple(
        kept.get(question.id)
        or _question_result(kit, question, grading, answers[question.id], execution)
        for question in assignment.questions
    )
    return SubmissionResult(
        submission=submission,
        student_id=handed_in.student_id,
        name=handed_in.name,
        status=_status(questions, execution),
        wall=wall.name,
        questions=questions,
        flags=tuple(grading.flags),
        note="",
        content_hash=handed_in.content_hash,
        build_hash=kit.build_hash,
        seconds=time.monotonic() - started,
        student_seconds=grading.student_seconds,
        peak_memory_mb=grading.peak_memory_mb,
        timings=grading.timings,
        evidence=grading.evidence,
    )


def _kept(kit: Kit, known: SubmissionResult | None) -> dict[str, QuestionResult]:
    """The results of questions that nothing has changed for."""
    return {
        question.id: question
        for question in (known.questions if known else ())
        if question.build_hash == kit.question_hashes.get(question.id)
    }


def _read(kit: Kit, path: Path) -> tuple[Submission, tuple[Cell, ...]]:
    template = read_submission(kit.template).cells
    assignment = kit.master.assignment
    ids = [question.id for question in assignment.questions]
    handed_in = read_submission(path)
    require_assignment(handed_in, template, ids, assignment.title)
    return handed_in.with_cells(restore_tags(handed_in.cells, template)), template


def _run_and_judge(
    kit: Kit,
    handed_in: Submission,
    server: WarmServer,
    checks: CheckRun,
    kept: Mapping[str, QuestionResult],
    grading: _Grading,
) -> Execution:
    assignment = kit.master.assignment
    limits = assignment.limits
    cells = {cell.index + 1: cell.source for cell in handed_in.cells}
    checkpoint = _checkpoint(assignment, handed_in, grading)
    steps = plan_steps(handed_in, assignment, checkpoint)
    clock = Clock(grading.timings)
    files = {}
    if assignment.training and (data := handed_in.file(assignment.training.checkpoint)):
        files[assignment.training.checkpoint] = data
    with Sandbox(server, limits) as sandbox:
        clock.lap("start")
        execution = run_notebook(
            sandbox, steps, files, int(limits.output_mb * 2**20), limits.submission_seconds
        )
        clock.lap("notebook")
        for trouble in execution.troubles.values():
            grading.note(trouble.question, note_of(trouble, cells, limits.memory_mb))
            grading.endings.setdefault(trouble.question, []).append(trouble.ending)
        _score_quiz(kit, execution, kept, grading)
        clock.lap("quiz")
        _judge(kit, handed_in, execution, checks, kept, cells, grading)
        clock.lap("checks")
    clock.lap("end")
    grading.student_seconds += execution.student_seconds
    grading.peak_memory_mb = sandbox.peak_memory / 2**20
    return execution


def _checkpoint(
    assignment: Assignment, handed_in: Submission, grading: _Grading
) -> Checkpoint | None:
    training = assignment.training
    if training is None:
        return None
    for left_out in handed_in.left_out:
        if Path(left_out.name).name == training.checkpoint:
            grading.note(training.question, f"{training.checkpoint}: {left_out.why}.")
            return Checkpoint(training.object, training.build, None)
    data = handed_in.file(training.checkpoint)
    if data is None:
        return None
    tensors = None
    try:
        tensors = read_checkpoint(data, training.checkpoint, assignment.limits.checkpoint_mb)
    except UnreadableSubmission as error:
        grading.note(training.question, f"{error}")
    return Checkpoint(training.object, training.build, tensors)


def _audit(
    kit: Kit,
    handed_in: Submission,
    server: WarmServer,
    checks: CheckRun,
    kept: Collection[str],
    grading: _Grading,
) -> None:
    """Train again, if this hand-in is drawn and its checkpoint is what was judged."""
    assignment = kit.master.assignment
    training = assignment.training
    if training is None or training.question in kept or grading.redraw is not None:
        return
    verdicts = {verdict.name: verdict for verdict in grading.verdicts.get(training.question, ())}
    # With a stand-in in its place the checkpoint was not judged.
    judged = verdicts and not any(verdict.stand_in for verdict in verdicts.values())
    handed_in_one = handed_in.file(training.checkpoint) is not None
    if not (judged and handed_in_one and is_drawn(assignment, handed_in.content_hash)):
        return
    clock = Clock(grading.timings)
    found = audit(assignment, handed_in, server, checks, verdicts)
    clock.lap("audit")
    grading.flags.extend(found.flags)
    grading.student_seconds += found.student_seconds


def _score_quiz(kit: Kit, execution: Execution, kept: Collection[str], grading: _Grading) -> None:
    for id, item in kit.master.quiz.items.items():
        if id in kept:
            continue
        question = kit.master.assignment.question(id)
        given = _values(execution.snapshots.get(id), variables(item))
        grading.verdicts[id] = list(score_item(item, given, question.auto))


def _values(snapshot: Channel | None, names: tuple[str, ...]) -> dict[str, object]:
    """The plain values of these names at a check point, without those that are not defined."""
    if snapshot is None:
        return {}
    given: dict[str, object] = {}
    try:
        child = snapshot.fork()
    except SandboxFault:
        return {}
    student = Student(child)
    try:
        for name in names:
            try:
                given[name] = _plain(getattr(student, name))
            except StudentError:
                continue
    except (SandboxFault, WireError):
        # The rest of the answers can't be had from a process that breaks the agreement.
        return given
    finally:
        child.kill()
    return given


def _plain(value: object) -> object:
    """The value; None for what is no data, such as the `...` that otter leaves for an answer."""
    if isinstance(value, Handle):
        return None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _judge(
    kit: Kit,
    handed_in: Submission,
    execution: Execution,
    checks: CheckRun,
    kept: Mapping[str, QuestionResult],
    cells: dict[int, str],
    grading: _Grading,
) -> None:
    assignment = kit.master.assignment
    stand_ins = {
        question.id: (kit.folder / question.stand_in).read_text()
        for question in assignment.questions
        if question.stand_in
    }
    case = Case(
        questions=tuple(
            QuestionCase(
                question.id,
                execution.snapshots.get(question.id),
                tuple(stand_ins[needed] for needed in question.needs if needed in stand_ins),
                tuple(needed for needed in question.needs if needed in stand_ins),
            )
            for question in assignment.questions
            if question.auto and question.id not in kept
        ),
        seed=assignment.seed,
        handed_in=handed_in.files,
        cells=cells,
        limits=assignment.limits,
        lost=frozenset(
            id
            for id, question in kept.items()
            if any(not verdict.passed or verdict.stand_in for verdict in question.checks)
        ),
        redraw=grading.redraw,
    )
    outcome = checks.judge(case)
    grading.evidence = outcome.evidence
    grading.student_seconds += outcome.student_seconds
    grading.flags.extend(outcome.flags)
    for id, judgement in outcome.questions.items():
        _take(id, judgement, grading)


def _take(id: str, judgement: Judgement, grading: _Grading) -> None:
    grading.verdicts.setdefault(id, []).extend(judgement.verdicts)
    grading.endings.setdefault(id, []).extend(judgement.endings)


def _question_result(
    kit: Kit, question: Question, grading: _Grading, answer: str, execution: Execution
) -> QuestionResult:
    verdicts = tuple(grading.verdicts.get(question.id, ()))
    possible = sum(verdict.max_points for verdict in verdicts)
    if abs(possible - question.auto) > 1e-6:
        raise AssignmentError(
            f"the checks of {question.id} are worth {possible:g} points, but it has "
            f"{question.auto:g} automatic ones",
            where=f"checks/test_{question.id}.py",
            remedy="Make the marks `points` add up, or change `auto` in assignment.yml.",
        )
    score = round(sum(verdict.points for verdict in verdicts), 6)
    ending = worst(grading.endings.get(question.id, []))
    if question.auto and question.id not in execution.snapshots:
        if execution.out_of_time:
            ending = Ending.TIMED_OUT
            grading.note(question.id, "The time for the whole notebook was used up before this.")
        elif ending == Ending.GRADED:
            ending = Ending.CRASHED
    if question.auto and score >= question.auto and ending != Ending.GRADER_ERROR:
        ending = Ending.GRADED
    return replace(
        _not_graded(kit, question),
        status=ending,
        auto_score=score,
        checks=verdicts,
        answer=answer,
        note="\n\n".join(grading.notes.get(question.id, [])),
    )


def _not_graded(kit: Kit, question: Question) -> QuestionResult:
    return QuestionResult(
        id=question.id,
        kind=question.kind.value,
        status=Ending.UNREADABLE,
        auto_score=0.0,
        auto_max=question.auto,
        manual_max=question.manual,
        build_hash=kit.question_hashes[question.id],
    )


def _status(questions: tuple[QuestionResult, ...], execution: Execution) -> Ending:
    """One word for the whole: a crash that cost a question, or a few, leaves it `graded`."""
    if any(question.status == Ending.GRADER_ERROR for question in questions):
        return Ending.GRADER_ERROR
    automatic = [question for question in questions if question.auto_max]
    if automatic and not execution.snapshots:
        return worst([question.status for question in automatic])
    return Ending.GRADED
