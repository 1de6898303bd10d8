"""The models of `assignment.yml`, `quiz.yml` and `rubrics.yml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

NO_DEADLINE = datetime.max.replace(tzinfo=UTC)
"""Stands for the deadline of an assignment that has none."""

QUESTION_ID = re.compile(r"q\d+_\d+")


class Kind(StrEnum):
    """What a question asks for."""

    SHORT_TEXT = "short_text"
    ESSAY = "essay"
    MATCHING = "matching"
    SINGLE_CHOICE = "single_choice"
    NUMERIC = "numeric"
    CODE = "code"


class Strict(BaseModel):
    """A model that refuses fields it does not know, so that a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(Strict):
    """One question, its kind and its points."""

    id: str
    title: str
    kind: Kind
    auto: float = Field(default=0, ge=0)
    """Points that the grader gives."""
    manual: float = Field(default=0, ge=0)
    """Points that a person gives, against the rubric."""
    needs: tuple[str, ...] = ()
    """Earlier questions whose answers this one calls."""
    stand_in: str | None = None
    """Python file in the master that defines public library code in place of this question's
    answer, for the questions that need it."""

    @field_validator("id")
    @classmethod
    def _part_and_number(cls, value: str) -> str:
        if not QUESTION_ID.fullmatch(value):
            raise ValueError(f"{value!r} is no question id: write part and number, like q3_2")
        return value

    @model_validator(mode="after")
    def _worth_something(self) -> Question:
        if self.auto + self.manual == 0:
            raise ValueError(f"{self.id} has no points: give it `auto`, `manual` or both")
        return self


class Limits(Strict):
    """What one submission may use."""

    cell_seconds: float = Field(default=60, gt=0)
    """Wall time of one notebook cell."""
    training_seconds: float = Field(default=900, gt=0)
    """Wall time of the cell tagged `training`."""
    check_seconds: float = Field(default=60, gt=0)
    """Wall time of one check."""
    submission_seconds: float = Field(default=1800, gt=0)
    memory_mb: int = Field(default=4096, gt=0)
    processes: int = Field(default=128, gt=0)
    """Processes and threads together."""
    output_mb: float = Field(default=8, gt=0)
    """What one cell may print or display."""
    disk_mb: int = Field(default=512, gt=0)
    """Size of the scratch space."""
    checkpoint_mb: int = Field(default=64, gt=0)


class Training(Strict):
    """The cell that trains for long, and the checkpoint that stands for it in a hand-in."""

    question: str
    checkpoint: str
    """File name in the hand-in."""
    object: str = "model"
    """The name that holds the trained object."""
    build: str
    """Expression that makes the object from the student's class, where no cell did."""
    sample: str = ""
    """Statement run before the training cell where samples are made: less data is enough there."""
    audit: float = Field(default=0, ge=0, le=1)
    """The part of a class, drawn at random, whose models are trained again: 0.1 is a tenth. Where
    a checkpoint earned more than its notebook's training, the instructor is told."""


class ReviewData(Strict):
    """How many reviews go where. All draws come from one seed."""

    vocabulary: int = Field(default=10_000, gt=3)
    train: int = Field(gt=0)
    valid: int = Field(gt=0)
    test: int = Field(gt=0)
    """Hidden reviews, which stay with the judge."""
    seed: int = 0
    texts: bool = False
    """Whether students also get the words of the training reviews, to make a vocabulary from."""
    test_file: str | None = None
    """A private file of reviews (CSV with columns text, label) to take for the hidden part."""


class Assignment(Strict):
    """The whole of `assignment.yml`."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    course: str = ""
    deadline: datetime
    late_policy: str = ""
    """What students are told about late hand-ins. Late days are reported, not deducted."""
    seed: int
    """Hidden inputs are drawn from it: it stays with the instructor."""
    environment: tuple[str, ...]
    """What a student installs: pip requirements."""
    limits: Limits = Limits()
    training: Training | None = None
    data: ReviewData | None = None
    questions: tuple[Question, ...] = Field(min_length=1)

    @field_validator("deadline")
    @classmethod
    def _with_zone(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("the deadline has no time zone: write it like 2026-06-18T09:00+02:00")
        return value

    @model_validator(mode="after")
    def _questions_fit(self) -> Assignment:
        seen: list[str] = []
        for question in self.questions:
            if question.id in seen:
                raise ValueError(f"{question.id} stands twice")
            for needed in question.needs:
                if needed not in seen:
                    raise ValueError(
                        f"{question.id} needs {needed}, which is not an earlier question"
                    )
            seen.append(question.id)
        if self.training and self.training.question not in seen:
            raise ValueError(f"training names {self.training.question}, which is no question")
        return self

    def question(self, id: str) -> Question:
        """The question of that id. Raises KeyError where there is none."""
        for question in self.questions:
            if question.id == id:
                return question
        raise KeyError(id)

    @property
    def max_score(self) -> float:
        """All points, automatic and manual."""
        return sum(question.auto + question.manual for question in self.questions)


def _once(what: str, names: Sequence[str]) -> None:
    # Answers are matched whatever their case, so names that differ in nothing else are one.
    seen: set[str] = set()
    for name in names:
        if name.casefold().strip() in seen:
            raise ValueError(f"the {what} {name!r} stands twice")
        seen.add(name.casefold().strip())


class MatchingRow(Strict):
    """One row of a matching item."""

    key: str
    """The key in the student's dictionary."""
    text: str
    answer: str
    explanation: str = ""


class Matching(Strict):
    """Give each row one of a few options; every row earns its share of the points."""

    type: Literal["matching"]
    variable: str
    """The name that holds the answer: a dictionary from row key to option."""
    prompt: str
    options: tuple[str, ...] = Field(min_length=2)
    rows: tuple[MatchingRow, ...] = Field(min_length=1)
    scoring: Literal["each", "right_minus_wrong", "all_or_nothing"] = "each"

    @model_validator(mode="after")
    def _answers_are_options(self) -> Matching:
        for row in self.rows:
            if row.answer not in self.options:
                raise ValueError(f"row {row.key}: {row.answer!r} is not one of the options")
        _once("row", [row.key for row in self.rows])
        _once("option", self.options)
        return self


class ChoiceOption(Strict):
    """One option of a choice, and what a student who took it is told."""

    key: str
    text: str
    feedback: str = ""


class SingleChoice(Strict):
    """One option of several is right."""

    type: Literal["single_choice"]
    variable: str
    prompt: str
    options: tuple[ChoiceOption, ...] = Field(min_length=2)
    answer: str
    explanation: str = ""

    @model_validator(mode="after")
    def _answer_is_an_option(self) -> SingleChoice:
        if self.answer not in [option.key for option in self.options]:
            raise ValueError(f"the answer {self.answer!r} is not one of the options")
        _once("option", [option.key for option in self.options])
        return self


class NumericPart(Strict):
    """One number, in a variable of its own."""

    variable: str
    text: str
    answer: float
    tolerance: float = Field(default=0, ge=0)
    """Absolute difference that still counts as right."""
    whole: bool = False
    """Whether only a whole number counts (5, or 5.0)."""
    points: float | None = Field(default=None, gt=0)
    """Its points; an equal share where none is given."""
    explanation: str = ""


class Numeric(Strict):
    """One or more numbers."""

    type: Literal["numeric"]
    prompt: str
    parts: tuple[NumericPart, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _variables_differ(self) -> Numeric:
        _once("variable", [part.variable for part in self.parts])
        return self


QuizItem = Annotated[Matching | SingleChoice | Numeric, Field(discriminator="type")]


class Quiz(Strict):
    """The whole of `quiz.yml`: an item a question id."""

    items: dict[str, QuizItem] = {}


class RubricItem(Strict):
    """One thing that a marker looks for."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    text: str
    points: float
    """Given where the item applies; negative for a deduction."""
    look_for: str = ""
    """What a marker looks for in the answer."""


class Rubric(Strict):
    """How one essay or reason is marked."""

    items: tuple[RubricItem, ...] = Field(min_length=1)
    reference: str
    """A full answer, for markers only."""


class Rubrics(Strict):
    """The whole of `rubrics.yml`: a rubric a question id."""

    rubrics: dict[str, Rubric] = {}
