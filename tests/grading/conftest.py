"""A tiny assignment of our own, graded through the real pipeline."""

from __future__ import annotations

import json
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from autograder.assignment.kit import Kit, build_record, load_kit
from autograder.grading.hand_in import HandIn
from autograder.grading.job import KitJob
from autograder.grading.local import grade_class
from autograder.results import QuestionResult, SubmissionResult, Verdict
from autograder.sandbox.choice import choose_wall

ASSIGNMENT = """
name: tiny
title: A tiny assignment
deadline: 2026-12-14T09:00+01:00
seed: 7
environment: [numpy]
limits: {cell_seconds: 4, check_seconds: 4, training_seconds: 8, memory_mb: 1500, output_mb: 1}
training: {question: q1_4, checkpoint: tiny.safetensors, object: model, build: Net()}
questions:
  - {id: q1_1, title: Double, kind: code, auto: 3, stand_in: stand_ins/q1_1.py}
  - {id: q1_2, title: Quadruple, kind: code, auto: 2, needs: [q1_1]}
  - {id: q1_3, title: Numbers, kind: numeric, auto: 2, manual: 1}
  - {id: q1_4, title: Model, kind: code, auto: 1}
"""
QUIZ = """
items:
  q1_3:
    type: numeric
    prompt: Two numbers.
    parts:
      - {variable: first, text: The first., answer: 4, whole: true}
      - {variable: second, text: The second., answer: 0.5, tolerance: 0.01}
"""
RUBRICS = """
rubrics:
  q1_3:
    reference: Because.
    items: [{id: why, text: Says why., points: 1}]
"""
CHECKS = {
    "test_q1_1.py": '''
        import pytest

        pytestmark = pytest.mark.question("q1_1")

        @pytest.mark.points(1)
        def test_two(student):
            """Two doubled is four."""
            got = student.double(2)
            assert got == 4, f"double(2) should be 4, but is {got}"

        @pytest.mark.points(2)
        @pytest.mark.hidden
        @pytest.mark.hint("Think of large numbers.")
        def test_secret(student, rng, hidden_files):
            """Any number is doubled."""
            assert (hidden_files / "labels.txt").read_text() == "HIDDENLABEL"
            number = 31337 * int(rng.integers(1_000, 2_000))
            assert student.double(number) == 2 * number
    ''',
    "test_q1_2.py": '''
        import pytest

        pytestmark = pytest.mark.question("q1_2")

        @pytest.mark.points(1)
        def test_public(student):
            """One times four is four."""
            assert student.quadruple(1) == 4, "quadruple(1) should be 4"

        @pytest.mark.points(1)
        @pytest.mark.hidden
        def test_hidden(student):
            """Three times four is twelve."""
            assert student.quadruple(3) == 12
    ''',
    "test_q1_4.py": '''
        import pytest
        import torch

        pytestmark = pytest.mark.question("q1_4")

        @pytest.mark.points(1)
        @pytest.mark.hidden
        def test_model(student, award, flag):
            """The model adds its two inputs."""
            out = student.model(torch.tensor([[2.0, 3.0]]))
            flag("the instructor reads this")
            award(1.0 if out.item() == 5.0 else 0.25, "It adds something else.")
    ''',
}
RIGHT = {
    "q1_1": "def double(x):\n    return 2 * x",
    "q1_2": "def quadruple(x):\n    return double(double(x))",
    "q1_3": "first, second = 4, 0.5",
    "q1_4": "import torch\nNet = lambda: torch.nn.Linear(2, 1)\nmodel = Net()",
}
TRAINING = "for p in model.parameters():\n    torch.nn.init.constant_(p, float(p.ndim == 2))"


def notebook(answers: dict[str, str], essay: str = "", training: str = TRAINING) -> str:
    """A student's notebook with these answers."""
    cells = [
        nbformat.v4.new_markdown_cell("# A tiny assignment\n\nAnswer everything below, please."),
        nbformat.v4.new_markdown_cell(
            "**Name:** Ada\n\n**Student number:** 17", metadata={"tags": ["student"]}
        ),
        nbformat.v4.new_code_cell("import otter\ngrader = otter.Notebook('tiny.ipynb')"),
    ]
    for id in ("q1_1", "q1_2", "q1_3", "q1_4"):
        cells.append(nbformat.v4.new_markdown_cell(f"## Question {id}: do what it says."))
        source = answers.get(id, "raise NotImplementedError")
        cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [id]}))
        if id == "q1_3":
            cells.append(nbformat.v4.new_markdown_cell(essay, metadata={"tags": [id]}))
        if id == "q1_4":
            tags = {"tags": [id, "training"]}
            cells.append(nbformat.v4.new_code_cell(training, metadata=tags))
        cells.append(nbformat.v4.new_code_cell(f'grader.check("{id}")'))
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    folder = tmp_path_factory.mktemp("kit")
    (folder / "assignment.yml").write_text(ASSIGNMENT)
    (folder / "quiz.yml").write_text(QUIZ)
    (folder / "rubrics.yml").write_text(RUBRICS)
    (folder / "checks").mkdir()
    for name, text in CHECKS.items():
        (folder / "checks" / name).write_text(textwrap.dedent(text))
    (folder / "stand_ins").mkdir()
    (folder / "stand_ins" / "q1_1.py").write_text("def double(x):\n    return x + x\n")
    (folder / "files").mkdir()
    (folder / "files" / "public.txt").write_text("for all")
    (folder / "hidden").mkdir()
    (folder / "hidden" / "labels.txt").write_text("HIDDENLABEL")
    (folder / "template.ipynb").write_text(notebook({}))
    (folder / "build.json").write_text(json.dumps(build_record(folder)))
    return load_kit(folder)


Grade = Callable[..., SubmissionResult]


@pytest.fixture
def grade(kit: Kit, tmp_path: Path) -> Grade:
    """Grade a notebook made of these answers through the whole pipeline."""

    def grade(
        answers: dict[str, str],
        files: dict[str, bytes] | None = None,
        kit: Kit = kit,
        **more: str,
    ) -> SubmissionResult:
        path = tmp_path / ("hand-in.zip" if files else "hand-in.ipynb")
        text = notebook(answers, **more)
        if files:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("tiny.ipynb", text)
                for name, data in files.items():
                    archive.writestr(name, data)
        else:
            path.write_text(text)
        [result] = grade_class(KitJob(kit), [HandIn(path, path.name)], choose_wall("auto"), jobs=1)
        return result

    return grade


def question(result: SubmissionResult, id: str) -> QuestionResult:
    return next(question for question in result.questions if question.id == id)


def scores(result: SubmissionResult) -> dict[str, float]:
    return {question.id: question.auto_score for question in result.questions}


def check(result: SubmissionResult, id: str, name: str) -> Verdict:
    return next(verdict for verdict in question(result, id).checks if verdict.name == name)
