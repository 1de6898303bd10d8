"""Reading a checkpoint that came with a hand-in: tensors, or words for the student."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save

from autograder.errors import UnreadableSubmission
from autograder.grading import checkpoint
from autograder.grading.checkpoint import MAX_TENSORS, read_checkpoint


def test_tensors_come_by_name() -> None:
    tensors = {"weight": torch.ones(2, 3), "count": torch.tensor(3)}
    read = read_checkpoint(save(tensors), "a.safetensors", 1)
    assert {name: tensor.tolist() for name, tensor in read.items()} == {
        "weight": [[1, 1, 1], [1, 1, 1]],
        "count": 3,
    }


def test_as_many_tensors_as_are_allowed_are_read() -> None:
    assert len(read_checkpoint(_empty_tensors(MAX_TENSORS), "a.safetensors", 1)) == MAX_TENSORS


def test_more_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "load", lambda data: pytest.fail("they were made"))
    with pytest.raises(UnreadableSubmission, match="more than 5,000 tensors"):
        read_checkpoint(_empty_tensors(MAX_TENSORS + 1), "a.safetensors", 1)


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x04N.", b"\xff" * 8 + b"{}", save({"x": torch.ones(9)})[:-1]]
)
def test_what_is_none_is_refused_with_words(data: bytes) -> None:
    with pytest.raises(UnreadableSubmission, match="not a safetensors file") as refused:
        read_checkpoint(data, "a.safetensors", 1)
    assert "save_file" in refused.value.remedy


def test_a_large_one_is_refused() -> None:
    with pytest.raises(UnreadableSubmission, match="2 MB large"):
        read_checkpoint(bytes(2 * 2**20), "a.safetensors", 1)


def _empty_tensors(count: int) -> bytes:
    one = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({str(number): one for number in range(count)}).encode()
    return len(header).to_bytes(8, "little") + header
