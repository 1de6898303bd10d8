"""What travels between the client and the machines of a cluster: kit, hand-ins, results.

Everything is bytes and plain data: the machines share no disk. This module imports nothing heavy,
since the scheduler reads parcels, too.
"""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import autograder
from autograder.errors import AutograderError
from autograder.results import SubmissionResult

Files = tuple[tuple[str, bytes], ...]
"""The files of a folder: path relative to it, content."""


@dataclass(frozen=True)
class Parcel:
    """All that a machine needs to grade for one build. It goes to each machine once."""

    key: str
    """Hash of the rest, so that the same build is never unpacked twice."""
    job: bytes
    """The pickled `TravellingJob`."""
    files: Files
    seconds: float
    """After so much time a submission is given up as our fault."""
    wall: str
    """The wall by name, or ``auto``: each machine chooses for itself."""
    versions: tuple[tuple[str, str], ...]
    """What the client runs, see `versions`."""


@dataclass(frozen=True)
class Letter:
    """One hand-in on its way to a machine."""

    submission: str
    file_name: str
    content: bytes
    known: SubmissionResult | None
    """As `HandIn.known`."""


@dataclass(frozen=True)
class Reply:
    """What became of one hand-in."""

    machine: str
    """The name of the machine that graded it."""
    outcome: SubmissionResult | AutograderError | str
    """As a worker tells it: a result, an error that a person can act on, words for a fault."""


def read_files(folder: Path) -> Files:
    """All files below a folder, without Python's caches."""
    return tuple(
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    )


def write_files(files: Files, folder: Path) -> None:
    """Write files below a folder, readable for all who can enter it.

    Student code may run as another user; it sees only what the wall puts before it.
    """
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """What scores depend on: Python, this package to the letter, torch and NumPy."""
    package = Path(autograder.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return (
        ("Python", ".".join(platform.python_version_tuple()[:2])),
        ("autograder", f"{autograder.__version__} ({digest.hexdigest()[:8]})"),
        ("torch", _version("torch")),
        ("numpy", _version("numpy")),
    )


def _version(package: str) -> str:
    """Without the part that says for which processor it was built."""
    try:
        return version(package).partition("+")[0]
    except PackageNotFoundError:
        return "none"
