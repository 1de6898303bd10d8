"""From an instructor's one notebook to the students' one, by otter's own `assign`.

Before otter runs, points and a place for the tests are written into the master; afterwards what
otter leaves to chance (cell ids) or gets wrong for us (the export cell) is put right.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml
from nbformat import NotebookNode

from autograder.assignment.loading import Master
from autograder.assignment.models import Question
from autograder.authoring.answers import (
    TRAINING_TAG,
    answer_cell,
    make_submission,
    read_notebook,
    tags_of,
    write_notebook,
)
from autograder.errors import AssignmentError

PLACEHOLDER = "_Type your answer here, replacing this text._"
"""What otter writes into a markdown answer cell."""

_BOUNDARY = re.compile(r"#\s+(begin|end)\s+(question|prompt|solution|tests)\b", re.IGNORECASE)
_CONFIG = re.compile(r"#\s+assignment\s+config\b", re.IGNORECASE)
_STATED_POINTS = re.compile(r"^#+ .*·\s*(\d+(?:\.\d+)?) points?\s*$", re.MULTILINE)
_SOLUTION_LINE = re.compile(r"\s*#\s?(BEGIN |END )?SOLUTION( NO PROMPT)?\s*$")


@dataclass(frozen=True)
class Notebooks:
    """What a master's notebook gives."""

    template: NotebookNode
    """The notebook that students get."""
    solutions: dict[str, str]
    """The reference code of each answer cell, by question id."""
    texts: dict[str, str]
    """The reference text of each markdown answer, by question id."""

    @property
    def reference(self) -> NotebookNode:
        """The template with every answer filled in."""
        return make_submission(
            self.template, self.solutions, self.texts, name="Reference Solution", number="0000000"
        )


@dataclass(frozen=True)
class PlacedCell:
    """A cell of the master and the otter blocks that it stands in."""

    cell: NotebookNode
    number: int
    """Counted from 1, as Jupyter's users do."""
    boundary: tuple[str, str] | None
    """(begin or end, kind of block) where the cell is a marker."""
    question: str | None
    block: str | None
    """``prompt``, ``solution`` or ``tests``, where the cell stands in one."""


def notebook_path(master: Master) -> Path:
    """The master's notebook, as text (jupytext) or as a notebook. Raises AssignmentError."""
    for name in ("notebook.md", "notebook.ipynb"):
        if (master.folder / name).is_file():
            return master.folder / name
    raise AssignmentError(
        "no notebook here", where=str(master.folder), remedy="Write notebook.md or notebook.ipynb."
    )


def read_master_notebook(master: Master) -> NotebookNode:
    """The instructor's notebook as it is, otter's markers included."""
    path = notebook_path(master)
    notebook = jupytext.read(path) if path.suffix == ".md" else read_notebook(path)
    if any("```otter" in cell.source for cell in notebook.cells if cell.cell_type == "markdown"):
        from otter.assign.blocks import extract_all_fenced_otter_cells

        notebook.cells = extract_all_fenced_otter_cells(notebook.cells)
    return notebook


def placed_cells(master: Master, notebook: NotebookNode) -> Iterator[PlacedCell]:
    """The cells with the blocks that they stand in.

    Raises AssignmentError where a question is not one of assignment.yml, or stands twice.
    """
    question: str | None = None
    block: str | None = None
    seen: set[str] = set()
    for number, cell in enumerate(notebook.cells, start=1):
        found = _BOUNDARY.match(cell.source) if cell.cell_type == "raw" else None
        boundary = (found[1].lower(), found[2].lower()) if found else None
        if boundary == ("begin", "question"):
            question = _question_name(master, cell, number)
            if question in seen:
                raise _fault(master, number, f"{question} stands twice", "Keep one of the two.")
            seen.add(question)
        elif boundary and boundary[0] == "begin":
            block = boundary[1]
        yield PlacedCell(cell, number, boundary, question, block)
        if boundary == ("end", "question"):
            question = None
        elif boundary and boundary[0] == "end":
            block = None
    missing = [item.id for item in master.assignment.questions if item.id not in seen]
    if missing:
        raise AssignmentError(
            f"{', '.join(missing)} of assignment.yml has no place in the notebook",
            where=str(notebook_path(master)),
            remedy="Write `# BEGIN QUESTION` and `name:` for it.",
        )


def make_notebooks(master: Master) -> Notebooks:
    """Template and reference answers of a master.

    Raises AssignmentError where the notebook and assignment.yml disagree, or otter refuses it.
    """
    notebook = read_master_notebook(master)
    cells = list(placed_cells(master, notebook))
    _check_stated_points(master, cells)
    solutions = _solutions(master, cells)
    texts = _texts(master, cells)
    notebook.cells = _with_points_and_tests(master, cells)
    template = _tidy(master, _assign(master, notebook))
    for question in master.assignment.questions:
        if question.auto and question.id not in solutions:
            raise AssignmentError(
                f"{question.id} has automatic points and no solution to take away",
                where=str(notebook_path(master)),
                remedy="Mark what students write with # BEGIN SOLUTION and # END SOLUTION.",
            )
        if question.manual:
            answer_cell(template, question.id, "markdown")
    return Notebooks(template, solutions, texts)


def reference_source(source: str) -> str:
    """A solution cell without otter's markers, and without what students see in its place."""
    kept: list[str] = []
    in_prompt = False
    for line in source.split("\n"):
        ending = line.rstrip()
        if ending.endswith("# BEGIN PROMPT"):
            in_prompt = True
        elif ending.endswith("# END PROMPT"):
            in_prompt = False
        elif not in_prompt and not ending.endswith("# IGNORE"):
            bare = _SOLUTION_LINE.sub("", line)
            if bare.strip() or not line.strip():
                kept.append(bare)
    return "\n".join(kept).strip("\n")


def _fault(master: Master, number: int, what: str, remedy: str) -> AssignmentError:
    return AssignmentError(what, where=f"{notebook_path(master)}, cell {number}", remedy=remedy)


def _question_name(master: Master, cell: NotebookNode, number: int) -> str:
    config = _yaml_of(master, cell, number)
    name = str(config.get("name", ""))
    if name not in [question.id for question in master.assignment.questions]:
        raise _fault(
            master, number, f"{name or 'a question'} is not in assignment.yml", "List it there."
        )
    return name


def _yaml_of(master: Master, cell: NotebookNode, number: int) -> dict[str, Any]:
    try:
        config = yaml.safe_load(cell.source) or {}
    except yaml.YAMLError as error:
        raise _fault(master, number, "not YAML", "Check indentation and colons.") from error
    if not isinstance(config, dict):
        raise _fault(master, number, "not a list of fields", "Write fields like `name: q3_2`.")
    return config


def _check_stated_points(master: Master, cells: list[PlacedCell]) -> None:
    # Points live in assignment.yml; a heading may repeat them for the student's eye.
    for placed in cells:
        stated = _STATED_POINTS.search(placed.cell.source)
        if placed.question and placed.cell.cell_type == "markdown" and stated:
            question = master.assignment.question(placed.question)
            if float(stated[1]) != question.auto + question.manual:
                raise _fault(
                    master,
                    placed.number,
                    f"the heading of {question.id} says {stated[1]} points, "
                    f"assignment.yml {question.auto + question.manual:g}",
                    "Make the two agree.",
                )


def _solutions(master: Master, cells: list[PlacedCell]) -> dict[str, str]:
    solutions: dict[str, str] = {}
    for placed in cells:
        if placed.block != "solution" or placed.cell.cell_type != "code":
            continue
        if not any(_SOLUTION_LINE.search(line) for line in placed.cell.source.split("\n")):
            continue  # a given cell, such as the training call
        question = str(placed.question)
        if question in solutions:
            raise _fault(
                master,
                placed.number,
                f"{question} has a second code cell with a solution",
                "Keep what students write for one question in one cell.",
            )
        solutions[question] = reference_source(placed.cell.source)
    return solutions


def _texts(master: Master, cells: list[PlacedCell]) -> dict[str, str]:
    texts = {id: rubric.reference for id, rubric in master.rubrics.rubrics.items()}
    for placed in cells:
        if placed.block == "solution" and placed.cell.cell_type == "markdown":
            texts[str(placed.question)] = placed.cell.source
    manual = [question.id for question in master.assignment.questions if question.manual]
    return {id: texts[id] for id in manual if id in texts}


def _with_points_and_tests(master: Master, cells: list[PlacedCell]) -> list[NotebookNode]:
    """The master's cells with all that the other files of the master add to them."""
    written: list[NotebookNode] = []
    config: dict[str, Any] = {}
    texts_in_solution = 0
    has_prompt = False
    for placed in cells:
        cell = placed.cell
        if cell.cell_type == "raw" and _CONFIG.match(cell.source):
            config |= _yaml_of(master, cell, placed.number)
            continue
        if placed.boundary == ("begin", "question"):
            question = master.assignment.question(str(placed.question))
            written.append(_question_cell(question, _yaml_of(master, cell, placed.number)))
            texts_in_solution, has_prompt = 0, False
            continue
        if placed.boundary == ("end", "question"):
            question = master.assignment.question(str(placed.question))
            if texts_in_solution and not has_prompt:
                # otter puts a blank answer in place of a text only where nothing is automatic.
                blank = nbformat.v4.new_markdown_cell(PLACEHOLDER)
                blank.metadata["tags"] = [question.id]
                written += [_raw("# BEGIN PROMPT"), blank, _raw("# END PROMPT")]
            if question.auto:
                test = nbformat.v4.new_code_cell("def public_checks(env):\n    pass")
                written += [_raw("# BEGIN TESTS"), test, _raw("# END TESTS")]
        elif placed.block in ("solution", "prompt") and placed.boundary is None:
            if placed.question not in tags_of(cell):
                cell.metadata["tags"] = [*tags_of(cell), str(placed.question)]
            has_prompt |= placed.block == "prompt"
            texts_in_solution += placed.block == "solution" and cell.cell_type == "markdown"
        if placed.block != "tests":  # tests come from checks/ alone
            written.append(cell)
    return [_config_cell(master, config), *written]


def _raw(source: str) -> NotebookNode:
    cell: NotebookNode = nbformat.v4.new_raw_cell(source)
    return cell


def _question_cell(question: Question, config: dict[str, Any]) -> NotebookNode:
    config = config | {"name": question.id, "points": question.auto + question.manual}
    # otter's `manual` would wrap the answers in markers of its PDF filter.
    config.pop("manual", None)
    return _raw("# BEGIN QUESTION\n" + yaml.safe_dump(config))


def _config_cell(master: Master, config: dict[str, Any]) -> NotebookNode:
    export = config.get("export_cell")
    export = export if isinstance(export, dict) else {}
    training = master.assignment.training
    config = config | {
        "name": master.name,
        "generate": False,
        "tests": {"files": True, "ok_format": False},
        "export_cell": export
        | {"pdf": False, "run_tests": False, "files": [training.checkpoint] if training else []},
    }
    return _raw("# ASSIGNMENT CONFIG\n" + yaml.safe_dump(config, allow_unicode=True))


def _assign(master: Master, notebook: NotebookNode) -> NotebookNode:
    """The student's notebook that otter makes of a master."""
    with tempfile.TemporaryDirectory(prefix="autograder-assign-") as folder:
        path = Path(folder, f"{master.name}.ipynb")
        write_notebook(notebook, path)
        otter = [sys.executable, "-m", "otter", "assign", "--no-run-tests", "--no-pdfs"]
        process = subprocess.run(
            [*otter, path.name, "dist"],
            cwd=folder,
            # otter leaves a folder of its own behind among the temporary files.
            env={"PATH": "/usr/bin:/bin", "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        made = Path(folder, "dist", "student", path.name)
        if process.returncode or not made.is_file():
            lines = process.stderr.strip().splitlines() or ["it gave no reason"]
            raise AssignmentError(
                f"otter assign refuses the notebook: {lines[-1]}",
                where=str(notebook_path(master)),
                remedy="Check otter's markers there.",
            )
        return read_notebook(made)


def _tidy(master: Master, notebook: NotebookNode) -> NotebookNode:
    """The same notebook without anything that differs from one build to the next."""
    if not notebook.cells[-1].source.strip():
        notebook.cells.pop()  # otter's margin at the end
    counts: dict[str, int] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if cell.source.lstrip().startswith("# Save your notebook first"):
                cell.source = _export_source(master)
        check = re.match(r'grader\.check\("(\w+)"\)', cell.source)
        question = next((tag for tag in tags_of(cell) if re.fullmatch(r"q\d+_\d+", tag)), None)
        base = f"check-{check[1]}" if check else question or cell.cell_type
        counts[base] = counts.get(base, 0) + 1
        cell.id = base if counts[base] == 1 and (check or question) else f"{base}-{counts[base]}"
        if TRAINING_TAG in tags_of(cell):
            cell.id = TRAINING_TAG
    otter = notebook.metadata.get("otter", {})
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "otter": {"assignment_name": otter.get("assignment_name", master.name)},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return notebook


def _export_source(master: Master) -> str:
    lines = ["# Save your notebook first, then run this cell to export your submission."]
    if master.assignment.training:
        # otter's own cell fails where a named file is missing, and then hands in nothing.
        name = master.assignment.training.checkpoint
        lines += ["from glob import glob", "", f'grader.export(pdf=False, files=glob("{name}"))']
    else:
        lines.append("grader.export(pdf=False)")
    return "\n".join(lines)
