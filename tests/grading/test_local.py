"""A class on this machine: whose fault costs whom what.

The job is one whose hand-ins do what their names say, so that nothing but the class is tested.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder.assignment import Assignment
from autograder.assignment.models import Rubrics
from autograder.errors import AssignmentError, WallError
from autograder.grading import local
from autograder.grading.hand_in import HandIn
from autograder.grading.job import Grade
from autograder.grading.local import ATTEMPTS, grade_class
from autograder.results import Ending, SubmissionResult
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.wall import Wall

ASSIGNMENT = Assignment.model_validate(
    {
        "name": "named",
        "title": "Names",
        "deadline": "2026-12-14T09:00+01:00",
        "seed": 1,
        "environment": [],
        "questions": [{"id": "q1_1", "title": "One", "kind": "code", "auto": 1}],
    }
)


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    latest = time.monotonic() + 30
    while not holds() and time.monotonic() < latest:
        time.sleep(0.01)


@dataclass(frozen=True)
class NamedJob:
    """Grades by name. Each try adds a byte to the hand-in's file."""

    unfit: Path
    """While it is there no worker gets warm; each that tries adds a byte."""
    assignment: Assignment = ASSIGNMENT
    rubrics: Rubrics = field(default_factory=Rubrics)
    build_hash: str = "build"
    question_hashes: Mapping[str, str] = field(default_factory=dict)
    preload: tuple[str, ...] = ()
    in_a_row: int = 3

    def warm(self, wall: Wall, work: Callable[[Grade], None]) -> None:
        if self.unfit.exists():
            add_a_byte(self.unfit)
            raise WallError("the wall fell")
        work(self.grade)

    def grade(self, it: HandIn) -> SubmissionResult:
        add_a_byte(it.path)
        first = it.path.stat().st_size == 1
        ending = Ending.GRADED
        match it.submission.partition("-")[2]:
            case "breaks-the-wall":
                raise WallError("the wall fell")
            case "ends-the-process":
                os._exit(1)
            case "finds-the-checks-wrong":
                raise AssignmentError("the checks do not add up")
            case "fails-and-lets-nobody-start" if first:
                # Its neighbour has begun by then.
                until(lambda: any(file.stat().st_size for file in self.unfit.parent.glob("b-*")))
                self.unfit.touch()
                raise WallError("the wall fell")
            case "lets-all-start-again" if first:
                until(lambda: self.unfit.exists() and self.unfit.stat().st_size > 0)
                self.unfit.unlink()
            case "is-slowed-once" if first:
                ending = Ending.TIMED_OUT
            case "never-ends":
                ending = Ending.TIMED_OUT
        return SubmissionResult(it.submission, "", "", ending, "")


def add_a_byte(path: Path) -> None:
    with path.open("a") as file:
        file.write("x")


class Class:
    """A class with hand-ins of such names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unfit = folder / "unfit"

    def graded(self, *names: str, jobs: int = 2) -> list[tuple[str, Ending]]:
        """Names and endings, as they come."""
        for name in names:
            (self.folder / name).touch()
        hand_ins = [HandIn(self.folder / name, name) for name in names]
        results = grade_class(NamedJob(self.unfit), hand_ins, Bubblewrap(), jobs)
        return [(result.submission, result.status) for result in results]

    def tries(self, name: str) -> int:
        return (self.folder / name).stat().st_size


@pytest.fixture
def together(tmp_path: Path) -> Class:
    return Class(tmp_path)


@pytest.fixture
def unshared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a hand-in can take the processor from its neighbours."""
    monkeypatch.setattr(local, "shares_out_the_processor", lambda: False)


@pytest.mark.parametrize("fault", ["breaks-the-wall", "ends-the-process"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_that_one_hand_in_meets_is_its_own(together: Class, fault: str, jobs: int) -> None:
    found = together.graded("a-is-right", f"b-{fault}", "c-is-right", jobs=jobs)
    assert dict(found) == {
        "a-is-right": Ending.GRADED,
        f"b-{fault}": Ending.GRADER_ERROR,
        "c-is-right": Ending.GRADED,
    }
    assert together.tries(f"b-{fault}") == ATTEMPTS


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_nobody_can_be_graded_with_ends_the_class(together: Class, jobs: int) -> None:
    with pytest.raises(AssignmentError, match="do not add up"):
        together.graded("a-finds-the-checks-wrong", "b-is-right", jobs=jobs)
    together.unfit.touch()
    with pytest.raises(WallError):
        together.graded("c-is-right", "d-is-right", jobs=jobs)


def test_a_worker_that_can_not_start_beside_another_leaves_the_class_to_it(
    together: Class,
) -> None:
    # Each worker takes two to begin with.
    names = ("a-fails-and-lets-nobody-start", "c-is-right", "b-lets-all-start-again", "d-is-right")
    assert dict(together.graded(*names)) == dict.fromkeys(names, Ending.GRADED)


@pytest.mark.usefixtures("unshared")
def test_what_ran_out_of_time_beside_others_is_graded_again_alone_and_once(
    together: Class,
) -> None:
    found = together.graded("a-is-slowed-once", "b-never-ends", "c-is-right", "d-is-right")
    assert {name for name, _ in found[:2]} == {"c-is-right", "d-is-right"}
    assert found[2:] == [("a-is-slowed-once", Ending.GRADED), ("b-never-ends", Ending.TIMED_OUT)]
    assert together.tries("b-never-ends") == 2


@pytest.mark.usefixtures("unshared")
def test_what_ran_out_of_time_alone_is_not_graded_again(together: Class) -> None:
    assert together.graded("a-never-ends", "b-is-right", jobs=1)[0][1] == Ending.TIMED_OUT
    assert together.tries("a-never-ends") == 1


def test_where_the_processor_is_shared_out_a_time_out_stands(
    together: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "shares_out_the_processor", lambda: True)
    assert dict(together.graded("a-never-ends", "b-is-right"))["a-never-ends"] == Ending.TIMED_OUT
    assert together.tries("a-never-ends") == 1
