from __future__ import annotations

import copy
import io
import json
from typing import Any

import pytest
import torch
from safetensors.torch import save, save_file
from torch import nn

from autograder.checks.training import expect_history, read_safetensors, run_training


class Scores(nn.Module):
    """One score a word, summed over the real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.scores = nn.Embedding(10, 1)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return (self.scores(tokens).squeeze(-1) * mask).sum(1)


def batch(reviews: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    rows = [torch.tensor(review) for review in reviews]
    tokens = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return tokens, torch.arange(tokens.shape[1]) < torch.tensor([[len(row)] for row in rows])


def train(model: Any, train_set: Any, valid_set: Any, checkpoint: str, **options: Any) -> Any:
    """Two epochs, a batch a review, on a copy of the model."""
    network = copy.deepcopy(model) if options.get("copies") else model
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    losses: dict[str, list[float]] = {"train_loss": [], "valid_loss": []}
    for _ in range(2):
        network.train()
        for review, label in zip(*train_set, strict=True):
            tokens, mask = batch([review])
            given = {"mask": mask, "tokens": tokens} if options.get("names") else {}
            loss = nn.functional.binary_cross_entropy_with_logits(
                network(**given) if given else network(tokens, mask), torch.tensor([float(label)])
            )
            if options.get("clears", True):
                optimizer.zero_grad()
            if options.get("asks"):
                parameters = list(network.parameters())
                for part, gradient in zip(
                    parameters, torch.autograd.grad(loss, parameters), strict=True
                ):
                    part.grad = gradient
            else:
                loss.backward()
            if options.get("steps", True):
                optimizer.step()
        if options.get("pickles"):
            kept = io.BytesIO()
            torch.save(network, kept)
            kept.seek(0)
            network.load_state_dict(torch.load(kept, weights_only=False).state_dict())
        network.eval()
        with torch.no_grad():
            logits = network(*batch(valid_set[0]))
        losses["train_loss"].append(loss.item())
        losses["valid_loss"].append(logits.mean().item())
    save_file(network.state_dict(), checkpoint)
    return losses


SET = ([[1, 2, 3], [4, 5], [1, 6]], [1, 0, 1])


def run(rig: dict[str, Any], **options: Any) -> dict[str, Any]:
    return run_training(Scores, train, 0, {}, SET, ([[3, 1], [2]], [0, 0]), options, rig)


@pytest.mark.parametrize("copies", [False, True])
def test_sees_what_a_training_loop_does(copies: bool) -> None:
    seen = run({}, copies=copies)
    assert seen["used"] == [[[review], True] for review in SET[0] * 2]
    assert seen["evaluated"] == [[3, 1], [2]] * 2
    assert seen["widest"] == 3
    assert seen["cleared"] == [True] * 6
    assert read_safetensors(seen["file"]).keys() == {"scores.weight"}


def test_a_model_may_be_called_by_the_names_of_its_arguments() -> None:
    named, by_position = run({}, names=True), run({})
    assert named["used"] == by_position["used"]
    assert named["history"] == by_position["history"]


def test_sees_gradients_that_are_not_cleared() -> None:
    assert run({}, clears=False)["cleared"] == [True, *[False] * 5]


def test_gradients_that_are_asked_for_are_added_to_nothing() -> None:
    assert run({}, asks=True, clears=False)["cleared"] == [True] * 6


def test_sees_steps_and_their_learning_rates() -> None:
    seen, still = run({}), run({}, steps=False)
    assert seen["moved"] == [True] * 5
    assert seen["rates"] == [[0.1]] * 6
    assert still["moved"] == [False] * 5
    assert still["rates"] == []


def test_watches_no_optimiser_afterwards() -> None:
    rates = run({})["rates"]
    model = Scores()
    torch.optim.SGD(model.parameters(), lr=0.7).step()
    assert rates == [[0.1]] * 6


def test_a_model_may_be_kept_by_pickling_it() -> None:
    assert run({}, pickles=True)["history"] == run({})["history"]


def test_shifts_set_the_validation_outputs_epoch_by_epoch() -> None:
    seen = run({"shifts": [3.0, -2.0], "wobble": 0.0})
    assert seen["history"]["valid_loss"] == [3.0, -2.0]


def test_wobble_tells_the_weights_of_one_epoch_from_anothers() -> None:
    seen = run({"shifts": [3.0, -2.0], "wobble": 0.1})
    model = Scores()
    model.load_state_dict(seen["state"])
    logits = model(*batch([[3, 1], [2]]))
    assert seen["history"]["valid_loss"][1] == pytest.approx(
        (0.1 * logits.sin() - 2).mean().item(), abs=1e-6
    )
    assert abs(seen["history"]["valid_loss"][0] - 3 - (seen["history"]["valid_loss"][1] + 2)) > 1e-4


def test_bump_raises_the_logits_of_marked_reviews() -> None:
    plain, bumped = (run({} if not bump else {"bump": bump, "marked": 3}) for bump in (0, 5.0))
    # A marked review is in the validation set alone, so training goes the same way.
    difference = bumped["history"]["valid_loss"][0] - plain["history"]["valid_loss"][0]
    assert difference == pytest.approx(2.5, abs=1e-5)


def test_reads_what_safetensors_writes() -> None:
    tensors = {
        "a": torch.arange(6, dtype=torch.float32).reshape(2, 3),
        "b": torch.tensor([True, False]),
        "c": torch.zeros(0, 4, dtype=torch.int64),
        "d": torch.tensor(1.5, dtype=torch.bfloat16),
    }
    found = read_safetensors(save(tensors, {"note": "with metadata"}))
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def overlapping(count: int) -> bytes:
    """Tensors that each claim all of the data."""
    entry = {"dtype": "U8", "shape": [10_000], "data_offsets": [0, 10_000]}
    header = json.dumps({str(number): entry for number in range(count)}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(10_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 a zip as torch.save writes it",
        b"\xff" * 40,
        (2).to_bytes(8, "little") + b"[]",
        (9).to_bytes(8, "little") + b'{"a": {}}',
        overlapping(1000),
        (2**21).to_bytes(8, "little") + b"{}".ljust(2**21),
    ],
)
def test_refuses_what_is_not_safetensors(data: bytes) -> None:
    with pytest.raises(AssertionError, match="not in the safetensors format"):
        read_safetensors(data)


def test_missing_file_is_named() -> None:
    with pytest.raises(AssertionError, match="left no file"):
        read_safetensors(None)


def test_takes_a_history_of_the_right_form() -> None:
    history = {"train_loss": [0.7, 0.6], "valid_loss": [0.8, 0.9]}
    assert expect_history(history, 2) == ([0.7, 0.6], [0.8, 0.9])


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ([0.7], "should return a dictionary"),
        ({"train_loss": [0.7]}, "should return a dictionary"),
        ({"train_loss": [0.7], "valid_loss": [torch.tensor(0.7)]}, "should be a list of floats"),
        ({"train_loss": [0.7], "valid_loss": 0.7}, "should be a list of floats"),
        ({"train_loss": [0.7], "valid_loss": []}, "1 training losses but 0 validation losses"),
        ({"train_loss": [0.7], "valid_loss": [0.7]}, "2 epochs should have been run"),
    ],
)
def test_names_what_is_wrong_with_a_history(history: object, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        expect_history(history, 2)


def test_says_so_where_the_model_returns_more_than_logits() -> None:
    class Pair(Scores):
        def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> Any:
            return super().forward(tokens, mask), None

    with pytest.raises(TypeError, match=r"return the logits alone.*returned tuple"):
        run_training(Pair, train, 0, {}, SET, SET, {}, {})
