"""A master's wrong and alternative right solutions, which prove its checks.

`mutants/wrong.yml` holds small edits of the reference, each with the one question that must catch
it. `mutants/right/*.py` hold answers written in another way: a docstring that says how they differ,
then, in jupytext's percent format, a cell ``# %% q3_2`` for each answer that is replaced.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from autograder.assignment.loading import Master, read_model
from autograder.assignment.models import Strict
from autograder.errors import AssignmentError

CELL = re.compile(r"^# %% *(\S*).*$", re.MULTILINE)


class Replacement(Strict):
    """One edit of the reference's answer."""

    find: str = Field(min_length=1)
    """Text that occurs exactly once in the answer."""
    replacement: str = Field(alias="with")


class WrongSolution(Strict):
    """The reference with one bug."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sentence: str
    """What is wrong, in a sentence."""
    question: str
    """The question whose answer is edited."""
    expected: str
    """The question that must catch it."""
    bug: Literal["value", "raises", "shape"] = "value"
    """What may go wrong besides values: only where it is the bug may it raise, or return another
    shape or type."""
    replace: tuple[Replacement, ...] = Field(min_length=1)


class WrongSolutions(Strict):
    """The whole of `mutants/wrong.yml`."""

    wrong: tuple[WrongSolution, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> WrongSolutions:
        names = [solution.name for solution in self.wrong]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} stands twice")
        return self


@dataclass(frozen=True)
class RightSolution:
    """An alternative that deserves full marks."""

    name: str
    sentence: str
    """How it differs from the reference."""
    answers: dict[str, str]
    """The code of the answers that it replaces, by question id."""


def read_wrong(master: Master) -> tuple[WrongSolution, ...]:
    """The wrong solutions of a master. Raises AssignmentError with file and line."""
    path = master.folder / "mutants" / "wrong.yml"
    wrong = read_model(path, WrongSolutions).wrong
    known = {question.id for question in master.assignment.questions}
    for solution in wrong:
        for id in (solution.question, solution.expected):
            if id not in known:
                raise AssignmentError(
                    f"{solution.name} names {id}, which is no question",
                    where=str(path),
                    remedy="Name a question of assignment.yml.",
                )
    return wrong


def read_right(master: Master) -> tuple[RightSolution, ...]:
    """The alternative right solutions of a master, by name. Raises AssignmentError."""
    folder = master.folder / "mutants" / "right"
    known = {question.id for question in master.assignment.questions}
    return tuple(read_right_file(path, known) for path in sorted(folder.glob("*.py")))


def place_of(master: Master, wrong: WrongSolution) -> str:
    """File and line at which a wrong solution stands."""
    path = master.folder / "mutants" / "wrong.yml"
    line = re.compile(rf"^\s*-?\s*name:\s*['\"]?{wrong.name}['\"]?\s*$")
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((f"{path}:{i}" for i, it in enumerate(lines, 1) if line.match(it)), str(path))


def read_right_file(path: Path, known: set[str]) -> RightSolution:
    """One right solution; ``known`` are the ids of all questions. Raises AssignmentError."""
    text = path.read_text(encoding="utf-8")
    pieces = CELL.split(text)
    answers: dict[str, str] = {}
    for id, source in zip(pieces[1::2], pieces[2::2], strict=True):
        if id not in known or id in answers:
            raise AssignmentError(
                f"the cell {id or 'without a name'} is no question, or stands twice",
                where=str(path),
                remedy="Head each answer with `# %% q3_2`, once.",
            )
        answers[id] = source.strip("\n") + "\n"
    try:
        sentence = ast.get_docstring(ast.parse(text)) or ""
    except SyntaxError as error:
        raise AssignmentError(
            f"not Python: {error.msg}", where=f"{path}:{error.lineno}", remedy="Correct it."
        ) from error
    if not sentence or not answers:
        raise AssignmentError(
            "a right solution needs a docstring and an answer",
            where=str(path),
            remedy="Say in a docstring how it differs, then head each answer with `# %% q3_2`.",
        )
    return RightSolution(path.stem, " ".join(sentence.split()), answers)


def wrong_answers(
    wrong: WrongSolution, reference: Mapping[str, str], where: str = "mutants/wrong.yml"
) -> dict[str, str]:
    """The reference's code answers, by question id, with the bug in one of them.

    ``where`` is the place that an error names.

    Raises AssignmentError where a text to replace does not occur exactly once: the reference has
    changed, and the bug with it.
    """
    source = reference[wrong.question]
    for edit in wrong.replace:
        count = source.count(edit.find)
        if count != 1:
            raise AssignmentError(
                f"{wrong.name}: {edit.find!r} occurs {count} times in the answer to "
                f"{wrong.question}",
                where=where,
                remedy="Quote the reference as it is now, with enough of it to be unique.",
            )
        source = source.replace(edit.find, edit.replacement)
    return {**reference, wrong.question: source}


def right_answers(right: RightSolution, reference: Mapping[str, str]) -> dict[str, str]:
    """The reference's code answers, by question id, with the alternative's in their place."""
    return {**reference, **right.answers}
