"""What people open, and what of a student's may not be alive in it (promise 9)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.report.page import Page, alive_in
from tests.sandbox.conformance.cases.showing import CONTROL

MOST = 2_000_000
"""Characters of one file that a person can still open."""
STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell of a table that begins so is a formula to some spreadsheet."""


def alive_in_file(path: Path) -> list[str]:
    """What is alive in a page or in a file of results."""
    text = path.read_text(errors="surrogatepass")
    found = alive_in_text(text)
    if path.suffix == ".json":
        found += [it for part in _texts(json.loads(text)) for it in alive_in_text(part)]
    if path.suffix == ".html":
        found += alive_in(Page(text))
    return found


def alive_in_text(text: str) -> list[str]:
    """What is alive in a text on a terminal or in a plain page."""
    found = [f"{len(text):,} characters"] if len(text) > MOST else []
    if control := CONTROL.search(text):
        found.append(f"a control character {control[0]!r}")
    return found


def alive_in_table(path: Path) -> list[str]:
    """What is alive in a table, numbers aside."""
    text = path.read_text(errors="surrogatepass")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    formulas = [it for it in cells if it.startswith(STARTS) and not _is_number(it)]
    return [*alive_in_text(text), *(f"a formula {it[:40]!r}" for it in formulas)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
