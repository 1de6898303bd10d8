"""Which line of their own code a student is pointed to."""

from __future__ import annotations

from collections.abc import Mapping


def own_line(lines: list[tuple[int, int, str, str]], cells: Mapping[int, str]) -> str:
    """The deepest line of the student's own code, read from the hand-in and not from the sandbox.

    Empty where no line of a cell is named.
    """
    for cell, number, _, _ in reversed(lines):
        source = cells.get(cell, "").splitlines()
        if 1 <= number <= len(source):
            return f"in cell {cell}, line {number}: {source[number - 1].strip()[:200]}"
    return ""
