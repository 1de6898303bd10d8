"""Tensors in a check: shapes, dtypes and equality, with messages that a student can use."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

MOST_SHOWN = 64
"""Entries of the largest tensor that a message shows in full."""


class WrongForm(AssertionError):
    """What came back is not of the type, shape or dtype that was asked for."""


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
    Raises WrongForm with a message for the student.
    """
    call = f"\nCalled with\n{inputs}" if inputs else ""
    if not isinstance(value, torch.Tensor):
        raise WrongForm(f"{name} should be a torch tensor, but it is {kind_of(value)}.{call}")
    if shape is not None and tuple(value.shape) != tuple(shape):
        raise WrongForm(
            f"{name} should have the shape {tuple(shape)}, but has {tuple(value.shape)}.{call}"
        )
    if dtype is None and not value.dtype.is_floating_point:
        raise WrongForm(f"{name} should hold floats, but its dtype is {_dtype(value)}.{call}")
    if dtype is not None and value.dtype != dtype:
        raise WrongForm(
            f"{name} should have the dtype {str(dtype).removeprefix('torch.')}, "
            f"but has {_dtype(value)}.{call}"
        )
    return value


def expect_pair(value: Any, names: str) -> tuple[Any, Any]:
    """The two parts of what a function returned. Raises WrongForm where it is no pair."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise WrongForm(
            f"the function should return a pair, ({names}), but it returned {kind_of(value)}."
        )
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
    if got.shape != expected.shape:
        raise WrongForm(
            f"{name} should have the shape {tuple(expected.shape)}, but has {tuple(got.shape)}.\n"
            f"{call}"
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
    if got.numel() > MOST_SHOWN:
        count = got.numel() if where is None else int(where.expand_as(wrong).sum())
        both = f"  {int(wrong.sum())} of {count} numbers are off."
    else:
        both = f"  expected: {show(expected)}\n  got:      {show(got)}"
    raise AssertionError(
        f"{entry_of(name, index)} should be {_number(expected[index])}, "
        f"but is {_number(got[index])}.\n{call}{both}"
    )


def expect_finite(
    value: torch.Tensor, name: str, *, where: torch.Tensor | None = None, inputs: str = ""
) -> None:
    """Demand that a tensor holds neither NaN nor infinity.

    ``where`` (bool, broadcastable) picks the entries that count. Raises AssertionError.
    """
    bad = ~torch.isfinite(value)
    if where is not None:
        bad &= where.expand_as(bad)
    if not bad.any():
        return
    index = tuple(bad.nonzero()[0].tolist())
    call = f"Called with\n{inputs}\n" if inputs else ""
    raise AssertionError(
        f"{entry_of(name, index)} should be a finite number, but is {_number(value[index])}.\n"
        f"{call}  your {name.removeprefix('the ')}: {show(value)}"
    )


def entry_of(name: str, index: tuple[int, ...]) -> str:
    """An entry of what is called ``name``, as a message names it: ``weights[0, 1]``."""
    if not index:
        return name
    return f"{name}{list(index)}" if name.isidentifier() else f"{name} (at {list(index)})"


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


def kind_of(value: Any) -> str:
    """What a value is, in a few words for a student."""
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
