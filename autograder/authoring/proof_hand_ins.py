"""The hand-ins of a proof: files as students hand them in, and what is to be repeated with each.

What is reused, so that it takes minutes and not hours:

- the models of the reference and of right solutions, trained once and kept in ``cache``;
- the reference's model in each wrong solution's hand-in: what the bug does to a training shows in
  the checks of the training itself;
- the snapshots of the first run, when checks are repeated with other seeds;
- for wrong solutions a part of the hidden data, since theirs is not the accuracy that is proved;
- the reference's result at questions that need nothing of a wrong solution's: code and checks are
  the reference's there;
- what earlier proofs found (`earlier_proofs`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from autograder.assignment import Master
from autograder.assignment.kit import Kit
from autograder.authoring.answers import make_submission
from autograder.authoring.earlier_proofs import Known
from autograder.authoring.entries import Entry, Sort
from autograder.authoring.master import Notebooks
from autograder.authoring.sample import export_zip
from autograder.authoring.trained import trained_checkpoint
from autograder.errors import AssignmentError
from autograder.grading.hand_in import HandIn
from autograder.judge.session import Redraw
from autograder.sandbox.wall import Wall

HIDDEN_PART = 200
"""Hidden reviews that wrong solutions are measured on."""

Tell = Callable[[str, int, int], None]
"""Hears of progress: what is being done, how much is done, of how much."""


def checkpoints_of(
    kit: Kit,
    notebooks: Notebooks,
    entries: Sequence[Entry],
    cache: Path,
    wall: Wall,
    jobs: int,
    tell: Tell,
) -> dict[str, bytes | None]:
    """The model of the reference and of every right solution, by name."""
    training = [entry for entry in entries if entry.deserves_all]
    if kit.master.assignment.training is None:
        return {}

    def make(entry: Entry) -> bytes | None:
        notebook = make_submission(notebooks.template, entry.code, {})
        try:
            return trained_checkpoint(kit, notebook, cache, wall)
        except AssignmentError as error:
            raise AssignmentError(
                error.what, where=f"{entry.name}, {error.where}", remedy=error.remedy
            ) from error

    made: dict[str, bytes | None] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for entry, checkpoint in zip(training, pool.map(make, training), strict=True):
            made[entry.name] = checkpoint
            tell("training", len(made), len(training))
    return made


def hand_in(
    master: Master,
    notebooks: Notebooks,
    folder: Path,
    entry: Entry,
    checkpoint: bytes | None,
    known: Known,
) -> HandIn:
    """A file as a student with these answers would hand it in, with what is known of it."""
    notebook = make_submission(
        notebooks.template, entry.code, notebooks.texts, name="Prove It", number="0000001"
    )
    files = {}
    if checkpoint is not None and master.assignment.training is not None:
        files[master.assignment.training.checkpoint] = checkpoint
    path = folder / f"{entry.name}.zip"
    path.write_bytes(export_zip(notebook, f"{master.name}.ipynb", files))
    return HandIn(path, path.name, known.as_result(path.name))


def redraw_of(entry: Entry, master: Master, seeds: int) -> Redraw:
    """What to repeat: all of a right solution; of a wrong one, that it is caught."""
    others = tuple(master.assignment.seed + number for number in range(1, seeds))
    questions = [question for question in master.assignment.questions if question.auto]
    if entry.deserves_all:
        return Redraw(others, steady=tuple(question.id for question in questions))
    steady: tuple[str, ...] = ()
    if entry.sort is Sort.BLANK:
        # Whether stand-ins are enough for what builds on a question is the same for all its bugs.
        steady = tuple(it.id for it in questions if entry.expected in it.needs)
    return Redraw(others, caught_at=entry.expected, steady=steady)


def with_part_of_hidden_data(kit: Kit, folder: Path) -> Kit:
    """A copy of the kit whose hidden review files hold their first reviews alone."""
    shutil.copytree(kit.folder, folder)
    for path in (folder / "hidden").glob("*.npz"):
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        if {"tokens", "offsets", "labels"} <= arrays.keys():
            count = min(HIDDEN_PART, len(arrays["labels"]))
            offsets = arrays["offsets"][: count + 1]
            np.savez(
                path,
                tokens=arrays["tokens"][: offsets[-1]],
                offsets=offsets,
                labels=arrays["labels"][:count],
            )
    return replace(kit, folder=folder)
