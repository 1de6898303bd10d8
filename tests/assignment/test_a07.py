"""The content of a07-attention: what it says agrees with what PyTorch says."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from autograder.assignment import Kind
from autograder.assignment.models import Numeric
from tests.assignment.content import Content

CONTENT = Content("a07-attention")
MASTER = CONTENT.master

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


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return CONTENT.reference


@pytest.fixture(scope="module")
def stand_ins() -> dict[str, Any]:
    return CONTENT.stand_ins


def test_questions_and_points_are_as_agreed() -> None:
    questions = MASTER.assignment.questions

    assert [(item.id, item.kind, item.auto, item.manual) for item in questions] == POINTS
    assert MASTER.assignment.max_score == 58


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
