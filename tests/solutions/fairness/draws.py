"""Right solutions on hidden checks, over and over, with other inputs each time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from autograder.authoring.mutants import right_answers
from autograder.authoring.products import PACKAGE
from tests.solutions.bench import Check, run_check
from tests.solutions.fairness.record import Record
from tests.solutions.subject import Subject

RUNS = 30_000
"""Of one check on one solution with one seed: so many in all, for each assignment."""


@dataclass(frozen=True)
class Round:
    """All cheap random checks of an assignment on one right solution, with one seed."""

    assignment: str
    solution: str
    seed: int
    checks: list[str]
    digest: str
    """Of checks and solution: what others gave does not count."""
    failures: dict[str, str] = field(default_factory=dict)
    """The checks that failed, each with its error."""


def cheap_checks(subject: Subject) -> tuple[Check, ...]:
    """Hidden checks that draw their inputs, but for those that train or judge a training."""
    return tuple(
        check
        for check in subject.behaviour
        if check.hidden
        and check.question != subject.training
        and {"seed", "rng", "generator"} & {*_arguments(check)}
    )


def draw_all(
    subject: Subject, record: Record, tell: Callable[[str], None], go_on: Callable[[], bool]
) -> list[Round]:
    """Make the rounds that the record lacks, while ``go_on``; return all there are."""
    known = {(row["digest"], row["seed"]): Round(**row) for row in record.rows()}
    checks = cheap_checks(subject)
    rounds: list[Round] = []
    for number, (solution, seed) in enumerate(_places(subject, len(checks))):
        digest = _digest(subject, solution)
        if (digest, seed) not in known:
            if not go_on():
                break
            known[digest, seed] = _round(subject, solution, seed, checks, digest)
            record.add(asdict(known[digest, seed]))
        rounds.append(known[digest, seed])
        if number % 100 == 99:
            tell(f"{subject.name}: {len(rounds) * len(checks):,} runs of {RUNS:,}")
    return rounds


def runs_by_check(rounds: list[Round]) -> Counter[str]:
    """How often each check was run."""
    return Counter(name for it in rounds for name in it.checks)


def _places(subject: Subject, checks: int) -> Iterator[tuple[str, int]]:
    """Solutions in turn, each time with the next seed, until there are enough runs."""
    solutions = ["reference", *(right.name for right in subject.right)]
    for number in range(-(-RUNS // checks)):
        seed, place = divmod(number, len(solutions))
        # No seed that the tests have tried.
        yield solutions[place], 1_000_000 + seed


def _round(
    subject: Subject, solution: str, seed: int, checks: tuple[Check, ...], digest: str
) -> Round:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            names = subject.names(_answers(subject, solution))
            outcomes = [run_check(check, names, seed) for check in checks]
        finally:
            os.chdir(here)
    failures = {_name(out.check): repr(out.error) for out in outcomes if not out.passed}
    return Round(subject.name, solution, seed, [_name(check) for check in checks], digest, failures)


def _answers(subject: Subject, solution: str) -> dict[str, str]:
    if solution == "reference":
        return subject.reference
    right = next(it for it in subject.right if it.name == solution)
    return right_answers(right, subject.reference)


def _digest(subject: Subject, solution: str) -> str:
    digest = hashlib.sha256(repr(sorted(_answers(subject, solution).items())).encode())
    files = [*sorted(subject.master.checks.glob("*.py")), *sorted(PACKAGE.glob("checks/*.py"))]
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def _name(check: Check) -> str:
    return f"{check.question} {check.name}"


def _arguments(check: Check) -> tuple[str, ...]:
    code = check.function.__code__
    return code.co_varnames[: code.co_argcount]
