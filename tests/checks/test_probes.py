from __future__ import annotations

import builtins
import dis
import inspect
from types import CodeType
from typing import Any

import pytest
import torch
from torch import nn

from autograder.checks import figures, mixing, pooling, probes, training
from autograder.judge.student import in_process


class Model(nn.Module):
    """Two layers, one of which is never used."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.used = nn.Linear(width, 1)
        self.idle = nn.Linear(width, 1)
        nn.init.zeros_(self.used.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.used(x).squeeze(-1)


@pytest.mark.parametrize(
    "probe",
    [
        *(function for _, function in inspect.getmembers(probes, inspect.isfunction)),
        figures.shows_anything,
        figures.texts_of,
        mixing.gradients_by_weights,
        pooling.make_words_balance,
        pooling.make_words_loud,
        training.run_training,
    ],
)
def test_probe_uses_nothing_of_its_module(probe: Any) -> None:
    # It is shipped as source, and its module stays behind.
    assert globals_of(probe.__code__) <= set(dir(builtins))


def globals_of(code: CodeType) -> set[str]:
    names = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return names.union(*(globals_of(part) for part in inner))


def test_arguments_come_back_as_they_are_after_the_call() -> None:
    def spoil(values: list[int]) -> int:
        return values.pop()

    student = in_process({"spoil": spoil})
    assert student.probe(probes.call_and_arguments, student.spoil, [1, 2]) == [2, [[1]]]


def test_gradients_are_those_of_autograd() -> None:
    def scaled(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return 3 * x * y.detach(), x

    x, y = torch.tensor([1.0, 2.0]), torch.tensor([5.0, 7.0])
    found = probes.gradients(scaled, [x, y], torch.tensor([1.0, 10.0]))
    assert found[0].tolist() == [15.0, 210.0]
    assert found[1] is None
    assert probes.gradients(lambda x: (x.detach(),), [x], torch.ones(2)) == [None]
    assert probes.gradients_of_all(scaled, [x, y])[0].tolist() == [16.0, 22.0]


def test_only_parameters_that_are_used_get_a_gradient() -> None:
    found = probes.parameter_gradients(Model(), torch.ones(2), torch.ones(2, 4))
    assert found["used.weight"].tolist() == [[2.0] * 4]
    assert found["idle.weight"] is None


def test_uses_of_weights_counts_products_and_norms_and_no_look_ups() -> None:
    table, shared, norm = nn.Embedding(5, 3), nn.Linear(3, 3, bias=False), nn.LayerNorm(3)
    model = nn.Sequential(table, shared, nn.ReLU(), shared, norm, nn.Linear(3, 1))
    uses = probes.uses_of_weights(model, torch.tensor([1, 2]))
    assert dict(zip(dict(model.named_parameters()), uses, strict=True)) == {
        "0.weight": 0,
        "1.weight": 2,
        "4.weight": 1,
        "4.bias": 1,
        "5.weight": 1,
        "5.bias": 1,
    }


def test_shared_parameters_count_once() -> None:
    layer = nn.Linear(3, 3)
    assert probes.count_parameters(nn.Sequential(layer, layer)) == 12


def test_layers_of_torch_are_found_in_parts_and_under_classes_of_ones_own() -> None:
    class Reader(nn.GRU):
        pass

    model = nn.Sequential(nn.Linear(3, 4), Reader(4, 5))
    assert {"GRU", "Linear", "Sequential"} <= set(probes.layers_of_torch(model))
    assert "Reader" not in probes.layers_of_torch(model)
    assert "LSTM" not in probes.layers_of_torch(model)


def test_shaking_moves_what_starts_at_zero_and_repeats_itself() -> None:
    one, two = (probes.shaken(Model, 7, 0.3, {"width": 5}) for _ in range(2))
    assert one.used.weight.abs().min() > 0
    assert torch.equal(one.used.weight, two.used.weight)
    assert not torch.equal(one.used.weight, probes.shaken(Model, 8, 0.3, {"width": 5}).used.weight)


def test_logits_are_computed_in_eval_mode_and_in_batches() -> None:
    sizes = []

    class Counts(nn.Module):
        def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            sizes.append(len(tokens))
            assert not self.training
            assert not torch.is_grad_enabled()
            return (tokens * mask).sum(1).float()

    tokens = torch.arange(10).reshape(5, 2)
    logits = probes.logits_in_batches(Counts(), tokens, torch.ones(5, 2, dtype=torch.bool), 2)
    assert logits.tolist() == [1.0, 5.0, 9.0, 13.0, 17.0]
    assert sizes == [2, 2, 1]
