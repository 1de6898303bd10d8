"""A hand-in as plain data, and the caps that reading one keeps to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Literal

MB = 2**20

CellKind = Literal["code", "markdown"]


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook; raw cells count as markdown, so that an answer there is not lost."""

    index: int
    """Its place in ``Submission.cells``, from 0."""
    kind: CellKind
    source: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """A file of an export that was not taken, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Submission:
    """One hand-in, read but not run."""

    cells: tuple[Cell, ...]
    name: str
    """The student's name as written in the notebook; empty where there is none."""
    student_id: str
    """The student number as written in the notebook; empty where there is none."""
    files: dict[str, bytes] = field(default_factory=dict)
    """The other files of an export, by path relative to the notebook's folder."""
    content_hash: str = ""
    """SHA-256 of the handed-in file, in hexadecimal digits."""
    notebook_name: str = ""
    """File name of the notebook or script, without folders."""
    left_out: tuple[LeftOut, ...] = ()

    def file(self, name: str) -> bytes | None:
        """The file of that name; from any folder of the export, where only one has the name."""
        if name in self.files:
            return self.files[name]
        found = [path for path in self.files if PurePosixPath(path).name == name]
        return self.files[found[0]] if len(found) == 1 else None

    def with_cells(self, cells: tuple[Cell, ...]) -> Submission:
        """The same hand-in with other cells."""
        return replace(self, cells=cells)


@dataclass(frozen=True)
class Caps:
    """How much of a hand-in is read. An honest one stays far below each."""

    file_bytes: int = 100 * MB
    """The file as handed in, and a notebook inside an export."""
    notebook_bytes: int = 24 * MB
    """A notebook without its outputs; pictures pasted into markdown count."""
    script_bytes: int = 2 * MB
    parts: int = 500_000
    """Values in a notebook's JSON, outputs aside."""
    depth: int = 64
    """Levels of nesting in a notebook's JSON."""
    cells: int = 5_000
    entries: int = 1_000
    """Files and folders in an export."""
    extra_bytes: int = 64 * MB
    """One other file of an export."""
    extras_bytes: int = 128 * MB
    """All other files of an export together."""
    unpacked_bytes: int = 1024 * MB
    """What an export claims to unpack to, all in all."""
    ratio: int = 200
    """Unpacked to packed size of an export that unpacks to more than ``file_bytes``."""
