"""The notebooks that all graders are measured on: two bundles, made by `otter assign`.

(a) is trivial, (b) imports torch and looks at shapes. A class is the right solution over and over,
each with a student's own name in it.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell


@dataclass(frozen=True)
class Question:
    """A question, its solution, and what the tests assert."""

    name: str
    solution: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A small assignment."""

    name: str
    title: str
    imports: str
    questions: tuple[Question, ...]


TRIVIAL = Sheet(
    "trivial",
    "(a) trivial",
    "import math",
    (
        Question("q1", "def double(x):\n    return 2 * x", ("assert double(2) == 4",)),
        Question(
            "q2", "def area(r):\n    return math.pi * r**2", ("assert round(area(1), 4) == 3.1416",)
        ),
        Question(
            "q3",
            "words = 'to be or not to be'.split()",
            ("assert len(words) == 6", "assert words[0] == 'to'"),
        ),
    ),
)
SHAPES = Sheet(
    "shapes",
    "(b) torch import and shape checks",
    "import torch\nfrom torch import nn",
    (
        Question(
            "q1",
            "def pad(rows, length):\n"
            "    out = torch.zeros(len(rows), length, dtype=torch.long)\n"
            "    for i, row in enumerate(rows):\n"
            "        out[i, :len(row)] = torch.tensor(row)\n"
            "    return out",
            (
                "assert pad([[1, 2], [3]], 4).shape == (2, 4)",
                "assert pad([[1], [2]], 3).dtype == torch.long",
            ),
        ),
        Question(
            "q2",
            "layer = nn.Linear(16, 4)\nout = layer(torch.ones(8, 16))",
            ("assert out.shape == (8, 4)",),
        ),
        Question(
            "q3",
            "def attend(q, k, v):\n    return torch.softmax(q @ k.mT / q.shape[-1]**0.5, -1) @ v",
            (
                "x = torch.ones(2, 5, 8)\nassert attend(x, x, x).shape == (2, 5, 8)",
                "x = torch.randn(1, 3, 4)\nassert torch.isfinite(attend(x, x, x)).all()",
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Bundle:
    """What `otter assign` made of a sheet."""

    zip: Path
    template: Path
    """The students' notebook."""


def make_bundle(sheet: Sheet, folder: Path) -> Bundle:
    """Run `otter assign` on the sheet's master."""
    folder.mkdir(parents=True)
    cells = [
        new_raw_cell(f"# ASSIGNMENT CONFIG\nname: {sheet.name}\nrun_tests: false\ngenerate: true"),
        new_code_cell(sheet.imports),
    ]
    for question in sheet.questions:
        cells += [
            new_raw_cell(f"# BEGIN QUESTION\nname: {question.name}\npoints: {len(question.tests)}"),
            new_markdown_cell("Answer this."),
            new_raw_cell("# BEGIN SOLUTION"),
            new_code_cell(question.solution),
            new_raw_cell("# END SOLUTION"),
            new_raw_cell("# BEGIN TESTS"),
            *(new_code_cell(test) for test in question.tests),
            new_raw_cell("# END TESTS"),
            new_raw_cell("# END QUESTION"),
        ]
    master = folder / f"{sheet.name}.ipynb"
    nbformat.write(_notebook(cells), master)
    command = [
        sys.executable,
        "-m",
        "otter",
        "assign",
        str(master),
        str(folder / "made"),
        "--no-pdfs",
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    [bundle] = folder.glob("made/autograder/*-autograder_*.zip")
    return Bundle(bundle, folder / "made" / "student" / master.name)


def make_class(sheet: Sheet, bundle: Bundle, folder: Path, size: int) -> list[Path]:
    """``size`` hand-ins with all answers right."""
    folder.mkdir(parents=True)
    metadata = nbformat.read(bundle.template, as_version=4).metadata
    paths = []
    for number in range(size):
        cells = [
            new_markdown_cell(f"Student {number}"),
            new_code_cell(f'import otter\ngrader = otter.Notebook("{sheet.name}.ipynb")'),
            new_code_cell(sheet.imports),
        ]
        for question in sheet.questions:
            cells.append(new_code_cell(question.solution))
            cells.append(new_code_cell(f'grader.check("{question.name}")'))
        path = folder / f"{number:04}.ipynb"
        nbformat.write(new_notebook(cells=cells, metadata=metadata), path)
        paths.append(path)
    return paths


def _notebook(cells: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made: nbformat.NotebookNode = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    return made
