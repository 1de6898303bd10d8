"""What a check sees of a student's notebook: plain data by value, everything else by handle.

The same classes serve with the sandbox behind them and, for public checks, in the student's own
notebook (`in_process`): a check file runs unchanged in both. Imports only what a student has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from course_checks import wire
from course_checks.space import Opaque, Space


class StudentError(Exception):
    """Student code raised, or lacks what was asked for."""

    def __init__(self, details: dict[str, Any]) -> None:
        self.type_name: str = _text(details.get("type"), "Exception")
        self.public_type: str = _text(details.get("public"), "Exception")
        self.missing: bool = details.get("missing") is True
        self.message: str = _text(details.get("message"), "")
        self.lines: list[tuple[int, int, str, str]] = _lines(details.get("lines"))
        super().__init__(self.message if self.missing else f"{self.type_name}: {self.message}")


def _text(value: object, otherwise: str) -> str:
    return value[:4000] if type(value) is str else otherwise


def _lines(value: object) -> list[tuple[int, int, str, str]]:
    """The traceback lines that are of the right form; the rest is the sandbox's nonsense."""
    kinds = [int, int, str, str]
    entries = value if type(value) is list else []
    return [
        (entry[0], entry[1], entry[2][:200], entry[3][:400])
        for entry in entries[:20]
        if type(entry) is list and [type(part) for part in entry] == kinds
    ]


class Side(Protocol):
    """Where the student's objects live."""

    def exchange(self, request: bytes) -> bytes:
        """Send one request and wait for its response."""

    def ship(self, function: Callable[..., Any]) -> list[object]:
        """The request that makes a probe of ``function`` over there."""


class Student:
    """The names of the student's notebook, as attributes: the fixture `student`."""

    def __init__(self, side: Side) -> None:
        self._side = side

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._ask(["get", name])

    def probe(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run ``function`` on the student's side, where its arguments may be handles.

        It is shipped as source, so it stands alone: its imports are inside it, and it closes over
        nothing. It must hold no secret, and returns observations, never verdicts.
        """
        return self._ask(["call", self._ask(self._side.ship(function)), list(args), kwargs])

    def _ask(self, request: list[object]) -> Any:
        response = wire.decode(
            self._side.exchange(wire.encode(request, _number_of_handle)),
            lambda number: Handle(self, number),
        )
        # Types first: to compare a word that is an array with another raises.
        match response:
            case list([str("ok"), value]):
                return value
            case list([str("error"), dict(details)]):
                raise StudentError(details)
        raise wire.WireError("a response is neither a value nor an error")


class Handle:
    """A student's object that is not plain data: callable, with attributes and methods."""

    def __init__(self, student: Student, number: int) -> None:
        self._student = student
        self._number = number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._student._ask(["call", self, list(args), kwargs])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._student._ask(["attribute", self, name])

    def __getitem__(self, key: Any) -> Any:
        return self._student._ask(["item", self, key])

    def __len__(self) -> int:
        length = self._student._ask(["length", self])
        if type(length) is not int or length < 0:
            raise wire.WireError("a length is not a whole number")
        return length

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<the student's object {self._number}>"


def _number_of_handle(item: object) -> int:
    if isinstance(item, Handle):
        return item._number
    raise wire.WireError(f"a {type(item).__name__} can't be sent to the student's side")


class InProcess:
    """The student's side where it is this very process: the student's own notebook."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._space = Space(names)

    def exchange(self, request: bytes) -> bytes:
        """Answer from the names at hand; values are copies here, too."""
        return self._space.answer(request)

    def ship(self, function: Callable[..., Any]) -> list[object]:
        """Hand the function itself over: no source is at hand for code that was exec'd."""
        return ["call", _Number(self._space.refer(Opaque(lambda: Opaque(function)))), [], {}]


class _Number(Handle):
    """A handle known by its number alone."""

    def __init__(self, number: int) -> None:
        self._number = number


def in_process(names: dict[str, Any]) -> Student:
    """A `student` over the names of this process, for public checks in a notebook."""
    return Student(InProcess(names))
