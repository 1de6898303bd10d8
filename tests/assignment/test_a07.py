"""The content of a07-attention: its files agree with each other and with what PyTorch says."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import jupytext
import pytest
import torch
from nbformat import NotebookNode
from otter.assign.solutions import replace_solutions

from autograder.assignment import Kind, load_master
from autograder.assignment.models import Matching, Numeric, SingleChoice

FOLDER = Path(__file__).parents[2] / "solutions" / "a07-attention"
PLACEHOLDER = "_Type your answer here, replacing this text._"

# id, kind, automatic points, manual points: what was agreed with the course.
POINTS = [
    ("q1_1", Kind.SHORT_TEXT, 0, 2),
    ("q1_2", Kind.MATCHING, 3, 0),
    ("q1_3", Kind.SHORT_TEXT, 0, 2),
    ("q1_4", Kind.SINGLE_CHOICE, 1, 1),
    ("q2_1", Kind.ESSAY, 0, 6),
    ("q2_2", Kind.ESSAY, 0, 6),
    ("q3_1", Kind.CODE, 3, 0),
    ("q3_2", Kind.CODE, 5, 0),
    ("q3_3", Kind.CODE, 5, 0),
    ("q3_4", Kind.CODE, 3, 0),
    ("q3_5", Kind.CODE, 6, 0),
    ("q3_6", Kind.CODE, 8, 0),
    ("q3_7", Kind.NUMERIC, 2, 2),
    ("q3_8", Kind.CODE, 3, 0),
]
MASTER = load_master(FOLDER)


@pytest.fixture(scope="module")
def notebook() -> NotebookNode:
    return jupytext.read(FOLDER / "notebook.md")


@pytest.fixture(scope="module")
def answers(notebook: NotebookNode) -> dict[str, list[NotebookNode]]:
    """The tagged cells, by tag."""
    cells = defaultdict(list)
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            cells[tag].append(cell)
    return cells


@pytest.fixture(scope="module")
def reference(notebook: NotebookNode, answers: dict[str, list[NotebookNode]]) -> dict[str, Any]:
    """The names of the reference solution: the imports and the answers, short of data."""
    imports = next(cell for cell in notebook.cells if cell.source.startswith("import math"))
    written = [
        of_kind(answers[question.id], "code")[:1] for question in MASTER.assignment.questions
    ]
    names: dict[str, Any] = {}
    for cell in [imports, *(cell for cells in written for cell in cells)]:
        exec(cell.source, names)
    return names


@pytest.fixture(scope="module")
def stand_ins() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for question in MASTER.assignment.questions:
        if question.stand_in:
            exec((FOLDER / question.stand_in).read_text(), names)
    return names


def blank(cell: NotebookNode) -> str:
    """A code cell as students get it."""
    return "\n".join(replace_solutions(cell.source.split("\n"), "python"))


def of_kind(cells: list[NotebookNode], kind: str) -> list[NotebookNode]:
    return [cell for cell in cells if cell.cell_type == kind]


def test_questions_and_points_are_as_agreed() -> None:
    questions = MASTER.assignment.questions

    assert [(item.id, item.kind, item.auto, item.manual) for item in questions] == POINTS
    assert MASTER.assignment.max_score == 58


def test_rubrics_add_up_to_the_manual_points_exactly() -> None:
    for question in MASTER.assignment.questions:
        if question.manual:
            items = MASTER.rubrics.rubrics[question.id].items
            assert sum(item.points for item in items) == question.manual, question.id
            assert all(item.look_for for item in items), question.id


def test_headings_state_title_and_points_of_their_question(notebook: NotebookNode) -> None:
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^### (\d)\.(\d) (.+) · (\d+) points$", text, re.MULTILINE)

    stated = [(f"q{part}_{number}", title, float(sum_)) for part, number, title, sum_ in headings]
    assert stated == [
        (item.id, item.title, item.auto + item.manual) for item in MASTER.assignment.questions
    ]


def test_the_notebook_states_deadline_and_late_policy(notebook: NotebookNode) -> None:
    text = " ".join("\n".join(cell.source for cell in notebook.cells).split())
    deadline = MASTER.assignment.deadline

    assert f"{deadline:%A}, {deadline.day} {deadline:%B %Y}, {deadline:%H:%M} (CET)" in text
    assert MASTER.assignment.late_policy.strip() in text


def test_every_question_has_answer_cells_of_the_right_kind(
    answers: dict[str, list[NotebookNode]],
) -> None:
    for question in MASTER.assignment.questions:
        cells = answers[question.id]
        assert bool(of_kind(cells, "code")) == bool(question.auto), question.id
        assert len(of_kind(cells, "markdown")) == bool(question.manual), question.id


def test_written_answers_are_blank(answers: dict[str, list[NotebookNode]]) -> None:
    for question in MASTER.assignment.questions:
        for cell in of_kind(answers[question.id], "markdown"):
            assert cell.source == PLACEHOLDER, question.id


def test_code_answers_are_blank_for_students(answers: dict[str, list[NotebookNode]]) -> None:
    for question in MASTER.assignment.questions:
        if question.kind is Kind.CODE:
            source = blank(of_kind(answers[question.id], "code")[0])
            compile(source, question.id, "exec")
            assert "raise NotImplementedError" in source, question.id
            assert "return " not in re.sub(r'"""[\s\S]*?"""', "", source), question.id


def test_quiz_variables_start_as_none(answers: dict[str, list[NotebookNode]]) -> None:
    for id, item in MASTER.quiz.items.items():
        names: dict[str, Any] = {}
        exec(blank(of_kind(answers[id], "code")[0]), names)
        if isinstance(item, Matching):
            assert names[item.variable] == dict.fromkeys(row.key for row in item.rows)
        elif isinstance(item, SingleChoice):
            assert names[item.variable] is None
        else:
            assert [names[part.variable] for part in item.parts] == [None] * len(item.parts)


def test_the_reference_answers_the_quiz(reference: dict[str, Any]) -> None:
    for item in MASTER.quiz.items.values():
        if isinstance(item, Matching):
            assert reference[item.variable] == {row.key: row.answer for row in item.rows}
        elif isinstance(item, SingleChoice):
            assert reference[item.variable] == item.answer
        else:
            assert [reference[part.variable] for part in item.parts] == [
                part.answer for part in item.parts
            ]


def test_name_and_number_have_their_cell(answers: dict[str, list[NotebookNode]]) -> None:
    (cell,) = answers["student"]

    assert re.search(r"^\*\*Name:\*\*", cell.source, re.MULTILINE)
    assert re.search(r"^\*\*Student number:\*\*", cell.source, re.MULTILINE)


def test_one_cell_trains(answers: dict[str, list[NotebookNode]]) -> None:
    training = MASTER.assignment.training
    (cell,) = answers["training"]

    assert training is not None
    assert training.question in cell.metadata["tags"]
    assert f"train({training.object}, " in cell.source
    assert training.checkpoint in cell.source


def test_the_numbers_of_q3_7_are_those_of_pytorch(reference: dict[str, Any]) -> None:
    item = MASTER.quiz.items["q3_7"]
    assert isinstance(item, Numeric)
    modules = {
        "lstm_parameters": torch.nn.LSTM(64, 64),
        "attention_parameters": reference["MultiHeadSelfAttention"](64, 4),
        "feed_forward_parameters": torch.nn.Sequential(
            torch.nn.Linear(64, 128), torch.nn.Linear(128, 64)
        ),
    }

    counted = {
        name: sum(p.numel() for p in module.parameters()) for name, module in modules.items()
    }
    assert {part.variable: part.answer for part in item.parts} == counted
    assert sum(part.points or 0 for part in item.parts) == MASTER.assignment.question("q3_7").auto


def test_stand_ins_define_what_students_write(
    stand_ins: dict[str, Any], answers: dict[str, list[NotebookNode]]
) -> None:
    for question in MASTER.assignment.questions:
        if question.stand_in:
            source = blank(of_kind(answers[question.id], "code")[0])
            (name,) = re.findall(r"^(?:def|class) (\w+)", source, re.MULTILINE)
            assert name in stand_ins, question.id


def test_the_stand_in_pads_as_the_reference_does(
    reference: dict[str, Any], stand_ins: dict[str, Any]
) -> None:
    sequences = [[5, 0, 7], [], [1, 2, 3, 4, 5, 6, 7, 8]]

    ours = reference["pad_batch"](sequences, 6, 9)
    theirs = stand_ins["pad_batch"](sequences, 6, 9)

    assert ours[0].tolist() == [[5, 0, 7, 9, 9, 9], [9] * 6, [1, 2, 3, 4, 5, 6]]
    assert ours[1].sum(1).tolist() == [3, 0, 6]
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("size", [1.0, 1000.0])
def test_the_stand_in_attends_as_the_reference_does(
    reference: dict[str, Any], stand_ins: dict[str, Any], size: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 4)]
    inputs = [torch.randn(shape, generator=generator) * size for shape in shapes]
    mask = torch.rand(2, 1, 5, 7, generator=generator) > 0.4
    mask[0, 0, 2] = False

    seen = []
    for names in (reference, stand_ins):
        leaves = [tensor.clone().requires_grad_() for tensor in inputs]
        output, weights = names["scaled_dot_product_attention"](*leaves, mask)
        (output.square().sum() + weights.square().sum()).backward()
        assert not weights.masked_select(~mask).any()
        assert not output[0, :, 2].any()
        seen.append([output, weights, *(leaf.grad for leaf in leaves)])
    for one, other in zip(*seen, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_the_stand_in_has_the_heads_of_the_reference(
    reference: dict[str, Any], stand_ins: dict[str, Any]
) -> None:
    torch.manual_seed(0)
    ours = reference["MultiHeadSelfAttention"](64, 4)
    theirs = stand_ins["MultiHeadSelfAttention"](64, 4)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, 9, 64)
    mask = torch.arange(9) < torch.tensor([9, 4, 1])[:, None]

    for one, other in zip(ours(x, mask), theirs(x, mask), strict=True):
        torch.testing.assert_close(one, other)


def test_positions_that_stand_in_do_not_depend_on_the_length(stand_ins: dict[str, Any]) -> None:
    encode = stand_ins["positional_encoding"]

    assert torch.equal(encode(20, 64), encode(256, 64)[:20])
    assert encode(5, 7).unique(dim=0).shape == (5, 7)


@pytest.mark.parametrize("source", ["reference", "stand_ins"])
def test_reference_and_stand_in_keep_to_the_classifier_s_interface(
    source: str, request: pytest.FixtureRequest
) -> None:
    names = request.getfixturevalue(source)
    torch.manual_seed(0)
    model = names["EncoderClassifier"](vocab_size=50)
    tokens, mask = names["pad_batch"]([[1, 2, 3, 4], [5, 6]], 10)
    padding = torch.zeros(2, 3, dtype=torch.long)
    longer = torch.cat([tokens, padding], dim=1), torch.cat([mask, padding.bool()], dim=1)

    maps = model.attention_maps(tokens, mask)
    assert model.training
    assert not torch.equal(model(tokens, mask), model(tokens, mask)), "dropout never acts"
    model.eval()

    for grad in (True, False):  # without gradients PyTorch's layers take a fast path of their own
        with torch.set_grad_enabled(grad):
            logits = model(tokens, mask)
            assert logits.shape == (2,)
            assert model(tokens[:1], mask[:1]).shape == (1,)
            torch.testing.assert_close(model(*longer), logits)
            assert not torch.allclose(model(tokens.flip(1), mask.flip(1)), logits)
    assert [weights.shape for weights in maps] == [(2, 4, 4, 4)] * 2
    assert not maps[1][1, :, :, 2:].any(), "weight on padding"
