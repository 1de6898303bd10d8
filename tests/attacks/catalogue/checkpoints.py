"""Checkpoints that are none: what reads them must not run, swell or stop (promises 3 and 5)."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

from tests.attacks.catalogue.files import PICKLE
from tests.attacks.model import Attack, zipped

FILE = "t01.safetensors"


def _safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _tensor(dtype: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def _torch_file() -> bytes:
    """What `torch.save` writes, with code in place of tensors."""
    buffer = io.BytesIO(zipped({"archive/data.pkl": PICKLE, "archive/version": b"3\n"}))
    return buffer.getvalue()


def _checkpoint(name: str, content: bytes, promise: str = "5") -> Attack:
    return Attack(f"checkpoint: {name}", promise, files={FILE: content})


ATTACKS = (
    _checkpoint("a pickle", PICKLE, "3"),
    _checkpoint("a file of torch.save", _torch_file(), "3"),
    _checkpoint("empty", b""),
    _checkpoint("a header without end", _safetensors({}, length=2**63)),
    _checkpoint("a header of 90 MB", _safetensors(b" " * 20_000_000 + b"{}")),
    _checkpoint("a deep header", _safetensors(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    _checkpoint(
        "a header of many tensors",
        _safetensors({f"t{n}": _tensor("F32", [0], 0, 0) for n in range(100_000)}),
    ),
    _checkpoint("a shape too large", _safetensors({"t": _tensor("F32", [2**62, 4], 0, 0)})),
    _checkpoint(
        "an empty tensor of great length", _safetensors({"t": _tensor("F32", [0, 2**50], 0, 0)})
    ),
    _checkpoint(
        "tensors that overlap",
        _safetensors({"a": _tensor("F32", [2], 0, 8), "b": _tensor("F32", [2], 4, 12)}, bytes(12)),
    ),
    _checkpoint("truth that is 2", _safetensors({"t": _tensor("BOOL", [4], 0, 4)}, b"\2\3\4\5")),
    _checkpoint("a type that torch lacks", _safetensors({"t": _tensor("F4", [4], 0, 2)}, b"xx")),
    _checkpoint(
        "names for people",
        _safetensors({"<script>alert(1)</script>\x1b[2J": _tensor("F32", [1], 0, 4)}, bytes(4)),
        "9",
    ),
    _checkpoint(
        "notes that are no text",
        _safetensors(
            b'{"__metadata__": {"a": 1}, "t": {"dtype": "F32", "shape": [1], "data_offsets"'
            b": [0, 4]}}",
            bytes(4),
        ),
    ),
    _checkpoint(
        "not a number", _safetensors({"weight": _tensor("F32", [2, 2], 0, 16)}, b"\xff" * 16)
    ),
    Attack(
        "checkpoint that is loaded by code of its own",
        "10",
        """
        import torch
        class Model:
            def load_state_dict(self, tensors):
                open("@CANARY@/canary-written", "w").write("x")
        model = Model()
        """,
        files={FILE: _safetensors({"t": _tensor("F32", [1], 0, 4)}, bytes(4))},
    ),
)
