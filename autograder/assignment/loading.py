"""Reading a master's folder; every fault names file, line and remedy."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from autograder.assignment.models import Assignment, Kind, Quiz, Rubrics
from autograder.errors import AssignmentError

Model = TypeVar("Model", bound=BaseModel)

QUIZ_KINDS = {Kind.MATCHING, Kind.SINGLE_CHOICE, Kind.NUMERIC}


@dataclass(frozen=True)
class Master:
    """One assignment as its instructor wrote it."""

    folder: Path
    assignment: Assignment
    quiz: Quiz
    rubrics: Rubrics

    @property
    def name(self) -> str:
        """The assignment's name, which is also its folder's."""
        return self.assignment.name

    @property
    def checks(self) -> Path:
        """The folder of pytest files."""
        return self.folder / "checks"


def load_master(folder: Path) -> Master:
    """Read `assignment.yml`, `quiz.yml` and `rubrics.yml` of a master and check that they agree.

    Raises AssignmentError, which names file and line.
    """
    if not (folder / "assignment.yml").is_file():
        raise AssignmentError(
            "no assignment here",
            where=str(folder),
            remedy="A master is a folder with an assignment.yml; name one under solutions/.",
        )
    assignment = read_model(folder / "assignment.yml", Assignment)
    quiz = read_model(folder / "quiz.yml", Quiz)
    rubrics = read_model(folder / "rubrics.yml", Rubrics)
    master = Master(folder, assignment, quiz, rubrics)
    for file, what, remedy in _contradictions(master):
        path = folder / file
        line = _line_about(path.read_text(encoding="utf-8"), what) if path.is_file() else None
        raise AssignmentError(what, where=f"{path}:{line}" if line else str(path), remedy=remedy)
    return master


def read_model(path: Path, model: type[Model]) -> Model:
    """One YAML file as a model; a file that is not there counts as empty.

    Raises AssignmentError with the line of the first fault.
    """
    data = path.read_bytes() if path.is_file() else b"{}"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise AssignmentError(
            "not UTF-8 text",
            where=f"{path}:{line}",
            remedy="Save the file in the encoding UTF-8.",
        ) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_double_keys(root, path)
        return model.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        if "end of stream" in (error.problem or "") and error.context_mark:
            # What was never closed is found missing at the end: where it was opened helps more.
            mark = error.context_mark
        line = mark.line + 1 if mark else 1
        raise AssignmentError(
            f"not YAML: {error.problem}",
            where=f"{path}:{line}",
            remedy="Check indentation, colons and quotes there.",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        location = first["loc"]
        field = ".".join(str(part) for part in location) or "the file"
        message = first["msg"].removeprefix("Value error, ")
        line = (location == () and _line_about(text, message)) or _line_of(root, location)
        raise AssignmentError(
            f"{field}: {message}",
            where=f"{path}:{line}",
            remedy="docs/formats.md lists the fields.",
        ) from error


def _refuse_double_keys(node: yaml.Node | None, path: Path) -> None:
    # YAML lets the later of two equal keys win in silence: a question's points would be lost.
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            if key.value in seen:
                raise AssignmentError(
                    f"{key.value!r} stands twice",
                    where=f"{path}:{key.start_mark.line + 1}",
                    remedy="Keep one of them.",
                )
            seen.add(key.value)
            _refuse_double_keys(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_double_keys(item, path)


def _line_of(node: yaml.Node | None, location: tuple[Any, ...]) -> int:
    """The line (from 1) of the deepest part of ``location`` that the file has."""
    line = node.start_mark.line if node else 0
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if found is None:
                continue
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line
    return line + 1


def _line_about(text: str, message: str) -> int | None:
    """The line (from 1) where the question that ``message`` names first is listed last.

    The last, since of a question that stands twice the second is one too many.
    """
    named = re.search(r"\bq\d+_\d+\b", message)
    if named is None:
        return None
    lines = list(enumerate(text.splitlines(), start=1))
    listed = re.compile(rf"\s*(?:-\s+)?(?:id:\s*)?[\"']?{named[0]}\b")
    anywhere = re.compile(rf"\b{named[0]}\b")
    found = [number for number, line in lines if listed.match(line)]
    found = found or [number for number, line in lines if anywhere.search(line)]
    return found[-1] if found else None


def _contradictions(master: Master) -> Iterator[tuple[str, str, str]]:
    """(file, what, remedy) for each thing that two files of a master say differently."""
    questions = {question.id: question for question in master.assignment.questions}
    for id in master.quiz.items.keys() - questions.keys():
        yield "quiz.yml", f"{id} is no question", "List it in assignment.yml."
    for id in master.rubrics.rubrics.keys() - questions.keys():
        yield "rubrics.yml", f"{id} is no question", "List it in assignment.yml."
    for id, question in questions.items():
        item = master.quiz.items.get(id)
        if question.kind in QUIZ_KINDS and item is None:
            yield "quiz.yml", f"{id} is a quiz question without an item", f"Add `{id}`."
        if item is not None and item.type != question.kind:
            yield (
                "quiz.yml",
                f"{id} is of type {item.type}, but assignment.yml says {question.kind}",
                "Make the two agree.",
            )
        rubric = master.rubrics.rubrics.get(id)
        if question.manual and rubric is None:
            yield "rubrics.yml", f"{id} has manual points and no rubric", f"Add `{id}`."
        if rubric is not None:
            possible = sum(item.points for item in rubric.items if item.points > 0)
            if possible < question.manual:
                yield (
                    "rubrics.yml",
                    f"the items of {id} add up to {possible:g} of {question.manual:g} points",
                    "Add items or lower `manual` in assignment.yml.",
                )
        if question.stand_in and not (master.folder / question.stand_in).is_file():
            yield (
                "assignment.yml",
                f"{id}: the stand-in {question.stand_in} is missing",
                "Write that file or remove the field.",
            )
