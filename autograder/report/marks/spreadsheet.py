"""A CSV file as spreadsheets write it: with commas, semicolons or tabs, and a byte order mark."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import MarksError

CELL_LIMIT = 1_000_000
FILE_LIMIT = 200_000_000
"""Bytes; a class of a thousand with ten long answers each has a tenth of that."""

HINT = re.compile(r"sep=([,;\t])[\r\n]")
"""A first line by which Excel is told the delimiter."""


@dataclass(frozen=True)
class Line:
    """A record of the file."""

    number: int
    """The line of the file that it begins on, from 1."""
    row: int
    """Its row in a spreadsheet, where an answer of several lines is one row, from 1."""
    cells: dict[str, str]
    """Column name to text, stripped; a missing cell is empty."""

    @property
    def place(self) -> str:
        """Where it is, as a person looks for it."""
        if self.number == self.row:
            return f"line {self.number}"
        return f"line {self.number} (row {self.row} of the spreadsheet)"


def read_lines(path: Path, needed: tuple[str, ...]) -> list[Line]:
    """The records below the header, empty ones left out.

    Raises MarksError where the file can't be read or lacks a column of ``needed``.
    """
    text = _read(path)
    delimiter = _delimiter(text[:10_000].split("\n", 1)[0] + "\n")
    previous = csv.field_size_limit(CELL_LIMIT)
    lines: list[Line] = []
    header: list[str] = []
    begins = 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row, record in enumerate(reader, start=1):
            if row == 1 and HINT.match(text):
                pass
            elif not header:
                header = _header(path, record, needed)
            elif any(cell.strip() for cell in record):
                # A row can be longer than the header: spreadsheets leave empty cells behind.
                cells = dict.fromkeys(header, "") | {
                    name: cell.strip() for name, cell in zip(header, record, strict=False)
                }
                lines.append(Line(begins, row, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise MarksError(
            f"this is not CSV: {error}",
            where=f"{path}:{begins}",
            remedy="Look for a quotation mark that is not closed, or save the sheet anew as CSV.",
        ) from error
    finally:
        csv.field_size_limit(previous)
    if not header:
        _header(path, [], needed)
    return lines


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise MarksError(
                "this file is too large for a marking sheet",
                where=str(path),
                remedy="Remove the columns that are only to read, and save it anew.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise MarksError(
            f"the marks can't be read: {error.strerror}",
            where=str(path),
            remedy="Name the CSV file that holds the marks.",
        ) from error
    if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise MarksError(
            "this is a workbook, not CSV",
            where=str(path),
            remedy="In your spreadsheet choose Save As, CSV UTF-8.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise MarksError(
            "this line is not UTF-8",
            where=f"{path}:{line}",
            remedy="In your spreadsheet choose Save As, CSV UTF-8.",
        ) from error


def _delimiter(header: str) -> str:
    if named := HINT.match(header):
        return named[1]
    return max((",", ";", "\t"), key=header.count)


def _header(path: Path, record: list[str], needed: tuple[str, ...]) -> list[str]:
    header = [name.strip().lower() for name in record]
    missing = [name for name in needed if name not in header]
    doubled = [name for name in needed if header.count(name) > 1]
    if missing:
        raise MarksError(
            f"the column{'s' if len(missing) > 1 else ''} {', '.join(missing)} "
            f"{'are' if len(missing) > 1 else 'is'} missing",
            where=f"{path}:1",
            remedy=f"The first line names the columns: {', '.join(needed)}.",
        )
    if doubled:
        raise MarksError(
            f"the column {doubled[0]} stands twice",
            where=f"{path}:1",
            remedy="Keep one of them.",
        )
    return header
