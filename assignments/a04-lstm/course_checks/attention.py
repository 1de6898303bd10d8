"""Attention weights and models that read padded batches: what holds for every right one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .tensors import expect_close, expect_finite, expect_tensor, show


def expect_distribution(
    weights: torch.Tensor,
    allowed: torch.Tensor,
    name: str = "weights",
    *,
    rows: torch.Tensor | None = None,
    zero: float = 0.0,
    inputs: str = "",
) -> None:
    """Demand that each row of (..., n, m) weights is a distribution over the allowed keys.

    ``allowed`` and ``rows`` (bool, broadcastable to (..., n, m) and (..., n)) say which keys a
    query may attend to and which queries count. Weights elsewhere may be at most ``zero``.
    Raises AssertionError that names the row.
    """
    call = f"\nCalled with\n{inputs}" if inputs else ""
    counted = torch.ones(weights.shape[:-1], dtype=torch.bool) if rows is None else rows
    counted = counted.expand(weights.shape[:-1])
    expect_finite(weights, name, where=counted[..., None], inputs=inputs)
    allowed = allowed.expand(weights.shape)
    leaked = (weights.abs() > zero) & ~allowed & counted[..., None]
    if leaked.any():
        index = leaked.nonzero()[0].tolist()
        raise AssertionError(
            f"{name}{index} should be 0, because the mask hides that key, but it is "
            f"{weights[tuple(index)].item():.4g}.{call}\n  your {name}: {show(weights)}"
        )
    sums = weights.double().sum(-1)
    wrong = counted & ~((sums - 1).abs() <= 1e-4)
    if wrong.any():
        index = wrong.nonzero()[0].tolist()
        raise AssertionError(
            f"the row {name}{index} should sum to 1 over the keys, but sums to "
            f"{sums[tuple(index)].item():.4g}.{call}\n  your {name}: {show(weights)}"
        )
    negative = counted[..., None] & (weights < -1e-6)
    assert not negative.any(), (
        f"{name}{negative.nonzero()[0].tolist()} should not be negative, but it is.{call}\n"
        f"  your {name}: {show(weights)}"
    )


Predict = Callable[[torch.Tensor, torch.Tensor], Any]
"""A model in eval mode: (tokens, mask), each (batch, n), to one tensor with a row a review."""


def expect_padding_invariance(
    predict: Predict,
    tokens: torch.Tensor,
    mask: torch.Tensor,
    generator: torch.Generator,
    vocabulary: int,
    extra: int = 3,
) -> None:
    """Demand that padding has no say: neither its ids nor its amount.

    Raises AssertionError.
    """
    logits = predict(tokens, mask)
    other = torch.randint(0, vocabulary, tokens.shape, generator=generator)
    perturbed = torch.where(mask, tokens, other)
    expect_close(predict(perturbed, mask), logits, "the logit with other ids under the padding")
    wider = torch.nn.functional.pad(tokens, (0, extra))
    wider_mask = torch.nn.functional.pad(mask, (0, extra), value=False)
    expect_close(predict(wider, wider_mask), logits, "the logit with more padding")
    # Every row is padded up to here: what zeros do to it shows beside the bare review.
    for row, length in enumerate(mask.sum(dim=1).tolist()):
        bare = predict(tokens[row : row + 1, :length], mask[row : row + 1, :length])
        expect_close(bare, logits[row : row + 1], "the logit without padding")


def expect_batch_independence(predict: Predict, tokens: torch.Tensor, mask: torch.Tensor) -> None:
    """Demand that a review's result is the same in other company and at another place.

    Raises AssertionError.
    """
    logits = predict(tokens, mask)
    for place in range(len(tokens)):
        alone = predict(tokens[place : place + 1], mask[place : place + 1])
        expect_close(alone, logits[place : place + 1], "the logit of a review in a batch of one")
    turned = predict(tokens.flip(0), mask.flip(0)).flip(0)
    expect_close(turned, logits, "the logit at another place in the batch")


def expect_order_matters(
    predict: Predict, tokens: torch.Tensor, generator: torch.Generator, least: float = 1e-4
) -> None:
    """Demand that shuffled words change the result; ``tokens`` holds no padding.

    ``least`` lies far above what float32 makes of another order of summation, 1e-6.
    Raises AssertionError.
    """
    mask = torch.ones_like(tokens, dtype=torch.bool)
    order = torch.randperm(tokens.shape[1], generator=generator)
    logits = predict(tokens, mask)
    expect_finite(logits, "logits")
    difference = (logits - predict(tokens[:, order], mask)).abs().max().item()
    assert difference > least, (
        "the same words in another order give the same logit "
        f"(largest difference {difference:.2g}), so the model can't tell where a word stands."
    )


def expect_varied(logits: torch.Tensor, least: float = 1e-5) -> None:
    """Demand that different reviews get different logits: a constant would be invariant, too.

    Give it at least three reviews of random words: by chance two get nearly the same logit from a
    right model once in some thousand draws. Raises AssertionError.
    """
    expect_finite(logits, "logits")
    spread = (logits.max() - logits.min()).item()
    assert spread > least, (
        f"different reviews all get the logit {logits[0].item():.4g}, so the model does not tell "
        "them apart."
    )


def effects_by_position(
    predict: Predict,
    tokens: torch.Tensor,
    places: list[int],
    generator: torch.Generator,
    vocabulary: int,
) -> torch.Tensor:
    """How far another word at each of these places moves each review's logit: (places, batch).

    ``tokens`` (batch, n) holds no padding.
    """
    rows = torch.arange(len(tokens))
    changed = []
    for place in places:
        shift = torch.randint(1, vocabulary, rows.shape, generator=generator)
        other = tokens.clone()
        other[rows, place] = (other[rows, place] + shift) % vocabulary
        changed.append(other)
    reviews = torch.cat([tokens, *changed])
    logits = predict(reviews, torch.ones_like(reviews, dtype=torch.bool))
    logits = expect_tensor(logits, "logits", (len(reviews),)).reshape(-1, len(tokens))
    effects: torch.Tensor = (logits[1:] - logits[:1]).abs()
    return effects
