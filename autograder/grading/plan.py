"""From a hand-in to the steps that run it: cells in order, cut at their check points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from autograder.assignment import Assignment
from autograder.sandbox.execution import Checkpoint, Step
from autograder.submission import CheckPoint, Submission, check_points, split_cell

TRAINING_TAG = "training"


def plan_steps(
    submission: Submission, assignment: Assignment, checkpoint: Checkpoint | None
) -> list[Step]:
    """The steps of a notebook. With a ``checkpoint`` the training cell is not run.

    A failing piece is laid to the question that its cell is tagged with, else to the next one
    that has its check point there or below.
    """
    ids = [question.id for question in assignment.questions if question.auto]
    by_cell: dict[int | None, list[CheckPoint]] = defaultdict(list)
    for point in check_points(submission, ids):
        by_cell[point.cell].append(point)
    owners = _owners(submission, ids, by_cell)
    steps: list[Step] = []
    for cell in submission.cells:
        if cell.kind != "code":
            continue
        number = cell.index + 1
        seconds = assignment.limits.cell_seconds
        training = TRAINING_TAG in cell.tags
        if training:
            seconds = assignment.limits.training_seconds
        if training and checkpoint:
            questions = tuple(point.question for point in by_cell[cell.index])
            step = Step(number, "", owners[cell.index], seconds, questions, checkpoint)
            steps.append(step)
            continue
        for source, questions in _pieces(cell.source, by_cell[cell.index]):
            steps.append(Step(number, source, owners[cell.index], seconds, questions))
    last = len(submission.cells)
    rest = tuple(point.question for point in by_cell[None])
    if rest:
        steps.append(Step(last, "pass", rest[0], assignment.limits.cell_seconds, rest))
    # Nothing is judged on what comes after the last check point, such as pictures to look at.
    while steps and not steps[-1].check_points:
        steps.pop()
    return steps


def _owners(
    submission: Submission, ids: Sequence[str], by_cell: dict[int | None, list[CheckPoint]]
) -> dict[int, str]:
    owners: dict[int, str] = {}
    following = ids[-1] if ids else ""
    for cell in reversed(submission.cells):
        here = by_cell.get(cell.index)
        if here:
            following = here[0].question
        tagged = [tag for tag in cell.tags if tag in ids]
        owners[cell.index] = tagged[0] if tagged else following
    return owners


def _pieces(source: str, points: list[CheckPoint]) -> list[tuple[str, tuple[str, ...]]]:
    """The parts of a cell, each with the questions judged after it."""
    pieces: list[tuple[str, tuple[str, ...]]] = []
    by_line: dict[int, list[str]] = defaultdict(list)
    at_end = [point.question for point in points if point.end_line is None]
    for point in points:
        if point.end_line is not None:
            by_line[point.end_line].append(point.question)
    for line, questions in sorted(by_line.items()):
        first, rest = split_cell(source, line)
        if not rest:
            at_end = questions + at_end
            break
        pieces.append((first, tuple(questions)))
        source = rest
    return [*pieces, (source, tuple(at_end))]
