"""Running a notebook's cells in order, with a snapshot of its process at every check point.

A cell that never ends is interrupted, as with a notebook's stop button. A cell that ends the whole
process, or heeds no interrupt, costs itself alone: the notebook starts anew and
runs without it. Snapshots taken before are kept.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.errors import SandboxFault
from autograder.results import Ending
from autograder.sandbox.channel import Channel, Ended, TimedOut
from autograder.sandbox.guest import wire
from autograder.sandbox.server import Sandbox

MAX_RESTARTS = 8
"""How many cells of one notebook may each cost a new start."""

TOLD = ("type", "public", "missing", "message", "too_much_output", "lines")
"""What the guest says of an exception (`guest.space.describe`)."""
MOST_TOLD = 4_000
MOST_LINES = 20

NO_MEMORY = re.compile(r"can.t allocate memory|not enough memory|cannot allocate memory", re.I)
"""How torch and the operating system word it, where they do not raise MemoryError."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained object's tensors, to be loaded in place of running the training cell."""

    object: str
    """The name that holds the object."""
    build: str
    """Expression that makes it where no cell did."""
    tensors: Mapping[str, Any] | None
    """None where the hand-in's checkpoint can't be used: then nothing is loaded."""


@dataclass(frozen=True)
class Step:
    """One piece of the notebook, and what is judged right after it."""

    cell: int
    """The cell's number in the notebook, from 1, as the student is told."""
    source: str
    question: str
    """The question that pays where the piece fails; empty before the first."""
    seconds: float
    """Wall time that it may take."""
    check_points: tuple[str, ...] = ()
    """Questions judged on the state after it."""
    checkpoint: Checkpoint | None = None
    """Where it is given, its tensors are loaded and the source is not run."""
    only_for: frozenset[str] = frozenset()
    """Where it is given: questions without which this is not run, as all have their snapshots."""


@dataclass(frozen=True)
class Opening:
    """What a notebook's process is told before its first cell, and where a cell may stop."""

    requests: tuple[list[object], ...] = ()
    stops: frozenset[str] = frozenset()
    """Questions whose check in a running cell stops it for a snapshot; the last one counts."""


NOTHING_SPECIAL = Opening()


@dataclass(frozen=True)
class Trouble:
    """What one cell raised, or how it ended its process."""

    cell: int
    question: str
    ending: Ending
    """`graded` where it raised an ordinary exception: that is no reason to stop."""
    error: dict[str, Any]
    """What the guest says of the exception; empty where the process ended."""


@dataclass
class Execution:
    """A notebook that has run: snapshots by question, and what went wrong."""

    snapshots: dict[str, Channel] = field(default_factory=dict)
    troubles: dict[int, Trouble] = field(default_factory=dict)
    """By the step's index."""
    lost: set[str] = field(default_factory=set)
    """Questions at whose check point no snapshot could be taken."""
    student_seconds: float = 0.0
    out_of_time: bool = False
    """Whether the submission's whole time was used up before the last cell."""


def run_notebook(
    sandbox: Sandbox,
    steps: Sequence[Step],
    files: Mapping[str, bytes],
    output_bytes: int,
    seconds: float,
    opening: Opening = NOTHING_SPECIAL,
) -> Execution:
    """Run all steps and leave a snapshot for each check point that was reached.

    ``files`` are put beside the notebook; ``seconds`` is the time for all cells together. When it
    returns, the notebook's own process is dead: nothing that a check sends to a snapshot later
    can be seen by a cell.
    """
    execution = Execution()
    until = time.monotonic() + seconds
    fatal: set[int] = set()
    for _ in range(MAX_RESTARTS + 1):
        broken = _run_once(sandbox, steps, fatal, execution, files, output_bytes, until, opening)
        if broken is None:
            break
        fatal.add(broken)
        _drop_dead_snapshots(execution)
    return execution


def _run_once(
    sandbox: Sandbox,
    steps: Sequence[Step],
    fatal: set[int],
    execution: Execution,
    files: Mapping[str, bytes],
    output_bytes: int,
    until: float,
    opening: Opening,
) -> int | None:
    """One pass over the notebook; the index of the step that ended its process, or None."""
    requests = [["open", output_bytes, dict(files)], *opening.requests]
    notebook = _new_notebook(sandbox, execution, requests)
    try:
        for index, step in enumerate(steps):
            left = until - time.monotonic()
            if left <= 0:
                execution.out_of_time = True
                return None
            if step.only_for and step.only_for <= execution.snapshots.keys():
                continue
            if index not in fatal:
                allowed = min(step.seconds, left)
                trouble = _run_step(notebook, step, allowed, sandbox, opening, execution)
                if trouble is not None:
                    execution.troubles[index] = trouble
                    if not trouble.error:
                        return index
            for question in step.check_points:
                if question in execution.snapshots or question in execution.lost:
                    continue
                try:
                    execution.snapshots[question] = notebook.fork()
                except SandboxFault:
                    # Without the cell's own effect it may work; if it does not even then, the
                    # question can't be judged.
                    if index in fatal:
                        execution.lost.add(question)
                    ending = _ending_of_death(sandbox)
                    execution.troubles[index] = Trouble(step.cell, step.question, ending, {})
                    return index
        return None
    finally:
        execution.student_seconds += notebook.student_seconds
        notebook.kill()


def _new_notebook(
    sandbox: Sandbox, execution: Execution, requests: Sequence[list[object]]
) -> Channel:
    try:
        return _opened(sandbox, requests)
    except SandboxFault:
        # The room's first process ended, or what an earlier pass left alive kills each new one. It
        # goes with the room, and so does every snapshot.
        for snapshot in execution.snapshots.values():
            snapshot.close()
        execution.snapshots.clear()
        sandbox.restart()
        return _opened(sandbox, requests)


def _opened(sandbox: Sandbox, requests: Sequence[list[object]]) -> Channel:
    """A new notebook's process that has been told what it is to know."""
    notebook = sandbox.first.fork()
    try:
        for request in requests:
            notebook.ask(request)
    except BaseException:
        notebook.kill()
        raise
    return notebook


def _run_step(
    notebook: Channel,
    step: Step,
    seconds: float,
    sandbox: Sandbox,
    opening: Opening,
    execution: Execution,
) -> Trouble | None:
    """Run one step; what went wrong, with an empty ``error`` where its process is lost."""
    notebook.limit_all(seconds)
    try:
        if step.checkpoint:
            c = step.checkpoint
            error = notebook.ask(["load", c.object, c.build, c.tensors and dict(c.tensors)])
        else:
            error = _run_cell(notebook, ["run", step.cell, step.source], opening, execution)
    except TimedOut:
        try:
            notebook.interrupt()
        except SandboxFault:
            return Trouble(step.cell, step.question, Ending.TIMED_OUT, {})
        return Trouble(
            step.cell, step.question, Ending.TIMED_OUT, {"type": "Timeout", "seconds": seconds}
        )
    except Ended:
        return Trouble(step.cell, step.question, _ending_of_death(sandbox), {})
    except SandboxFault:
        return Trouble(step.cell, step.question, Ending.CRASHED, {})
    except wire.WireError as fault:
        # The tensors are too many or too large to be sent.
        error = {"type": "WireError", "public": "Exception", "message": str(fault)}
    if error is None:
        return None
    if type(error) is not dict:
        return Trouble(step.cell, step.question, Ending.CRASHED, {})
    ending = ending_of_error(error)
    return Trouble(step.cell, step.question, ending, told(error) or {"type": "Exception"})


def _run_cell(
    notebook: Channel, request: list[object], opening: Opening, execution: Execution
) -> Any:
    """Run a cell with a snapshot at each of its stops; what it raised."""
    answer = notebook.ask(request)
    while (question := _stop(answer, opening)) is not None:
        snapshot = notebook.fork()
        older = execution.snapshots.pop(question, None)
        if older is not None:
            older.kill()
        execution.snapshots[question] = snapshot
        answer = notebook.ask(["continue"])
    return answer


def _stop(answer: Any, opening: Opening) -> str | None:
    """The question at whose check the cell has stopped, if that is what the answer says."""
    match answer:
        case {"check": str(question), **others} if not others and question in opening.stops:
            return question
    return None


def told(error: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to tell of an exception, cut to a few thousand characters.

    All that a notebook raised is kept to its end, and each answer may have 64 MB.
    """
    kept: dict[str, Any] = {}
    for name in TOLD:
        value = error.get(name)
        if type(value) is str:
            kept[name] = value[:MOST_TOLD]
        elif type(value) is bool:
            kept[name] = value
        elif type(value) is list:
            kept[name] = [
                [part[:MOST_TOLD] if type(part) is str else part for part in entry]
                for entry in value[:MOST_LINES]
                if type(entry) is list and [type(part) for part in entry] == [int, int, str, str]
            ]
    return kept


def ending_of_error(error: Mapping[str, Any]) -> Ending:
    """Whether an exception tells of a limit that was met."""
    if error.get("too_much_output") is True:
        return Ending.TOO_MUCH_OUTPUT
    message = error.get("message")
    words = message if type(message) is str else ""
    if error.get("public") == "MemoryError" or NO_MEMORY.search(words[:2000]):
        return Ending.OUT_OF_MEMORY
    return Ending.GRADED


def _ending_of_death(sandbox: Sandbox) -> Ending:
    return Ending.OUT_OF_MEMORY if sandbox.took_memory() else Ending.CRASHED


def _drop_dead_snapshots(execution: Execution) -> None:
    for question, snapshot in list(execution.snapshots.items()):
        if not snapshot.alive():
            snapshot.kill()
            del execution.snapshots[question]
