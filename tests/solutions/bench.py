"""Runs the checks of a master in this process against a notebook's names: no wall, no fork.

Real grading forks the student's process for every check; here a check gets names that were made
for it alone where that is cheap, and shares them otherwise.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import inspect
import io
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
import numpy as np
import torch

from autograder.assignment import Master
from autograder.authoring.answers import TRAINING_TAG, tags_of
from autograder.authoring.master import read_master_notebook, reference_source
from autograder.judge.student import in_process

matplotlib.use("Agg")


@dataclass(frozen=True)
class Check:
    """One check function and its marks."""

    name: str
    question: str
    points: float
    hidden: bool
    title: str
    hint: str
    function: Callable[..., None] = field(repr=False)


@dataclass
class Outcome:
    """What came of one check."""

    check: Check
    points: float
    error: BaseException | None = None
    flags: list[str] = field(default_factory=list)
    message: str = ""

    @property
    def passed(self) -> bool:
        return self.points == self.check.points and self.error is None


@cache
def read_checks(folder: Path) -> tuple[Check, ...]:
    """All checks of a folder, in the order of their files."""
    checks = []
    for path in sorted(folder.glob("test_*.py")):
        module = _load(path)
        file_marks = {module.pytestmark.name: module.pytestmark.args}
        for name, function in vars(module).items():
            if name.startswith("test_"):
                own = {mark.name: mark.args for mark in getattr(function, "pytestmark", [])}
                marks = file_marks | own
                checks.append(
                    Check(
                        name=name,
                        question=marks["question"][0],
                        points=float(marks["points"][0]),
                        hidden="hidden" in marks,
                        title=(function.__doc__ or "").strip(),
                        hint=marks.get("hint", ("",))[0],
                        function=function,
                    )
                )
    return tuple(checks)


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"checks_{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reference_answers(master: Master) -> dict[str, str]:
    """The reference's code answers by question id: the first tagged code cell of each."""
    answers: dict[str, str] = {}
    for cell in read_master_notebook(master).cells:
        for tag in tags_of(cell):
            if cell.cell_type == "code" and tag not in (TRAINING_TAG, *answers):
                answers[tag] = reference_source(cell.source)
    return answers


def blank_answers(master: Master) -> dict[str, str]:
    """The same cells as students get them."""
    answers: dict[str, str] = {}
    for cell in read_master_notebook(master).cells:
        for tag in tags_of(cell):
            if cell.cell_type == "code" and tag not in (TRAINING_TAG, *answers):
                answers[tag] = _without_solution(cell.source)
    return answers


def _without_solution(source: str) -> str:
    kept, hidden = [], False
    for line in source.split("\n"):
        if "# BEGIN SOLUTION" in line:
            hidden = True
        elif "# END SOLUTION" in line:
            hidden = False
        elif not hidden and "# BEGIN PROMPT" not in line and "# END PROMPT" not in line:
            kept.append(line)
    return "\n".join(kept)


def imports(master: Master) -> str:
    """The template's cell of imports."""
    return next(
        cell.source
        for cell in read_master_notebook(master).cells
        if cell.cell_type == "code" and cell.source.startswith("import math")
    )


def names_of(
    prelude: str, answers: Mapping[str, str], questions: tuple[str, ...]
) -> dict[str, Any]:
    """The names of a notebook in which these answers have run, one after the other."""
    # Classes look their module up there, as dataclasses do, or when they are pickled.
    module = sys.modules["notebook"] = ModuleType("notebook")
    names = vars(module)
    for id, source in (("imports", prelude), *((id, answers[id]) for id in questions)):
        # Known to linecache, so that tracebacks of tests can quote it.
        digest = hashlib.sha256(source.encode()).hexdigest()[:12]
        file = f"<answer {id} {digest}>"
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        exec(compile(source, file, "exec", dont_inherit=True), names)
    return names


def run_check(
    check: Check,
    names: dict[str, Any],
    seed: int = 0,
    hidden_files: Path | None = None,
    *,
    stand_in: bool = False,
) -> Outcome:
    """Run one check as the judge would, with inputs drawn from ``seed``."""
    digest = hashlib.sha256(f"{seed}:{check.name}:{check.question}".encode()).digest()
    number = int.from_bytes(digest[:8], "little") >> 1
    outcome = Outcome(check, check.points)

    def award(points: float, message: str = "") -> None:
        outcome.points, outcome.message = points, message

    fixtures = {
        "student": in_process(names),
        "seed": number,
        "generator": torch.Generator().manual_seed(number),
        "rng": np.random.default_rng(number),
        "hidden_files": hidden_files,
        "handed_in": {},
        "award": award,
        "stand_in": stand_in,
        "flag": outcome.flags.append,
    }
    wanted = inspect.signature(check.function).parameters
    with contextlib.redirect_stdout(io.StringIO()), _no_figures():
        try:
            check.function(**{name: fixtures[name] for name in wanted})
        except Exception as error:  # noqa: BLE001 - whatever a wrong solution provokes is a verdict
            outcome.points, outcome.error = 0.0, error
    return outcome


@contextlib.contextmanager
def _no_figures() -> Iterator[None]:
    from matplotlib import pyplot

    yield
    pyplot.close("all")
