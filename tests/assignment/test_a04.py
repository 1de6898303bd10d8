"""The content of a04-lstm: what it says agrees with what PyTorch says."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from autograder.assignment import Kind
from autograder.assignment.models import Numeric
from tests.assignment.content import Content

CONTENT = Content("a04-lstm")

# id, kind, automatic points, manual points: what was agreed with the course.
POINTS = [
    ("q1_1", Kind.SHORT_TEXT, 0, 2),
    ("q1_2", Kind.MATCHING, 3, 0),
    ("q1_3", Kind.NUMERIC, 3, 1),
    ("q1_4", Kind.SINGLE_CHOICE, 1, 1),
    ("q1_5", Kind.SHORT_TEXT, 0, 2),
    ("q2_1", Kind.ESSAY, 0, 6),
    ("q3_1", Kind.CODE, 3, 0),
    ("q3_2", Kind.CODE, 3, 0),
    ("q3_3", Kind.CODE, 4, 0),
    ("q3_4", Kind.CODE, 5, 0),
    ("q3_5", Kind.CODE, 6, 0),
    ("q3_6", Kind.CODE, 8, 0),
]


def test_questions_and_points_are_as_agreed() -> None:
    questions = CONTENT.questions

    assert [(item.id, item.kind, item.auto, item.manual) for item in questions] == POINTS
    assert CONTENT.master.assignment.max_score == 48


def test_the_numbers_of_q1_3_are_those_of_pytorch() -> None:
    item = CONTENT.master.quiz.items["q1_3"]
    assert isinstance(item, Numeric)
    one = torch.nn.LSTM(50, 80)
    two = torch.nn.LSTM(50, 80, num_layers=2, bidirectional=True)

    assert {part.variable: part.answer for part in item.parts} == {
        "weight_ih_rows": one.weight_ih_l0.shape[0],
        "weight_ih_columns": one.weight_ih_l0.shape[1],
        "one_layer_parameters": sum(p.numel() for p in one.parameters()),
        "two_layer_bidirectional_parameters": sum(p.numel() for p in two.parameters()),
    }


@pytest.fixture(params=["reference", "stand_ins"])
def names(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = getattr(CONTENT, request.param)
    return found


def test_batches_hold_every_review_once(names: dict[str, Any]) -> None:
    tokens, lengths = names["pad_batch"]([[5, 0, 7], [], [1]], 9)
    assert tokens.tolist() == [[5, 0, 7], [9, 9, 9], [1, 9, 9]]
    assert lengths.tolist() == [3, 0, 1]

    for seed in None, 3:
        batches = names["batches_by_length"]([4, 1, 3, 1, 2], 2, seed=seed)
        assert sorted(index for batch in batches for index in batch) == [0, 1, 2, 3, 4]
        assert max(map(len, batches)) == 2
        assert names["batches_by_length"]([4, 1, 3, 1, 2], 2, seed=seed) == batches


def test_the_steps_of_reference_and_stand_in_agree() -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, 5), (3, 4), (3, 4), (16, 5), (16, 4), (16,), (16,)]
    inputs = [torch.randn(shape, generator=generator) for shape in shapes]

    seen = []
    for source in CONTENT.reference, CONTENT.stand_ins:
        leaves = [part.clone().requires_grad_() for part in inputs]
        h, c = source["lstm_step"](*leaves)
        (h.square().sum() + c.sum()).backward()
        seen.append([h, c, *(leaf.grad for leaf in leaves)])
    for one, other in zip(*seen, strict=True):
        torch.testing.assert_close(one, other)


def test_the_lstm_stops_where_each_review_stops(names: dict[str, Any]) -> None:
    torch.manual_seed(0)
    lstm = names["LSTM"](5, 4)
    x = torch.randn(3, 7, 5)

    outputs, (h, c) = lstm(x, torch.tensor([7, 2, 0]))
    alone, (h_alone, c_alone) = lstm(x[1:2, :2], torch.tensor([2]))

    torch.testing.assert_close(outputs[1, :2], alone[0])
    torch.testing.assert_close(h[1:2], h_alone)
    torch.testing.assert_close(c[1:2], c_alone)
    assert not outputs[1, 2:].any()
    assert not outputs[2].any()
    assert not torch.cat([h[2], c[2]]).any()


def test_the_classifier_keeps_to_its_interface(names: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = names["LSTMClassifier"](vocab_size=50)
    tokens, lengths = names["pad_batch"]([[1, 2, 3, 4], [5, 6], []])

    assert not torch.equal(model(tokens, lengths), model(tokens, lengths)), "dropout never acts"
    model.eval()
    logits = model(tokens, lengths)
    assert logits.shape == (3,)
    assert logits.isfinite().all()
    wider = torch.cat([tokens, torch.full((3, 2), 7)], dim=1)
    torch.testing.assert_close(model(wider, lengths), logits)
    assert model(tokens[:1], lengths[:1]).shape == (1,)
