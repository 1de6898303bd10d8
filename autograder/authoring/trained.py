"""Trained models of solutions, made once and reused: samples and proofs need them often."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nbformat import NotebookNode

from autograder.assignment.kit import Kit, hash_of_folder
from autograder.assignment.models import Training
from autograder.authoring.answers import TRAINING_TAG, tags_of
from autograder.errors import AssignmentError
from autograder.judge.student import Student
from autograder.sandbox.execution import Step, run_notebook
from autograder.sandbox.server import one_sandbox
from autograder.sandbox.wall import Furniture, Wall


def trained_checkpoint(
    kit: Kit, notebook: NotebookNode, cache: Path, wall: Wall, first: str = ""
) -> bytes | None:
    """The checkpoint that a notebook writes when it trains, ``first`` run before the training.

    Kept in ``cache`` under a hash of code and data. None where the assignment trains nothing.
    Raises AssignmentError where the notebook's training fails.
    """
    training = kit.master.assignment.training
    if training is None:
        return None
    sources = _sources(notebook, training, first)
    digest = hashlib.sha256("\0".join(sources).encode())
    # What else lies there are public checks and their helpers, which no training reads.
    digest.update(hash_of_folder(kit.files / "data").encode())
    path = cache / f"{kit.master.name}-{digest.hexdigest()[:20]}.safetensors"
    if not path.is_file():
        data = _train(kit, training, sources, wall)
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(data)
        partial.rename(path)
    return path.read_bytes()


def _sources(notebook: NotebookNode, training: Training, first: str) -> list[str]:
    """The code cells up to the training cell, and before it the statement ``first``."""
    sources: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if TRAINING_TAG in tags_of(cell):
            return [*sources, first, cell.source]
        sources.append(cell.source)
    raise AssignmentError(
        "no cell is tagged `training`",
        where=training.question,
        remedy="Tag the cell that calls the training in the master's notebook.",
    )


def _train(kit: Kit, training: Training, sources: list[str], wall: Wall) -> bytes:
    limits = kit.master.assignment.limits
    last = len(sources)
    steps = [
        Step(
            number, source, training.question, limits.training_seconds, ("end",) * (number == last)
        )
        for number, source in enumerate(sources, start=1)
    ]
    with one_sandbox(wall, Furniture(kit.files), limits) as sandbox:
        output = int(limits.output_mb * 2**20)
        execution = run_notebook(sandbox, steps, {}, output, limits.submission_seconds)
        for trouble in execution.troubles.values():
            said = trouble.error.get("message", trouble.ending)
            raise AssignmentError(
                f"the solution's own training fails: {said}",
                where=f"code cell {trouble.cell}",
                remedy="Run the master's notebook in Jupyter to see it.",
            )
        data = Student(execution.snapshots["end"].fork()).probe(_read_file, training.checkpoint)
    if type(data) is not bytes:
        raise AssignmentError(
            "the solution wrote no checkpoint", where=training.checkpoint, remedy="See `training`."
        )
    return data


def _read_file(path: str) -> bytes:
    # A probe: it runs in the sandbox, so its imports are its own.
    from pathlib import Path

    return Path(path).read_bytes()
