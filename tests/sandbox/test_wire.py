"""Plain data crosses as exact builtin, NumPy and torch types; everything else is refused."""

from __future__ import annotations

import collections
import enum
import struct
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox.guest import wire


def refuse(item: object) -> int:
    raise wire.WireError(f"{type(item).__name__} is no plain data")


def cross(value: object) -> object:
    return wire.decode(wire.encode(value, refuse), lambda number: pytest.fail("a handle came"))


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**200), max_value=2**200),
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    st.text(),
    st.binary(),
)
keys = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(keys, inner),
        st.sets(keys),
        st.frozensets(keys),
    ),
    max_leaves=30,
)


def same(one: object, other: object) -> bool:
    """Equal, and of the same types all the way down: True is not 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(map(type, one)) == list(map(type, other)) and all(
            key in other and same(item, other[key]) for key, item in one.items()
        )
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@given(values)
def test_plain_values_come_back_equal_and_of_the_same_type(value: object) -> None:
    assert same(cross(value), value)


@pytest.mark.parametrize("dtype", sorted(wire.TENSOR_DTYPES))
def test_tensors_of_every_dtype_come_back_equal(dtype: str) -> None:
    tensor = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(getattr(torch, dtype))
    back = cross(tensor)
    assert type(back) is torch.Tensor
    assert back.dtype == tensor.dtype
    assert torch.equal(back, tensor)


@pytest.mark.parametrize("dtype", sorted(wire.ARRAY_DTYPES))
def test_arrays_of_every_dtype_come_back_equal(dtype: str) -> None:
    array = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    back = cross(array)
    assert type(back) is np.ndarray
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


class Colour(enum.IntEnum):
    RED = 1


Pair = collections.namedtuple("Pair", "first second")


class Word(str):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (Colour.RED, 1),
        (Pair(1, 2), (1, 2)),
        (collections.OrderedDict(a=1), {"a": 1}),
        (Word("no"), "no"),
        (torch.Size([2, 3]), (2, 3)),
    ],
)
def test_plain_data_in_disguise_is_converted(value: object, plain: object) -> None:
    assert same(cross(value), plain)


def test_parameters_and_tensors_with_gradients_come_as_plain_tensors() -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    for tensor in (parameter, parameter * 2, torch.ones(3, 2).t(), torch.tensor(2.0)):
        back = cross(tensor)
        assert type(back) is torch.Tensor
        assert not back.requires_grad
        assert torch.equal(back, tensor.detach())


def test_an_object_with_its_own_equality_cannot_cross() -> None:
    class Always:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    with pytest.raises(wire.WireError):
        cross([Always()])


def test_a_value_that_holds_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(wire.WireError, match="deep"):
        cross(endless)


def frame(tag: bytes, count: int, rest: bytes = b"") -> bytes:
    return tag + struct.pack("<I", count) + rest


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"q",
        b"NN",
        b"i\0",
        frame(b"s", 3, b"ab"),
        frame(b"s", 1, b"\xff"),
        frame(b"l", 2**32 - 1),
        frame(b"d", 2**32 - 1),
        frame(b"S", 1, frame(b"l", 0)),
        frame(b"d", 1, frame(b"l", 0) + b"N"),
        frame(b"I", 10_000, b"\1" * 10_000),
        b"".join(frame(b"l", 1) for _ in range(100)) + b"N",
        frame(b"a", 3, b"|O8" + b"\0" + frame(b"", 8, b"\0" * 8)),
        frame(b"a", 3, b"|b1" + b"\1" + struct.pack("<q", 1) + frame(b"", 1, b"\2")),
        frame(b"x", 4, b"bool" + b"\1" + struct.pack("<q", 1) + frame(b"", 1, b"\2")),
        frame(b"x", 5, b"int64" + b"\1" + struct.pack("<q", -1) + frame(b"", 0)),
        frame(b"x", 5, b"int64" + b"\2" + struct.pack("<qq", 2**39, 0) + frame(b"", 0)),
        frame(b"x", 5, b"int64" + b"\3" + struct.pack("<qqq", 2**20, 0, 2**20) + frame(b"", 0)),
        frame(b"x", 5, b"int64" + b"\x11" + struct.pack("<q", 1) * 17 + frame(b"", 8, b"\0" * 8)),
    ],
)
def test_malformed_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(data, refuse)


@pytest.mark.parametrize("build", [set, dict.fromkeys])
def test_keys_made_to_share_a_hash_are_refused(build: Callable[[list[object]], object]) -> None:
    """Each is compared with all before it: a few small frames would occupy the judge for hours."""
    modulus = sys.hash_info.modulus
    cross(build([number * modulus for number in range(wire.MAX_OF_ONE_HASH)]))
    cross(build([*range(-2, 5000), *map(str, range(5000)), *((i, -1) for i in range(5000))]))
    with pytest.raises(wire.WireError, match="hash"):
        cross(build([number * modulus for number in range(wire.MAX_OF_ONE_HASH + 1)]))


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_decode_or_are_refused(data: bytes) -> None:
    try:
        wire.decode(data, refuse)
    except wire.WireError:
        return


@settings(max_examples=200)
@given(values, st.data())
def test_a_damaged_frame_decodes_or_is_refused(value: object, data: st.DataObject) -> None:
    damaged = bytearray(wire.encode([value, torch.ones(2)], refuse))
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] = data.draw(st.integers(0, 255))
    try:
        wire.decode(bytes(damaged), refuse)
    except wire.WireError:
        return
