"""What store and reports need to know of a bundle: an assignment made from its tests."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import field_validator, model_validator

from autograder.assignment.models import NO_DEADLINE, Assignment, Kind, Limits, Question
from autograder.bundle.foreign.model import OtterBundle, OtterTest
from autograder.submission.text import one_line

_MADE_BY_OTTER = re.compile(r"-autograder(_[\dT_]+)?$")


class TestQuestion(Question):
    """A question with an id of any form and any points, as otter allows."""

    auto: float = 0

    @field_validator("id")
    @classmethod
    def _part_and_number(cls, value: str) -> str:
        return value

    @model_validator(mode="after")
    def _worth_something(self) -> TestQuestion:
        return self


class BundleAssignment(Assignment):
    """An assignment of which only a bundle is known."""

    questions: tuple[TestQuestion, ...]


def assignment_of(
    bundle: OtterBundle,
    tests: tuple[OtterTest, ...],
    files: Mapping[str, bytes],
    cell_seconds: float,
) -> BundleAssignment:
    """Questions are the bundle's tests, by the names that otter's results have.

    ``files`` are those beside each notebook; a cell may take ``cell_seconds``.
    """
    title = bundle.assignment_name or _MADE_BY_OTTER.sub("", bundle.path.stem)
    return BundleAssignment(
        name=_slug(title),
        title=one_line(title, 200),
        deadline=NO_DEADLINE,
        seed=0,
        environment=(),
        limits=Limits(
            cell_seconds=cell_seconds,
            check_seconds=cell_seconds,
            # A snapshot for each question, and what the notebook starts itself.
            processes=128 + len(tests),
            disk_mb=512 + 2 * sum(map(len, files.values())) // 2**20,
        ),
        questions=tuple(
            TestQuestion(id=id, title="", kind=Kind.CODE, auto=test.possible)
            for id, test in zip(question_ids(tests), tests, strict=True)
        ),
    )


def question_ids(tests: tuple[OtterTest, ...]) -> tuple[str, ...]:
    """What the tests call themselves; where two have one name, with the file's name.

    Otter keeps only one of such two: the one that was checked last.
    """
    names = [test.name for test in tests]
    ids = [one_line(test.name, 100) or test.stem for test in tests]
    return tuple(
        id if names.count(test.name) == 1 else f"{id} ({test.stem})"
        for id, test in zip(ids, tests, strict=True)
    )


def _slug(title: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return slug if slug[:1].isalpha() else f"bundle-{slug}".rstrip("-")
