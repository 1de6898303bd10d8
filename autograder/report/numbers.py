"""Points as people read them, and as scripts do."""

from __future__ import annotations


def points(value: float) -> str:
    """At most two decimals: ``3``, ``2.5``, ``0.33``."""
    return f"{round(value, 2) + 0.0:.10g}"


def exact(value: float | None) -> float | int | None:
    """Without what binary fractions add: 0.1 + 0.2 is 0.3, and whole numbers are whole."""
    if value is None:
        return None
    rounded = round(value, 6) + 0.0
    return int(rounded) if rounded == int(rounded) else rounded


def csv_number(value: float | None) -> str:
    """A number for a spreadsheet; empty where it is not known."""
    return "" if value is None else f"{exact(value)}"
