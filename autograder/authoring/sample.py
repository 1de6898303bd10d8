"""A small class of made-up students: right, partly right, blank, late and broken hand-ins."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.assignment import Master
from autograder.assignment.kit import Kit
from autograder.assignment.models import Matching, Numeric, SingleChoice
from autograder.authoring.answers import answer_cell, make_submission
from autograder.authoring.master import Notebooks, make_notebooks
from autograder.authoring.mutants import read_right, read_wrong, right_answers, wrong_answers
from autograder.authoring.trained import trained_checkpoint
from autograder.errors import AssignmentError
from autograder.grading.lateness import TIMES_FILE
from autograder.sandbox.wall import Wall

WRONG_STUDENTS = 4
"""How many of the master's wrong solutions the class has, each with a bug in another question."""


@dataclass(frozen=True)
class Student:
    """Somebody who does not exist."""

    name: str
    number: str


PEOPLE = (
    Student("Ada Nowak", "4100201"),
    Student("Bruno Keller", "4100202"),
    Student("Chiara Rossi", "4100203"),
    Student("Deniz Yılmaz", "4100204"),
    Student("Emeka Obi", "4100205"),
    Student("Freya Lind", "4100206"),
    Student("Goran Petrović", "4100207"),
    Student("Hana Sato", "4100208"),
    Student("Inés Duarte", "4100209"),
    Student("Jonas Brandt", "4100210"),
)


@dataclass(frozen=True)
class HandIn:
    """One made-up hand-in."""

    file: str
    content: bytes
    hours_before_deadline: float


def make_sample(master: Master, kit: Kit, out: Path, cache: Path, wall: Wall) -> list[Path]:
    """Write a class of hand-ins to ``out``; their paths.

    The reference's model is trained once, on the sample of the data, and kept in ``cache``. Raises
    AssignmentError where ``out`` already holds something.
    """
    if out.exists() and any(out.iterdir()):
        raise AssignmentError(
            "the folder is not empty", where=str(out), remedy="Name a new folder with --out."
        )
    notebooks = make_notebooks(master)
    training = kit.master.assignment.training
    less_data = training.sample if training else ""
    checkpoint = trained_checkpoint(kit, notebooks.reference, cache, wall, less_data)
    out.mkdir(parents=True, exist_ok=True)
    deadline = master.assignment.deadline
    hand_ins = sample_class(master, notebooks, checkpoint)
    paths = []
    for hand_in in hand_ins:
        path = out / hand_in.file
        path.write_bytes(hand_in.content)
        paths.append(path)
    with (out / TIMES_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["submission", "handed_in"])
        for hand_in in hand_ins:
            time = deadline - timedelta(hours=hand_in.hours_before_deadline)
            writer.writerow([hand_in.file, time.isoformat()])
    return paths


def sample_class(master: Master, notebooks: Notebooks, checkpoint: bytes | None) -> list[HandIn]:
    """The hand-ins: the reference, another right way, some wrong ones, a blank, broken files."""
    reference = notebooks.solutions
    essays = {
        id: rubric.reference
        for id, rubric in master.rubrics.rubrics.items()
        if _has_markdown(notebooks.template, id)
    }
    people = iter(PEOPLE)
    hand_ins: list[HandIn] = []

    def add(
        kind: str,
        code: Mapping[str, str],
        text: Mapping[str, str],
        hours: float,
        export: bool = True,
    ) -> None:
        person = next(people)
        notebook = make_submission(
            notebooks.template, code, text, name=person.name, number=person.number
        )
        stem = f"{person.number}-{kind}"
        if export and checkpoint is not None and master.assignment.training:
            files = {master.assignment.training.checkpoint: checkpoint}
            content = export_zip(notebook, f"{master.name}.ipynb", files)
            hand_ins.append(HandIn(f"{stem}.zip", content, hours))
        else:
            hand_ins.append(HandIn(f"{stem}.ipynb", _bytes(notebook), hours))

    add("right", reference, essays, hours=50)
    fixed = {master.assignment.training.question} if master.assignment.training else set()
    shaping = fixed | _defining(master, reference)
    for right in read_right(master):
        # A model of another make would not fit the reference's checkpoint.
        if not shaping & right.answers.keys():
            add("another-way", right_answers(right, reference), essays, hours=20)
            break
    seen: set[str] = set()
    half = dict(list(essays.items())[::2])
    for wrong in read_wrong(master):
        if wrong.expected in seen or wrong.expected in fixed or len(seen) == WRONG_STUDENTS:
            continue
        seen.add(wrong.expected)
        code = {**wrong_answers(wrong, reference), **_quiz_slips(master, len(seen))}
        add(f"partly-{len(seen)}", code, half, hours=10 / len(seen))
    add("late", reference, half, hours=-30)
    add("blank", {}, {}, hours=1, export=False)
    last = [id for id in reference if id not in master.quiz.items and id not in fixed][-1]
    add("crash", {**reference, last: "import os\nos._exit(0)"}, half, hours=2)
    hand_ins.append(HandIn("4100298-not-a-notebook.ipynb", b"Dear professor, see attached.", 3))
    hand_ins.append(HandIn("4100299-other-assignment.ipynb", _bytes(_other_notebook()), 4))
    return hand_ins


def export_zip(notebook: NotebookNode, name: str, files: Mapping[str, bytes]) -> bytes:
    """A zip like the one that `grader.export` makes: the notebook and the files named there."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, _bytes(notebook))
        for path, data in files.items():
            archive.writestr(path, data)
    return content.getvalue()


def _bytes(notebook: NotebookNode) -> bytes:
    text: str = nbformat.writes(notebook)
    return f"{text}\n".encode()


def _has_markdown(template: NotebookNode, question: str) -> bool:
    try:
        answer_cell(template, question, "markdown")
    except AssignmentError:
        return False
    return True


def _defining(master: Master, reference: Mapping[str, str]) -> set[str]:
    """The questions whose answer defines what the training builds its model from."""
    training = master.assignment.training
    found = re.match(r"\w+", training.build) if training else None
    if found is None:
        return set()
    definition = re.compile(rf"^(class|def) {found[0]}\b", re.MULTILINE)
    return {id for id, source in reference.items() if definition.search(source)}


def _quiz_slips(master: Master, number: int) -> dict[str, str]:
    """Code answers of quiz items with one slip: the student's ``number`` says where."""
    slips: dict[str, str] = {}
    for position, (id, item) in enumerate(master.quiz.items.items()):
        if position % 2 != number % 2:
            continue
        match item:
            case Matching():
                answers = {row.key: row.answer for row in item.rows}
                row = item.rows[number % len(item.rows)]
                answers[row.key] = next(it for it in item.options if it != row.answer)
                slips[id] = f"{item.variable} = {json.dumps(answers, indent=4)}"
            case SingleChoice():
                wrong = next(it.key for it in item.options if it.key != item.answer)
                slips[id] = f"{item.variable} = {wrong!r}"
            case Numeric():
                lines = [f"{part.variable} = {part.answer:.0f}" for part in item.parts]
                lines[0] = f"{item.parts[0].variable} = {item.parts[0].answer + number:.0f}"
                slips[id] = "\n".join(lines)
    return slips


def _other_notebook() -> NotebookNode:
    notebook: NotebookNode = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Assignment 3: Convolutions"),
        nbformat.v4.new_code_cell("import numpy as np\nkernel = np.ones((3, 3)) / 9"),
    ]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return notebook
