"""Right solutions trained on all the data with other seeds, and the accuracy that each reaches."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from autograder.assignment.kit import Kit, hash_of_folder
from autograder.authoring.answers import TRAINING_TAG, make_submission, tags_of
from autograder.authoring.master import Notebooks
from autograder.authoring.mutants import right_answers
from autograder.checks.accuracy import Expectation
from autograder.checks.statistics import step_points
from tests.solutions.bench import run_check
from tests.solutions.fairness.record import Record
from tests.solutions.subject import Subject

TRAININGS = 20
"""Of each solution."""
SEED = re.compile(r"torch\.manual_seed\(\d+\)\nmodel = ")
ACCURACY = re.compile(r"The accuracy is ([0-9.]+)%")


@dataclass(frozen=True)
class Training:
    """One training, and what the accuracy check made of its model."""

    assignment: str
    solution: str
    seed: int
    accuracy: float
    flags: int
    """How often the check took the model for one that knows the hidden reviews by heart."""
    seconds: float
    digest: str
    """Of code and data: what was measured with others does not count."""

    def points(self, expected: Expectation, reviews: int) -> float:
        """What the accuracy earns by today's steps."""
        return step_points(round(self.accuracy * reviews), reviews, expected.steps)


@dataclass(frozen=True)
class Plan:
    """A training to be made."""

    subject: Subject
    kit: Kit
    notebooks: Notebooks
    solution: str
    seed: int

    def sources(self) -> list[str]:
        """The code of the notebook up to its training, which starts from this plan's seed."""
        code = self.notebooks.solutions
        if self.solution != "reference":
            right = next(it for it in self.subject.right if it.name == self.solution)
            code = right_answers(right, code)
        sources = []
        for cell in make_submission(self.notebooks.template, code, {}).cells:
            if cell.cell_type == "code" and "grader" not in cell.source:
                seeded, _ = SEED.subn(f"torch.manual_seed({self.seed})\nmodel = ", cell.source)
                sources.append(seeded)
                if TRAINING_TAG in tags_of(cell):
                    break
        assert sum(f"torch.manual_seed({self.seed})\nmodel = " in it for it in sources) == 1
        return sources

    def digest(self) -> str:
        """What makes this training another one than the last time."""
        parts = [hash_of_folder(self.kit.files / "data"), *self.sources()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]


def train_all(
    plans: list[Plan], record: Record, tell: Callable[[str], None], go_on: Callable[[], bool]
) -> list[Training]:
    """Make the trainings that the record lacks, while ``go_on``; return all there are."""
    known = {row["digest"]: Training(**row) for row in record.rows()}
    trainings = []
    for number, plan in enumerate(plans, start=1):
        digest = plan.digest()
        if digest not in known and go_on():
            training = known[digest] = train(plan)
            record.add(asdict(training))
            tell(
                f"{number} of {len(plans)}: {training.assignment}, {training.solution}, seed "
                f"{training.seed}: {training.accuracy:.1%} after {training.seconds:.0f} s"
            )
        if digest in known:
            trainings.append(known[digest])
    return trainings


def train(plan: Plan) -> Training:
    """Run a notebook up to its training, on one thread as graders do, and judge the model."""
    torch.set_num_threads(1)
    names: dict[str, Any] = {"__name__": "notebook"}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data").symlink_to(plan.kit.files / "data")
        with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
            for source in plan.sources():
                start = time.perf_counter()
                exec(source, names)
    seconds = time.perf_counter() - start
    outcome = run_check(plan.subject.accuracy_check, names, plan.seed, plan.kit.hidden)
    found = ACCURACY.search(outcome.message)
    assert found, f"{plan.solution}, seed {plan.seed}: {outcome}"
    return Training(
        assignment=plan.subject.name,
        solution=plan.solution,
        seed=plan.seed,
        accuracy=round(float(found[1]) / 100, 3),
        flags=len(outcome.flags),
        seconds=round(seconds, 1),
        digest=plan.digest(),
    )
