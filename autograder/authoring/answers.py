"""Answers and the notebooks that hold them: a submission is the template with its cells filled."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.errors import AssignmentError

STUDENT_TAG = "student"
TRAINING_TAG = "training"

_NAME = re.compile(r"^(\*\*Name:\*\*).*$", re.MULTILINE)
_NUMBER = re.compile(r"^(\*\*Student number:\*\*).*$", re.MULTILINE)


def read_notebook(path: Path) -> NotebookNode:
    """A notebook of ours (template, release, master) in today's format."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook; equal notebooks give equal bytes."""
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def tags_of(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def answer_cell(notebook: NotebookNode, question: str, kind: str) -> NotebookNode:
    """The cell that holds a question's answer: the first of that kind that has its tag.

    Further tagged code cells are given ones, such as the training call. ``kind`` is ``code`` or
    ``markdown``. Raises AssignmentError where the notebook has no such cell.
    """
    cells: list[NotebookNode] = notebook.cells
    for cell in cells:
        tags = tags_of(cell)
        if cell.cell_type == kind and question in tags and TRAINING_TAG not in tags:
            return cell
    raise AssignmentError(
        f"no {kind} answer cell of {question}",
        remedy=f"Give the cell the tag {question} in the master's notebook.",
    )


def make_submission(
    template: NotebookNode,
    code: Mapping[str, str],
    text: Mapping[str, str],
    *,
    name: str = "",
    number: str = "",
) -> NotebookNode:
    """A copy of the template as a student with these answers hands it in.

    Args:
        template: the students' notebook.
        code: the source of code answer cells, by question id; the others stay blank.
        text: the source of markdown answer cells, by question id.
        name: the student's name.
        number: the student's number.

    Raises AssignmentError where a question has no answer cell of that kind.
    """
    notebook = copy.deepcopy(template)
    for kind, answers in (("code", code), ("markdown", text)):
        for question, source in answers.items():
            answer_cell(notebook, question, kind).source = source.rstrip("\n")
    for cell in notebook.cells:
        if STUDENT_TAG in tags_of(cell):
            # A function, since a name may hold a backslash that a replacement text would expand.
            cell.source = _NAME.sub(lambda found: f"{found[1]} {name}", cell.source)
            cell.source = _NUMBER.sub(lambda found: f"{found[1]} {number}", cell.source)
    return notebook
