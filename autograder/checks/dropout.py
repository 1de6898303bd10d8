"""Dropout: it acts in train mode, as strongly as it was asked to, and never in eval mode."""

from __future__ import annotations

from typing import Any

from .attention import expect_varied
from .tensors import expect_close, expect_finite


def expect_dropout_acts(half: Any, none: Any, *inputs: Any) -> None:
    """Demand that dropout acts in train mode, and that a dropout of 0 does nothing.

    ``half`` and ``none`` are models with dropout 0.5 and 0, in eval mode; ``none`` ends in train
    mode. Called with ``inputs`` they give logits (batch,). Raises AssertionError.
    """
    half.train()
    logits = half(*inputs)
    expect_finite(logits, "logits")
    assert (logits - half(*inputs)).abs().max() > 1e-5, (
        "at dropout=0.5 two calls in train mode agree"
    )
    logits = none(*inputs)
    expect_varied(logits)
    none.train()
    expect_close(none(*inputs), logits, "the logit in train mode at dropout=0")


def expect_dropout_rests(model: Any, *inputs: Any) -> None:
    """Demand that a model in eval mode gives the same logits at every call, also after train mode.

    Raises AssertionError.
    """
    logits = model(*inputs)
    expect_varied(logits)
    expect_close(model(*inputs), logits, "the logit of a second call")
    model.train()
    model(*inputs)
    model.eval()
    expect_close(model(*inputs), logits, "the logit after a while in train mode")
