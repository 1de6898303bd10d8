from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from autograder.checks.mixing import expect_weights_that_mix, gradients_by_weights
from autograder.judge.student import in_process


class Reader(nn.Module):
    """One layer of attention with two heads; the maps show the scores times ``bend``."""

    def __init__(self, bend: float = 1.0, *, fused: bool = True, normalised: bool = False) -> None:
        super().__init__()
        self.bend, self.fused, self.normalised = bend, fused, normalised
        self.words, self.places = nn.Embedding(11, 4), nn.Embedding(8, 4)
        self.three = nn.Linear(4, 12) if fused else nn.ModuleList(nn.Linear(4, 4) for _ in "qkv")
        self.output, self.head = nn.Linear(4, 4), nn.Linear(4, 1)
        self.block = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 4))

    def heads(self, tokens: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        y = nn.functional.layer_norm(x, (4,))
        if isinstance(self.three, nn.Linear):
            parts = list(self.three(y).chunk(3, dim=-1))
        else:
            parts = [part(y) for part in self.three]
        return x, [part.unflatten(-1, (2, 2)).transpose(1, 2) for part in parts]

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        x, (query, key, value) = self.heads(tokens)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        mixed = mixed.transpose(1, 2).flatten(2)
        x = x + self.output(nn.functional.layer_norm(mixed, (4,)) if self.normalised else mixed)
        return self.head((x + self.block(x)).mean(1)).squeeze(-1)

    @torch.no_grad()
    def attention_maps(self, tokens: Tensor, mask: Tensor) -> list[Tensor]:
        _, (query, key, _) = self.heads(tokens)
        return [(self.bend * query @ key.mT / math.sqrt(2)).softmax(-1)]


WORDS = torch.tensor([[4], [1], [7], [5], [3], [9], [0], [8], [6], [10], [2]])


def found_in(model: nn.Module) -> list[list[Tensor]]:
    student = in_process({"model": model})
    found: list[list[Tensor]] = student.probe(
        gradients_by_weights, student.model, WORDS[:2].T, WORDS[:8].T, WORDS, 0, 24
    )
    return found


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("fused", [True, False])
def test_the_weights_of_forward_explain_its_gradients(fused: bool) -> None:
    found = found_in(Reader(fused=fused))
    # Values of their own silence the attention as the output does.
    assert len(found) == (1 if fused else 2)
    expect_weights_that_mix(found, free=4)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("bend", [math.sqrt(2), math.sqrt(1 / 2)])
def test_weights_that_were_scaled_otherwise_do_not(bend: float, fused: bool) -> None:
    with pytest.raises(AssertionError, match="not the weights that forward mixes"):
        expect_weights_that_mix(found_in(Reader(bend, fused=fused)), free=4)


@pytest.mark.parametrize("fused", [True, False])
def test_what_was_mixed_may_be_normalised_before_the_output(fused: bool) -> None:
    expect_weights_that_mix(found_in(Reader(fused=fused, normalised=True)), free=4)


def test_a_gradient_that_hardly_changes_says_nothing() -> None:
    # A unit of the feed-forward block that was cut off: rounding is all that is left to explain.
    weights, noise = torch.rand(12, 4), 1e-5 * torch.randn(12, 16)
    expect_weights_that_mix([[weights, weights[:, :0], torch.ones(12, 16) + noise]], free=16)


class Stack(nn.Module):
    """Two layers; ``shown`` makes of both layers' weights what `attention_maps` gives.

    With ``gain`` what was mixed is normalised and scaled by a gain before it is added.
    """

    def __init__(self, shown: Callable[..., Any] = lambda *maps: maps, *, gain: bool = False):
        super().__init__()
        self.shown, self.gain = shown, nn.Parameter(torch.ones(1, 4)) if gain else None
        self.layers = nn.ModuleList(Reader(fused=False) for _ in range(2))

    def read(self, tokens: Tensor, *, blocks: bool = True) -> tuple[Tensor, list[Tensor]]:
        x, maps = self.layers[0].words(tokens) + self.layers[0].places.weight[: tokens.shape[1]], []
        for layer in self.layers:
            y = nn.functional.layer_norm(x, (4,))
            query, key, value = (
                part(y).unflatten(-1, (2, 2)).transpose(1, 2) for part in layer.three
            )
            maps.append((query @ key.mT / math.sqrt(2)).softmax(-1))
            mixed = layer.output((maps[-1] @ value).transpose(1, 2).flatten(2))
            if self.gain is not None:
                mixed = self.gain * nn.functional.layer_norm(mixed, (4,))
            x = x + mixed
            x = x + layer.block(x) if blocks else x
        return x, maps

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        x, _ = self.read(tokens)
        return self.layers[0].head(x.mean(1)).squeeze(-1)

    @torch.no_grad()
    def attention_maps(self, tokens: Tensor, mask: Tensor) -> Any:
        return self.shown(*self.read(tokens)[1])


def test_each_layer_explains_its_own_gradients() -> None:
    found = found_in(Stack())
    assert [later.shape[1] > 0 for _, later, _ in found].count(True) >= 2
    expect_weights_that_mix(found, free=4)


def test_a_feature_that_vanishes_in_the_review_is_not_the_layers_own() -> None:
    # Where the first layer is silent, the queries and keys of the second one read zeros, too.
    model = Stack()
    with torch.no_grad():
        first = model.layers[0]
        for part in first.places.weight, first.output.bias, *first.block[-1].parameters():
            part.zero_()
        model.layers[1].output.weight.mul_(10)
        first.words.weight[WORDS[:2, 0]] = torch.tensor([[0.0, 1, -2, 1], [0.0, -1, -1, 2]])
    # So many ways at most: with 4, the further ones would keep the gradient from being looked at.
    expect_weights_that_mix(found_in(model), free=7)


def test_a_gain_behind_a_norm_says_nothing() -> None:
    expect_weights_that_mix(found_in(Stack(gain=True)), free=4)


def test_maps_that_hold_those_of_the_layer_before_do_not_pass() -> None:
    rolled = Stack(lambda first, second: [first, second @ first])
    with pytest.raises(AssertionError, match="of a layer before it, too"):
        expect_weights_that_mix(found_in(rolled), free=4)


def test_maps_of_another_path_do_not_pass() -> None:
    model = Stack()
    short = torch.no_grad()(lambda tokens, mask: model.read(tokens, blocks=False)[1])
    model.attention_maps = short  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="not the weights that forward mixes"):
        expect_weights_that_mix(found_in(model), free=4)


def test_parameters_are_as_they_were() -> None:
    model = Reader()
    before = [parameter.clone() for parameter in model.parameters()]
    found_in(model)
    assert all(map(torch.equal, before, model.parameters()))
