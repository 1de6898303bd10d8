"""From a check's message to the counterexample in it: what went in, what was due, what came.

`autograder.checks.tensors` writes messages of one form: a sentence that names the entry or row,
then lines like ``  query = [[1, 0]]``, ``  expected: [[0.5, 0.5]]``, ``  got: [[1, 0]]``. A page
shows the numbers as small tables, with the wrong ones marked. Any other message stays as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

MOST_CELLS = 160
"""Cells of a table; a message holds hardly ever more than 64 numbers a tensor."""
DEEPEST = 4

_VALUE = re.compile(
    r"^  (?:(?P<input>\w+) = |"
    r"(?P<result>expected|got|your \w[\w ]{0,40}|before the call|after it):\s+)"
    r"(?P<value>.*)$"
)
_NUMBERS = re.compile(r"(?:[\[\], \d.eE+-]|True|False|nan|inf)+")
_PLACE = re.compile(r"\[(\d{1,18}(?:, \d{1,18})*)\]")

DUE = ("expected", "before the call")
"""What a result is compared with."""

Nested = list["Nested"] | int | float | bool | str


Place = tuple[int, ...]
"""Indices of an entry, or of the part that holds it."""


@dataclass(frozen=True)
class Cell:
    """An entry of a table."""

    text: str
    wrong: bool


@dataclass(frozen=True)
class Grid:
    """Two dimensions of a value."""

    place: str
    """The indices before these two, like ``[0, 1]``; empty where there are none."""
    rows: tuple[tuple[Cell, ...], ...]
    sums: tuple[Cell, ...]
    """A cell a row, where the message is about what rows sum to."""


@dataclass(frozen=True)
class Value:
    """One of the values."""

    name: str
    grids: tuple[Grid, ...]
    text: str
    """What stands in place of tables: a single number, words, or a large tensor's shape."""


@dataclass(frozen=True)
class Counterexample:
    """A message, taken apart."""

    sentence: str
    inputs: tuple[Value, ...]
    notes: tuple[str, ...]
    """Lines about the call that are no values."""
    results: tuple[Value, ...]
    """What was expected and what came."""


def counterexample(message: str) -> Counterexample | None:
    """The counterexample in a message; None where it holds none."""
    lines = message.split("\n")
    first = next((i for i, line in enumerate(lines) if _VALUE.match(line)), None)
    if first is None or first == 0:
        return None
    sentence = "\n".join(line for line in lines[:first] if line != "Called with").strip()
    if sentence.startswith("the "):
        sentence = f"T{sentence[1:]}"
    inputs: dict[str, str] = {}
    results: dict[str, str] = {}
    notes: list[str] = []
    for line in lines[first:]:
        found = _VALUE.match(line)
        if found is None:
            notes += [line.strip()] if line.strip() else []
        elif found["input"]:
            inputs[found["input"]] = found["value"]
        else:
            results[found["result"]] = found["value"]
    place = _place(sentence)
    sums = "sum to 1" in sentence
    read = {name: _read(text) for name, text in results.items()}
    return Counterexample(
        sentence,
        tuple(_value(name, text, _read(text), set(), sums=False) for name, text in inputs.items()),
        tuple(notes),
        tuple(
            _value(name, text, read[name], _wrong(name, read, place), sums)
            for name, text in results.items()
        ),
    )


def _place(sentence: str) -> Place:
    """The first indices in brackets that the sentence names."""
    found = _PLACE.search(sentence)
    return tuple(int(part) for part in found[1].split(", ")) if found else ()


def _read(text: str) -> Nested | None:
    """A number or nested lists of numbers; None for anything else."""
    if len(text) > 8000 or not _NUMBERS.fullmatch(text) or text.count("[[[[["):
        return None
    try:
        value = ast.literal_eval(re.sub(r"-?\b(?:nan|inf)\b", r"'\g<0>'", text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    # `1, 2` is a tuple. What an exception of the student's says may look like our own messages.
    return value if isinstance(value, (list, int, float, bool, str)) else None


def _entries(value: Nested | None, place: Place = ()) -> dict[Place, Nested]:
    if value is None:
        return {}
    if not isinstance(value, list):
        return {place: value}
    entries: dict[Place, Nested] = {}
    for index, part in enumerate(value):
        entries |= _entries(part, (*place, index))
    return entries


def _wrong(name: str, read: Mapping[str, Nested | None], place: Place) -> set[Place]:
    """The entries to mark: those that differ from what was due, else those named."""
    if name in DUE or read[name] is None:
        return set()
    entries = _entries(read[name])
    due = [_entries(value) for other, value in read.items() if other in DUE and value is not None]
    if due and due[0].keys() == entries.keys():
        return {it for it in entries if _text(entries[it]) != _text(due[0][it])}
    return {it for it in entries if place and it[: len(place)] == place}


def _value(name: str, text: str, value: Nested | None, wrong: set[Place], sums: bool) -> Value:
    if not isinstance(value, list):
        return Value(name, (), text)
    entries = _entries(value)
    depths = {len(place) for place in entries}
    if len(depths) != 1 or not 1 <= min(depths) <= DEEPEST or len(entries) > MOST_CELLS:
        return Value(name, (), text)
    grids: dict[Place, dict[Place, list[Cell]]] = {}
    for place, entry in entries.items():
        before, row = (place[:-2], place[-2:-1])
        cells = grids.setdefault(before, {}).setdefault(row, [])
        cells.append(Cell(_text(entry), place in wrong))
    return Value(
        name,
        tuple(
            Grid(
                f"[{', '.join(map(str, before))}]" if before else "",
                tuple(tuple(cells) for cells in rows.values()),
                tuple(_sum(cells) for cells in rows.values()) if sums else (),
            )
            for before, rows in grids.items()
        ),
        "",
    )


def _sum(cells: list[Cell]) -> Cell:
    try:
        total = sum(float(cell.text) for cell in cells)
    except ValueError:
        return Cell("", False)
    # Of rounded numbers: one digit less than they have.
    return Cell(f"{total:.3g}", any(cell.wrong for cell in cells))


def _text(entry: Nested) -> str:
    return str(entry) if isinstance(entry, (bool, str)) else f"{entry:.4g}"
