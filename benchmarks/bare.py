"""The least that grading `a07-attention` can cost: its cells and checks in one warm process.

No wall, no fork, no other process: the cells run in an IPython shell that has torch imported, the
trained model is loaded, and each check is called on the objects right there. What the wire costs in
that process is measured and taken off, so that what is left is the student's computation and the
judge's.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.assignment.kit import Kit, load_kit
from autograder.grading.checkpoint import read_checkpoint
from autograder.grading.plan import plan_steps
from autograder.judge.session import Case, CheckRun, QuestionCase, with_checks
from autograder.judge.student import InProcess
from autograder.sandbox.execution import Checkpoint
from autograder.sandbox.guest import shell, wire
from autograder.submission import read_submission, restore_tags


class Direct(InProcess):
    """Stands where a fork of a snapshot would be, and is the process itself."""

    pid = None
    exchanges = 1
    student_seconds = 0.0

    def fork(self) -> Direct:
        """Itself."""
        return self

    def kill(self) -> None:
        """Nothing: it goes on."""

    def limit_all(self, seconds: float) -> None:
        """Nothing: it takes as long as it takes."""

    def ask(self, request: list[object]) -> Any:
        """Bind a stand-in: the right solution needs none."""
        raise NotImplementedError(request[0])


def main() -> None:
    """Grade the hand-in named second with the kit named first, as often as the third says.

    Prints a list of `[seconds, of which the wire]` as JSON.
    """
    kit, hand_in = load_kit(Path(sys.argv[1]).resolve()), Path(sys.argv[2]).resolve()
    times = int(sys.argv[3])
    for module in ("torch._dynamo", "matplotlib.pyplot", "safetensors.torch"):
        __import__(module)
    wired = _Wired()
    rounds: list[tuple[float, float]] = []

    def work(checks: CheckRun) -> None:
        for _ in range(times):
            # A fork, so that each round starts with the same names and the same modules.
            reading, writing = os.pipe()
            if os.fork() == 0:
                os.write(writing, json.dumps(_grade(kit, hand_in, checks, wired)).encode())
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading) as pipe:
                rounds.append(json.loads(pipe.read()))
            os.wait()

    with_checks(kit.master.checks, kit.hidden, work)
    print(json.dumps(rounds))


def _grade(kit: Kit, hand_in: Path, checks: CheckRun, wired: _Wired) -> tuple[float, float]:
    assignment = kit.master.assignment
    os.chdir(tempfile.mkdtemp())
    # What stands beside a notebook, and can be imported there.
    for entry in kit.files.iterdir():
        Path(entry.name).symlink_to(entry)
    sys.path.insert(0, "")
    out = sys.stdout, sys.stderr
    started = time.perf_counter()
    template = read_submission(kit.template).cells
    read = read_submission(hand_in)
    read = read.with_cells(restore_tags(read.cells, template))
    checkpoint = None
    if assignment.training and (data := read.file(assignment.training.checkpoint)):
        tensors = read_checkpoint(data, assignment.training.checkpoint, 100)
        checkpoint = Checkpoint(assignment.training.object, assignment.training.build, tensors)
    notebook = shell.Notebook(shell.make_shell(), 10**9)
    for step in plan_steps(read, assignment, checkpoint):
        if step.checkpoint:
            loaded = step.checkpoint
            error = notebook.load(loaded.object, loaded.build, dict(loaded.tensors or {}))
        else:
            error = notebook.run(step.cell, step.source)
        if error:
            raise RuntimeError(f"cell {step.cell}: {error}")
    here: Any = Direct(notebook.names)
    outcome = checks.judge(
        Case(
            questions=tuple(
                QuestionCase(question.id, here)
                for question in assignment.questions
                if question.auto
            ),
            seed=assignment.seed,
            handed_in=read.files,
            cells={cell.index + 1: cell.source for cell in read.cells},
            limits=assignment.limits,
        )
    )
    seconds = time.perf_counter() - started
    sys.stdout, sys.stderr = out
    failed = [
        verdict.name
        for judgement in outcome.questions.values()
        for verdict in judgement.verdicts
        if not verdict.passed
    ]
    if failed:
        raise RuntimeError(f"bare, these fail: {failed}")
    return seconds, wired.seconds


class _Wired:
    """Counts the time in which values are encoded and decoded."""

    def __init__(self) -> None:
        self.seconds = 0.0
        wire.encode = self._timed(wire.encode)
        wire.decode = self._timed(wire.decode)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args)
            finally:
                self.seconds += time.perf_counter() - started

        return timed


if __name__ == "__main__":
    main()
