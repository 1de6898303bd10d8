"""Who takes part in a proof: the reference, right and wrong solutions, and blank answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from autograder.assignment import Kind, Master
from autograder.authoring.answers import answer_cell
from autograder.authoring.master import Notebooks
from autograder.authoring.mutants import (
    place_of,
    read_right,
    read_wrong,
    right_answers,
    wrong_answers,
)
from autograder.errors import AssignmentError


class Sort(StrEnum):
    """What an entry is expected to do."""

    REFERENCE = "reference"
    RIGHT = "right"
    WRONG = "wrong"
    BLANK = "blank"
    """A question left as students get it: it must fail there, and cost nothing later."""


@dataclass(frozen=True)
class Entry:
    """One solution to be tried."""

    name: str
    sort: Sort
    sentence: str
    code: Mapping[str, str]
    """All code answers, by question id."""
    expected: str = ""
    """The question that must catch it; empty for right ones."""
    edited: str = ""
    """The question whose answer is not the reference's, where it is one alone."""
    bug: str = "value"
    """As in `WrongSolution`."""
    place: str = ""
    """File and line of a wrong one."""

    @property
    def deserves_all(self) -> bool:
        """Whether it must have full automatic points."""
        return self.sort in (Sort.REFERENCE, Sort.RIGHT)


def entries_of(master: Master, notebooks: Notebooks, only: Collection[str] = ()) -> list[Entry]:
    """All entries of a master, or those named in ``only``, and always the reference.

    Raises AssignmentError where an edit no longer fits the reference, with file and line, and
    where ``only`` names somebody unknown.
    """
    reference = notebooks.solutions
    entries = [Entry("reference", Sort.REFERENCE, "The master's own solution.", reference)]
    for right in read_right(master):
        code = right_answers(right, reference)
        entries.append(Entry(right.name, Sort.RIGHT, right.sentence, code))
    entries += _blanks(master, notebooks)
    for wrong in read_wrong(master):
        place = place_of(master, wrong)
        code = wrong_answers(wrong, reference, place)
        entries.append(
            Entry(
                name=wrong.name,
                sort=Sort.WRONG,
                sentence=wrong.sentence,
                code=code,
                expected=wrong.expected,
                edited=wrong.question,
                bug=wrong.bug,
                place=place,
            )
        )
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise AssignmentError(
                f"two solutions are called {name}",
                where=str(master.folder / "mutants"),
                remedy="Rename one of them.",
            )
    for name in only:
        if name not in names:
            raise AssignmentError(
                f"there is no solution {name}",
                where=str(master.folder / "mutants"),
                remedy="Name one of mutants/wrong.yml, or a file of mutants/right/.",
            )
    return [entry for entry in entries if not only or entry.name in {*only, "reference"}]


def _blanks(master: Master, notebooks: Notebooks) -> list[Entry]:
    """One entry for each code question, with that answer as students get it."""
    return [
        Entry(
            name=f"blank_{question.id}",
            sort=Sort.BLANK,
            sentence=f"{question.id} is left as students get it.",
            code={
                **notebooks.solutions,
                question.id: answer_cell(notebooks.template, question.id, "code").source,
            },
            expected=question.id,
            edited=question.id,
            bug="raises",
        )
        for question in master.assignment.questions
        if question.kind == Kind.CODE and question.auto
    ]
