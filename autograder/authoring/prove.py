"""Proving an assignment's checks: every solution through the real pipeline, and what came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from autograder.assignment import Assignment, Master
from autograder.assignment.kit import Kit
from autograder.authoring.build import leaks_in, secrets_of
from autograder.authoring.earlier_proofs import (
    Found,
    Known,
    keep,
    keys_of,
    known_of,
    nothing_new,
    read_found,
    with_known,
)
from autograder.authoring.entries import Entry, Sort, entries_of
from autograder.authoring.leaks import Leak, find_leaks
from autograder.authoring.master import Notebooks, make_notebooks
from autograder.authoring.products import Products
from autograder.authoring.proof import Proof, QuestionHead, Row, row_of, tallies
from autograder.authoring.proof_hand_ins import (
    Tell,
    checkpoints_of,
    hand_in,
    redraw_of,
    with_part_of_hidden_data,
)
from autograder.grading.clock import Clock
from autograder.grading.hand_in import HandIn
from autograder.grading.job import KitJob
from autograder.grading.local import grade_class
from autograder.grading.pipeline import grade_submission
from autograder.judge.session import CheckRun, Redraw
from autograder.results import SubmissionResult
from autograder.sandbox.server import WarmServer
from autograder.sandbox.wall import Wall

SEEDS = 20
"""How often inputs are drawn anew: a check that errs once in ten times is seen with 7 of 8."""


@dataclass(frozen=True)
class Wishes:
    """What a proof is to do."""

    jobs: int = 1
    seeds: int = SEEDS
    """Runs with different inputs, the first included."""
    only: tuple[str, ...] = ()
    """Names of the solutions to try; empty for all."""
    anew: bool = False
    """Whether to grade again, too, what earlier proofs graded with the same checks."""


def prove(
    master: Master,
    kit: Kit,
    places: Products,
    wishes: Wishes,
    *,
    cache: Path,
    wall: Wall,
    tell: Tell,
) -> Proof:
    """Try every solution of a master against its checks.

    Models and what came of solutions are kept in ``cache`` for the next proof.

    Raises AssignmentError where a wrong solution no longer fits the reference, or where the
    training of a right one fails.
    """
    laps: dict[str, float] = {}
    clock = Clock(laps)
    notebooks = make_notebooks(master)
    entries = entries_of(master, notebooks, wishes.only)
    clock.lap("notebooks")
    checkpoints = checkpoints_of(
        kit, notebooks, entries, cache / "trained", wall, wishes.jobs, tell
    )
    clock.lap("training")
    proved = cache / "proved" / master.name
    results: list[tuple[Entry, SubmissionResult]] = []
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="autograder-prove-") as name:
        folder = Path(name)
        part = with_part_of_hidden_data(kit, folder / "kit")
        (folder / "hand-ins").mkdir()
        file_of = partial(hand_in, master, notebooks, folder / "hand-ins")
        for kit_used, group in (
            (kit, [entry for entry in entries if entry.deserves_all]),
            (part, [entry for entry in entries if not entry.deserves_all]),
        ):
            reference = next((it for entry, it in results if entry.sort is Sort.REFERENCE), None)
            trials = []
            for entry in group:
                checkpoint = checkpoints.get(entry.name, checkpoints.get("reference"))
                redraw = redraw_of(entry, master, wishes.seeds)
                keys = keys_of(kit, wall.name, entry, checkpoint, redraw)
                found = None if wishes.anew else read_found(proved, entry, keys)
                known = known_of(entry, master.assignment, keys, found, reference)
                trials.append(_Trial(entry, checkpoint, redraw, keys, found, known))
            for trial, result in _tried(kit_used, trials, file_of, wall, wishes.jobs):
                row = row_of(trial.entry, result, kept=trial.is_known(master.assignment))
                if not row.faults:
                    keep(proved, trial.entry, Found(trial.keys, result))
                results.append((trial.entry, result))
                rows.append(row)
                tell("grading", len(results), len(entries))
        clock.lap("grading")
    place = {entry.name: number for number, entry in enumerate(entries)}
    results.sort(key=lambda pair: place[pair[0].name])
    rows.sort(key=lambda row: place[row.name])
    leaks = [
        *leaks_in(master, notebooks, places),
        *_leaks_in_words(master, notebooks, places, results),
    ]
    clock.lap("leaks")
    return Proof(
        name=master.name,
        title=master.assignment.title,
        questions=tuple(
            QuestionHead(question.id, question.title, question.auto)
            for question in master.assignment.questions
            if question.auto
        ),
        rows=tuple(rows),
        checks=tallies(results),
        leaks=tuple(leaks),
        seeds=wishes.seeds,
        partial=bool(wishes.only),
        seconds={phase: round(seconds, 2) for phase, seconds in laps.items()},
    )


@dataclass(frozen=True)
class _Trial:
    """One entry on its way to its row."""

    entry: Entry
    checkpoint: bytes | None
    redraw: Redraw
    keys: Mapping[str, str]
    found: Found | None
    known: Known

    def is_known(self, assignment: Assignment) -> bool:
        """Whether earlier proofs say all of it."""
        return self.found is not None and self.known.is_all_of(assignment)


def _tried(
    kit: Kit,
    trials: Sequence[_Trial],
    file_of: Callable[[Entry, bytes | None, Known], HandIn],
    wall: Wall,
    jobs: int,
) -> Iterator[tuple[_Trial, SubmissionResult]]:
    """The result of each trial, as they come; at once where nothing is left to grade."""
    left: dict[str, _Trial] = {}
    files: list[HandIn] = []
    for trial in trials:
        if trial.found is not None and trial.is_known(kit.master.assignment):
            yield trial, nothing_new(trial.found, trial.known)
        else:
            files.append(file_of(trial.entry, trial.checkpoint, trial.known))
            left[files[-1].submission] = trial
    job = ProofJob(kit, {name: trial.redraw for name, trial in left.items()})
    for result in grade_class(job, files, wall, jobs):
        trial = left[result.submission]
        yield trial, with_known(result, trial.known)


@dataclass(frozen=True)
class ProofJob(KitJob):
    """Grading as ever, and then the checks once more with other seeds."""

    redraws: Mapping[str, Redraw]
    """What to repeat, by submission."""

    def grade(self, it: HandIn, server: WarmServer, checks: CheckRun) -> SubmissionResult:
        """As `KitJob.grade`."""
        redraw = self.redraws[it.submission]
        return grade_submission(self.kit, it.path, it.submission, server, checks, it.known, redraw)


def _leaks_in_words(
    master: Master,
    notebooks: Notebooks,
    places: Products,
    results: Sequence[tuple[Entry, SubmissionResult]],
) -> Iterator[Leak]:
    """Leaks in what students read of hidden checks: titles, hints, and words of the check's own.

    A line of the student's code is no leak, and a wrong solution's lines are mostly the solution's.
    """
    said: dict[str, set[str]] = {}
    for _, result in results:
        for question in result.questions:
            for verdict in question.checks:
                if verdict.hidden:
                    words = said.setdefault(f"{question.id}, {verdict.name}", set())
                    words |= {verdict.title, verdict.hint}
                    if not verdict.message.startswith("Your code raised"):
                        words.add(verdict.message)
    with tempfile.TemporaryDirectory(prefix="autograder-words-") as name:
        for number, texts in enumerate(said.values()):
            text = "\n\n".join(sorted(texts))
            (Path(name) / f"{number}.txt").write_text(text, encoding="utf-8")
        checks = list(said)
        for leak in find_leaks(secrets_of(master, notebooks, places), Path(name)):
            check = checks[int(Path(leak.file).stem)]
            yield replace(leak, file=f"what students read of {check}")
