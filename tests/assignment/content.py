"""The content of a master, taken apart for tests."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

import jupytext
from nbformat import NotebookNode
from otter.assign.solutions import replace_solutions

from autograder.assignment import Master, load_master

SOLUTIONS = Path(__file__).parents[2] / "solutions"


class Content:
    """A master, its notebook, and the names that its code defines."""

    def __init__(self, name: str) -> None:
        self.folder = SOLUTIONS / name
        self.master: Master = load_master(self.folder)
        self.questions = self.master.assignment.questions

    @cached_property
    def notebook(self) -> NotebookNode:
        return jupytext.read(self.folder / "notebook.md")

    @cached_property
    def answers(self) -> dict[str, list[NotebookNode]]:
        """The tagged cells, by tag."""
        cells = defaultdict(list)
        for cell in self.notebook.cells:
            for tag in cell.metadata.get("tags", []):
                cells[tag].append(cell)
        return cells

    @cached_property
    def reference(self) -> dict[str, Any]:
        """The names of the reference solution: the imports and the answers, short of data."""
        imports = next(it for it in self.notebook.cells if it.source.startswith("import math"))
        written = [of_kind(self.answers[question.id], "code")[:1] for question in self.questions]
        names: dict[str, Any] = {}
        for cell in [imports, *(cell for cells in written for cell in cells)]:
            exec(cell.source, names)
        return names

    @cached_property
    def stand_ins(self) -> dict[str, Any]:
        """The names that the stand-ins define."""
        names: dict[str, Any] = {}
        for question in self.questions:
            if question.stand_in:
                exec((self.folder / question.stand_in).read_text(), names)
        return names


def blank(cell: NotebookNode) -> str:
    """A code cell as students get it."""
    return "\n".join(replace_solutions(cell.source.split("\n"), "python"))


def of_kind(cells: list[NotebookNode], kind: str) -> list[NotebookNode]:
    return [cell for cell in cells if cell.cell_type == kind]
