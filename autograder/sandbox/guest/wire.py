"""The wire: plain data as bytes, in a fixed grammar with caps on size, depth and count.

A frame is a length (4 bytes, little-endian) and one value. A value is a one-byte tag and its
payload::

    N            None               l t S Z  count, values     list, tuple, set, frozenset
    T F          True, False        d        count, key-value pairs
    i            8 bytes, signed    a x      dtype, shape, bytes   NumPy array, torch tensor
    I s b        length, bytes      h        8 bytes           a handle: an object that stays
    f c          8, 16 bytes                                   on the other side

Both sides decode into exact builtin, NumPy and torch types only, so an object with an `==` of its
own cannot cross. Encoding converts what is plain data in disguise: NumPy scalars, parameters and
tensors that require grad, subclasses of the builtin types.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

MAX_FRAME = 64 * 2**20
"""Bytes in one frame. The largest honest one is a checkpoint's state_dict, a few MB."""
MAX_DEPTH = 32
MAX_NODES = 400_000
"""Values in one frame, counting each element of each container."""
MAX_ENTRIES = 20_000
"""Keys of one dict or set."""
MAX_OF_ONE_HASH = 8
"""Such keys in one dict or set: each is compared with all before it. A set of 20,000 took 8 seconds
to rebuild, and a frame holds nineteen. Of keys that nobody made for it only -1 and -2 share one."""
MAX_DIMENSIONS = 16
MAX_INTEGER_BYTES = 512

ARRAY_DTYPES = frozenset(
    f"{order}{kind}{size}"
    for order, kind, sizes in (
        ("|", "b", (1,)),
        ("|", "i", (1,)),
        ("|", "u", (1,)),
        ("<", "i", (2, 4, 8)),
        ("<", "u", (2, 4, 8)),
        ("<", "f", (2, 4, 8)),
        ("<", "c", (8, 16)),
    )
    for size in sizes
)
TENSOR_DTYPES = {
    "bool": 1,
    "uint8": 1,
    "int8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "complex64": 8,
    "complex128": 16,
}

_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_F64 = struct.Struct("<d")


class WireError(Exception):
    """A value can't cross, or bytes are not a value."""


def encode(value: object, refer: Callable[[object], int]) -> bytes:
    """One value as bytes.

    ``refer`` gives the number of the handle for an object that is not plain data; it may raise
    WireError. Raises WireError where the value is nested too deeply, endless or too large.
    """
    out = bytearray()
    nodes = 0

    def put_sized(tag: bytes, data: bytes) -> None:
        out.extend(tag)
        out.extend(_U32.pack(len(data)))
        out.extend(data)

    def put_block(tag: bytes, dtype: str, shape: tuple[int, ...], data: bytes) -> None:
        if len(shape) > MAX_DIMENSIONS:
            raise WireError(f"an array of {len(shape)} dimensions is too much")
        put_sized(tag, dtype.encode())
        out.append(len(shape))
        for size in shape:
            out.extend(_I64.pack(size))
        out.extend(_U32.pack(len(data)))
        out.extend(data)

    def put_many(tag: bytes, items: list[Any], depth: int) -> None:
        out.extend(tag)
        out.extend(_U32.pack(len(items)))
        for item in items:
            put(item, depth + 1)

    def put(item: Any, depth: int) -> None:
        nonlocal nodes
        nodes += 1
        if depth > MAX_DEPTH:
            raise WireError(f"the value is nested more than {MAX_DEPTH} levels deep")
        if nodes > MAX_NODES:
            raise WireError(f"the value has more than {MAX_NODES:,} parts")
        if len(out) > MAX_FRAME:
            raise WireError(f"the value is larger than {MAX_FRAME // 2**20} MB")
        kind = type(item)
        torch = sys.modules.get("torch")
        if item is None:
            out.extend(b"N")
        elif kind is bool or issubclass(kind, np.bool_):
            out.extend(b"T" if item else b"F")
        elif issubclass(kind, int):
            # What it is, not what a method of its own says that it is.
            put_integer(int.__int__(item))
        elif issubclass(kind, np.integer):
            put_integer(int(item))
        elif issubclass(kind, float):
            out.extend(b"f" + _F64.pack(float.__float__(item)))
        elif issubclass(kind, np.floating):
            out.extend(b"f" + _F64.pack(float(item)))
        elif issubclass(kind, (complex, np.complexfloating)):
            number = complex(item)
            out.extend(b"c" + _F64.pack(number.real) + _F64.pack(number.imag))
        elif issubclass(kind, str):
            put_sized(b"s", str.__str__(item).encode("utf-8", "surrogatepass"))
        elif issubclass(kind, (bytes, bytearray)):
            put_sized(b"b", bytes(item))
        elif issubclass(kind, list):
            put_many(b"l", list(list.__iter__(item)), depth)
        elif issubclass(kind, tuple):
            put_many(b"t", list(tuple.__iter__(item)), depth)
        elif issubclass(kind, dict):
            pairs = list(dict.items(item))
            cap_entries(len(pairs))
            out.extend(b"d" + _U32.pack(len(pairs)))
            for key, entry in pairs:
                put(key, depth + 1)
                put(entry, depth + 1)
        elif issubclass(kind, (set, frozenset)):
            cap_entries(len(item))
            put_many(b"S" if issubclass(kind, set) else b"Z", list(item), depth)
        elif issubclass(kind, np.ndarray) and item.dtype.kind in "biufc":
            put_array(item)
        elif torch is not None and issubclass(kind, torch.Tensor) and _is_dense(item, torch):
            put_tensor(item)
        else:
            out.extend(b"h" + _I64.pack(refer(item)))

    def cap_entries(count: int) -> None:
        if count > MAX_ENTRIES:
            raise WireError(f"a dict or set of {count:,} entries is too much")

    def put_integer(number: int) -> None:
        if -(2**63) <= number < 2**63:
            out.extend(b"i" + _I64.pack(number))
            return
        size = number.bit_length() // 8 + 1
        if size > MAX_INTEGER_BYTES:
            raise WireError("an integer has too many digits")
        put_sized(b"I", number.to_bytes(size, "little", signed=True))

    def put_array(array: Any) -> None:
        base = np.asarray(array).view(np.ndarray)
        dtype = base.dtype.newbyteorder("<")
        if dtype.str not in ARRAY_DTYPES:
            raise WireError(f"arrays of {base.dtype} are not sent")
        cap_block(base.nbytes)
        data = np.ascontiguousarray(base, dtype).tobytes()
        put_block(b"a", dtype.str, base.shape, data)

    def put_tensor(tensor: Any) -> None:
        torch = sys.modules["torch"]
        dtype = str(tensor.dtype).removeprefix("torch.")
        cap_block(tensor.numel() * tensor.element_size())
        base = tensor.detach().cpu().as_subclass(torch.Tensor).resolve_conj().resolve_neg()
        flat = base.contiguous().reshape(-1)
        if dtype == "bfloat16":
            flat = flat.view(torch.int16)
        put_block(b"x", dtype, tuple(base.shape), flat.numpy().tobytes())

    def cap_block(size: int) -> None:
        if size > MAX_FRAME:
            raise WireError(f"an array is larger than {MAX_FRAME // 2**20} MB")

    put(value, 0)
    if len(out) > MAX_FRAME:
        raise WireError(f"the value is larger than {MAX_FRAME // 2**20} MB")
    return bytes(out)


def _is_dense(tensor: Any, torch: Any) -> bool:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return tensor.layout is torch.strided and dtype in TENSOR_DTYPES and not tensor.is_meta


def decode(data: bytes, resolve: Callable[[int], object]) -> object:
    """The value that ``data`` holds; ``resolve`` gives the object for a handle's number.

    Raises WireError for anything that is not exactly one value within the caps.
    """
    reader = _Reader(data, resolve)
    value = reader.value(0)
    if reader.position != len(data):
        raise WireError("bytes follow the value")
    return value


class _Reader:
    def __init__(self, data: bytes, resolve: Callable[[int], object]) -> None:
        if len(data) > MAX_FRAME:
            raise WireError("the frame is too large")
        self.data = data
        self.position = 0
        self.nodes = 0
        self.resolve = resolve

    def take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self.data):
            raise WireError("the frame ends too early")
        piece = self.data[self.position : end]
        self.position = end
        return piece

    def count(self) -> int:
        (number,) = _U32.unpack(self.take(4))
        return int(number)

    def sized(self) -> bytes:
        return self.take(self.count())

    def value(self, depth: int) -> object:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise WireError("the value is nested too deeply or has too many parts")
        tag = self.take(1)
        if tag in b"NTF":
            return {b"N": None, b"T": True, b"F": False}[tag]
        if tag == b"i":
            return int(_I64.unpack(self.take(8))[0])
        if tag == b"f":
            return float(_F64.unpack(self.take(8))[0])
        if tag == b"c":
            return complex(_F64.unpack(self.take(8))[0], _F64.unpack(self.take(8))[0])
        if tag == b"s":
            return self.text()
        if tag == b"b":
            return self.sized()
        if tag == b"I":
            return self.integer()
        if tag in b"ltSZ":
            return self.items(tag, depth)
        if tag == b"d":
            return self.mapping(depth)
        if tag == b"a":
            return self.array()
        if tag == b"x":
            return self.tensor()
        if tag == b"h":
            return self.resolve(int(_I64.unpack(self.take(8))[0]))
        raise WireError("unknown tag")

    def text(self) -> str:
        try:
            return self.sized().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise WireError("text is not UTF-8") from error

    def integer(self) -> int:
        data = self.sized()
        if len(data) > MAX_INTEGER_BYTES:
            raise WireError("an integer has too many digits")
        return int.from_bytes(data, "little", signed=True)

    def items(self, tag: bytes, depth: int) -> object:
        count = self.count()
        if count > len(self.data) - self.position:
            raise WireError("the frame ends too early")
        if tag in b"lt":
            values = [self.value(depth + 1) for _ in range(count)]
            return values if tag == b"l" else tuple(values)
        if count > MAX_ENTRIES:
            raise WireError("a set has too many entries")
        hashes: dict[int, int] = {}
        keys = [self.key(depth + 1, hashes) for _ in range(count)]
        return set(keys) if tag == b"S" else frozenset(keys)

    def mapping(self, depth: int) -> dict[object, object]:
        count = self.count()
        if count > MAX_ENTRIES:
            raise WireError("a dict has too many entries")
        result: dict[object, object] = {}
        hashes: dict[int, int] = {}
        for _ in range(count):
            key = self.key(depth + 1, hashes)
            result[key] = self.value(depth + 1)
        return result

    def key(self, depth: int, hashes: dict[int, int]) -> object:
        """One key; ``hashes`` counts those of its container."""
        key = self.value(depth)
        try:
            number = hash(key)
        except TypeError as error:
            raise WireError("a key is not hashable") from error
        hashes[number] = hashes.get(number, 0) + 1
        if hashes[number] > MAX_OF_ONE_HASH:
            raise WireError("keys of one hash are too many")
        return key

    def shape(self) -> tuple[int, ...]:
        dimensions = self.take(1)[0]
        if dimensions > MAX_DIMENSIONS:
            raise WireError("an array has too many dimensions")
        sizes = tuple(int(_I64.unpack(self.take(8))[0]) for _ in range(dimensions))
        if any(size < 0 or size > 2**40 for size in sizes):
            raise WireError("an array has an impossible shape")
        return sizes

    def array(self) -> object:
        dtype = self.sized()
        if dtype.decode("latin-1") not in ARRAY_DTYPES:
            raise WireError("unknown dtype")
        kind = np.dtype(dtype.decode())
        shape = self.shape()
        data = self.sized()
        _require_size(shape, kind.itemsize, data)
        _require_truth(kind.kind == "b", data)
        return np.frombuffer(bytearray(data), kind).reshape(shape)

    def tensor(self) -> object:
        import torch

        name = self.sized().decode("latin-1")
        if name not in TENSOR_DTYPES:
            raise WireError("unknown dtype")
        shape = self.shape()
        data = self.sized()
        _require_size(shape, TENSOR_DTYPES[name], data)
        dtype = getattr(torch, name)
        if not data:
            return torch.empty(shape, dtype=dtype)
        _require_truth(name == "bool", data)
        return torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)


def _require_size(shape: tuple[int, ...], itemsize: int, data: bytes) -> None:
    if math.prod(shape) * itemsize != len(data):
        raise WireError("an array's shape does not fit its bytes")
    # Empty arrays may claim any other size, and a sum over nothing then takes it at its word.
    if not data and math.prod(size for size in shape if size) > MAX_FRAME:
        raise WireError("an array has an impossible shape")


def _require_truth(is_bool: bool, data: bytes) -> None:
    if is_bool and data.translate(None, b"\0\1"):
        raise WireError("a truth value is neither 0 nor 1")
