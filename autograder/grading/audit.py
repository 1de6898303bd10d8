"""The audit: of a random part of a class the model is trained again, and judged as before.

A checkpoint stands for the training cell, so that a class is graded in minutes. That it comes from
this notebook's own training can't be read off its numbers. The audit runs the notebook's training
under its time limit and puts the model that comes of it before the same checks: where the one
that was handed in earns more, the instructor is told. Nothing is scored by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from autograder.assignment import Assignment
from autograder.grading.plan import TRAINING_TAG, plan_steps
from autograder.judge.session import Case, CheckRun, Judgement, QuestionCase
from autograder.results import Ending, Flag, Verdict
from autograder.sandbox.execution import Execution, Step, run_notebook
from autograder.sandbox.server import Sandbox, WarmServer
from autograder.submission import Submission

HOW_IT_BROKE = {
    Ending.GRADED: "raises an exception",
    Ending.TIMED_OUT: "does not end within its time limit",
    Ending.OUT_OF_MEMORY: "needs more memory than there is",
    Ending.CRASHED: "ends the whole process",
    Ending.TOO_MUCH_OUTPUT: "prints more than is read",
}


@dataclass(frozen=True)
class Audited:
    """What came of training one submission again."""

    flags: tuple[Flag, ...]
    student_seconds: float


def is_drawn(assignment: Assignment, content_hash: str) -> bool:
    """Whether a hand-in of this content is in the audited part of its class.

    It depends on the content and on the assignment's seed alone: a run that goes on where another
    was broken off draws the same ones, and a student, who has no seed, can't know.
    """
    part = assignment.training.audit if assignment.training else 0.0
    draw = hashlib.sha256(f"audit:{assignment.seed}:{content_hash}".encode()).digest()
    return int.from_bytes(draw[:8], "big") < part * 2**64


def audit(
    assignment: Assignment,
    handed_in: Submission,
    server: WarmServer,
    checks: CheckRun,
    verdicts: Mapping[str, Verdict],
) -> Audited:
    """Train a hand-in's model again, and compare what it earns.

    ``verdicts`` are those that its checkpoint earned at the training's question, by check. Raises
    AutograderError where the fault is not the submission's.
    """
    training = assignment.training
    assert training is not None, "only an assignment that trains has an audit"
    limits = assignment.limits
    steps = _up_to(training.question, plan_steps(handed_in, assignment, None))
    with Sandbox(server, limits) as sandbox:
        # The checkpoint is not there: what the notebook could load, it has to make.
        execution = run_notebook(
            sandbox, steps, {}, int(limits.output_mb * 2**20), limits.submission_seconds
        )
        seconds = execution.student_seconds
        cells = {cell.index + 1 for cell in handed_in.cells if TRAINING_TAG in cell.tags}
        said = list(_broke(training.question, cells, execution))
        if not said:
            case = Case(
                questions=(
                    QuestionCase(training.question, execution.snapshots[training.question]),
                ),
                seed=assignment.seed,
                handed_in={},
                cells={cell.index + 1: cell.source for cell in handed_in.cells},
                limits=limits,
            )
            outcome = checks.judge(case)
            seconds += outcome.student_seconds
            said = list(_compared(verdicts, outcome.questions[training.question]))
    return Audited(tuple(Flag(training.question, f"audit: {text}") for text in said), seconds)


def _up_to(question: str, steps: list[Step]) -> list[Step]:
    for number, step in enumerate(steps, start=1):
        if question in step.check_points:
            return steps[:number]
    return steps


def _broke(question: str, training_cells: Collection[int], execution: Execution) -> Iterator[str]:
    """What kept the training from its end."""
    for trouble in execution.troubles.values():
        if trouble.cell in training_cells:
            how = HOW_IT_BROKE.get(trouble.ending, trouble.ending.value)
            yield f"run again, the training {how}: was this checkpoint made by this notebook?"
            return
    if question not in execution.snapshots:
        yield "run again, the notebook does not get as far as this question"


def _compared(verdicts: Mapping[str, Verdict], again: Judgement) -> Iterator[str]:
    """The checks at which the checkpoint earned more than the model that was trained again."""
    for verdict in again.verdicts:
        before = verdicts.get(verdict.name)
        if before is not None and before.points > verdict.points:
            yield (
                f"the checkpoint that was handed in earns {before.points:g} of "
                f"{before.max_points:g} points at “{before.title}”, the model trained again "
                f"{verdict.points:g}: does it come from this notebook?"
            )
