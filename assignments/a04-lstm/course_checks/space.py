"""The student's names, and the objects among them that the other side holds handles to."""

from __future__ import annotations

import builtins
import inspect
import linecache
import operator
import re
import textwrap
import traceback
from collections.abc import Callable
from typing import Any, ClassVar

from . import wire

MAX_MESSAGE = 2_000
"""Characters of an exception's message that are passed on."""
MAX_LINES = 12
"""Lines of the student's own code in a traceback that are passed on."""

CELL_FILE = re.compile(r"<cell (\d+)>")


class Space:
    """Names, objects by handle number, and the requests that act on them."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self._objects: list[object] = []

    def refer(self, item: object) -> int:
        """The handle number of an object that stays on this side."""
        self._objects.append(item)
        return len(self._objects) - 1

    def resolve(self, number: int) -> object:
        """The object of a handle number."""
        if not 0 <= number < len(self._objects):
            raise wire.WireError(f"there is no object {number}")
        return self._objects[number]

    def answer(self, request: bytes) -> bytes:
        """The response to one request: ``["ok", value]`` or ``["error", {...}]``."""
        try:
            asked: Any = wire.decode(request, self.resolve)
            value = self._operations[asked[0]](self, *asked[1:])
            return wire.encode(["ok", value], self.refer)
        # Even SystemExit of student code is the answer to the question, not our end.
        except BaseException as error:  # noqa: BLE001
            return wire.encode(["error", describe(error)], self.refer)

    def _get(self, name: str) -> object:
        if name not in self.names:
            raise MissingName(name)
        return self.names[name]

    def _define(self, source: str, name: str) -> object:
        # A probe: its own globals, so that it changes no name of the student's.
        scope: dict[str, Any] = {"__name__": "probe"}
        exec(compile(source, "<probe>", "exec"), scope)
        return Opaque(scope[name])

    def _bind(self, source: str) -> None:
        exec(compile(source, "<stand-in>", "exec"), self.names)

    def _call(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> object:
        if isinstance(function, Opaque):
            function = function.item
        return function(*args, **kwargs)

    _operations: ClassVar[dict[str, Callable[..., object]]] = {
        "get": _get,
        "define": _define,
        "bind": _bind,
        "call": _call,
        "attribute": lambda self, item, name: getattr(item, name),
        "item": lambda self, item, key: operator.getitem(item, key),
        "length": lambda self, item: len(item),
    }


def probe_request(function: Callable[..., Any]) -> list[object]:
    """The request that defines a probe from its source text."""
    return ["define", textwrap.dedent(inspect.getsource(function)), function.__name__]


class Opaque:
    """Wraps what must cross as a handle whatever it is."""

    def __init__(self, item: Any) -> None:
        self.item = item


class MissingName(Exception):
    """The student's notebook does not define a name at this point."""

    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` is not defined at this point of the notebook")


def describe(error: BaseException) -> dict[str, object]:
    """What is told of an exception: its type, message, and the student's own lines.

    ``public`` is the name of the nearest base class that comes with Python or torch: the only
    part of the type that a student's class can't choose.
    """
    try:
        message = str(error)
    except BaseException as fault:  # noqa: BLE001
        # A student's __str__ may raise anything.
        message = f"(its message raised {type(fault).__name__})"
    return {
        "type": type(error).__name__[:80],
        "public": _public_name(type(error)),
        "missing": isinstance(error, MissingName),
        "message": message[:MAX_MESSAGE],
        "lines": own_lines(error),
    }


def _public_name(kind: type[BaseException]) -> str:
    for base in kind.__mro__:
        module = str(base.__module__)
        if module == "builtins" and getattr(builtins, base.__name__, None) is base:
            return str(base.__name__)
        if module.split(".")[0] == "torch":
            return f"torch.{base.__name__}"
    return "BaseException"


def own_lines(error: BaseException) -> list[list[object]]:
    """``[cell, line, function, text]`` for the frames of a traceback that are notebook cells."""
    lines: list[list[object]] = []
    for frame in traceback.extract_tb(error.__traceback__)[-200:]:
        cell = CELL_FILE.fullmatch(frame.filename)
        if cell and frame.lineno is not None:
            text = linecache.getline(frame.filename, frame.lineno).strip()
            lines.append([int(cell[1]), frame.lineno, frame.name[:80], text[:200]])
    if isinstance(error, SyntaxError) and error.lineno is not None:
        cell = CELL_FILE.fullmatch(error.filename or "")
        if cell:
            lines.append([int(cell[1]), error.lineno, "", (error.text or "").strip()[:200]])
    return lines[-MAX_LINES:]
