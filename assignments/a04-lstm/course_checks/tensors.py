"""Tensors in a check: shapes, dtypes and equality, with messages that a student can use."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

MOST_SHOWN = 64
"""Entries of the largest tensor that a message shows in full."""


def show(value: Any) -> str:
    """A value as a student would write it, with numbers rounded to 4 digits.

    Large tensors come as shape and dtype alone.
    """
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, torch.Tensor):
        if value.numel() > MOST_SHOWN:
            return f"a tensor of shape {tuple(value.shape)} and dtype {_dtype(value)}"
        return _rows(value.tolist())
    return repr(value)


def given(**inputs: Any) -> str:
    """A line for each input, as the start of a message: ``query = [[1, 0], [0, 1]]``."""
    return "\n".join(f"  {name} = {show(value)}" for name, value in inputs.items())


def expect_tensor(
    value: Any,
    name: str,
    shape: tuple[int, ...] | None = None,
    dtype: torch.dtype | None = None,
    inputs: str = "",
) -> torch.Tensor:
    """``value`` itself, if it is a tensor of that shape and dtype.

    Without ``dtype`` any floating dtype will do. ``inputs`` is what `given` says of the call.
    Raises AssertionError with a message for the student.
    """
    call = f"\nCalled with\n{inputs}" if inputs else ""
    assert isinstance(value, torch.Tensor), (
        f"{name} should be a torch tensor, but it is {_kind(value)}.{call}"
    )
    assert shape is None or tuple(value.shape) == tuple(shape), (
        f"{name} should have the shape {tuple(shape or ())}, but has {tuple(value.shape)}.{call}"
    )
    if dtype is None:
        assert value.dtype.is_floating_point, (
            f"{name} should hold floats, but its dtype is {_dtype(value)}.{call}"
        )
    else:
        assert value.dtype == dtype, (
            f"{name} should have the dtype {str(dtype).removeprefix('torch.')}, "
            f"but has {_dtype(value)}.{call}"
        )
    return value


def expect_pair(value: Any, names: str) -> tuple[Any, Any]:
    """The two parts of what a function returned. Raises AssertionError where it is no pair."""
    is_pair = isinstance(value, tuple | list) and len(value) == 2
    assert is_pair, f"the function should return a pair, ({names}), but it returned {_kind(value)}."
    return value[0], value[1]


def expect_close(
    got: torch.Tensor,
    expected: torch.Tensor,
    name: str,
    *,
    where: torch.Tensor | None = None,
    atol: float = 1e-5,
    rtol: float = 1e-4,
    inputs: str = "",
) -> None:
    """Demand that two tensors of one shape are equal up to ``atol + rtol * |expected|``.

    The defaults leave room for two right ways to compute in float32. ``where`` (bool,
    broadcastable) picks the entries that count. NaN equals nothing. Raises AssertionError that
    shows the worst entry.
    """
    call = f"Called with\n{inputs}\n" if inputs else ""
    assert got.shape == expected.shape, (
        f"{name} should have the shape {tuple(expected.shape)}, but has {tuple(got.shape)}.\n{call}"
    )
    difference = (got.double() - expected.double()).abs()
    # NaN compares as false: a difference that is NaN counts as too large.
    wrong = ~(difference <= atol + rtol * expected.double().abs())
    if where is not None:
        wrong &= where.expand_as(wrong)
    if not wrong.any():
        return
    worst = torch.where(wrong, difference.nan_to_num(torch.inf), -1.0).argmax()
    index = tuple(int(part) for part in np.unravel_index(int(worst), got.shape))
    place = f" at {list(index)}" if index else ""
    raise AssertionError(
        f"{name} is wrong{place}: expected {_number(expected[index])}, got {_number(got[index])}.\n"
        f"{call}  expected: {show(expected)}\n  got:      {show(got)}"
    )


def expect_finite(value: torch.Tensor, name: str) -> None:
    """Demand that a tensor holds neither NaN nor infinity. Raises AssertionError."""
    bad = (~torch.isfinite(value)).nonzero()
    assert not len(bad), (
        f"{name} holds {_number(value[tuple(bad[0])])} at {bad[0].tolist()}, "
        "but every entry should be a finite number."
    )


def expect_unchanged(before: Any, after: Any, name: str) -> None:
    """Demand that a function left its argument as it was. Raises AssertionError."""
    if isinstance(before, torch.Tensor):
        same = (
            isinstance(after, torch.Tensor)
            and after.dtype == before.dtype
            and torch.equal(after, before)
        )
    else:
        same = bool(after == before)
    assert same, (
        f"the function changed its argument {name}.\n"
        f"  before the call: {show(before)}\n  after it: {show(after)}"
    )


def _rows(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_rows(part) for part in value) + "]"
    return _number(value)


def _number(value: Any) -> str:
    item = value.item() if isinstance(value, torch.Tensor) else value
    return f"{item:.4g}" if isinstance(item, float) else str(item)


def _dtype(value: torch.Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, torch.Tensor):
        return f"a single tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    if isinstance(value, str | bytes | int | float | dict | set):
        return f"a {type(value).__name__}"
    return "something else"
