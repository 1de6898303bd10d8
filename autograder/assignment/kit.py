"""The kit: all that grading an assignment needs, as `autograder build` leaves it.

Layout of the folder::

    assignment.yml quiz.yml rubrics.yml checks/ stand_ins/    as in the master
    template.ipynb    the notebook as students get it
    files/            public: what stands beside a student's notebook
    hidden/           the judge's alone: hidden reviews and their labels
    build.json        {"build": hash of all of the above}
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.loading import Master, load_master
from autograder.errors import AssignmentError


@dataclass(frozen=True)
class Kit:
    """A built assignment, ready to grade with."""

    folder: Path
    master: Master
    build_hash: str

    @property
    def template(self) -> Path:
        """The notebook that students start from."""
        return self.folder / "template.ipynb"

    @property
    def files(self) -> Path:
        """What stands beside a student's notebook; student code may read it."""
        return self.folder / "files"

    @property
    def hidden(self) -> Path:
        """Hidden data; only the judge reads it."""
        return self.folder / "hidden"


def load_kit(folder: Path) -> Kit:
    """Read a kit. Raises AssignmentError where it is incomplete."""
    try:
        build_hash = str(json.loads((folder / "build.json").read_text())["build"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssignmentError(
            "this assignment has not been built",
            where=str(folder),
            remedy="Run `autograder build NAME`.",
        ) from error
    return Kit(folder, load_master(folder), build_hash)


def hash_of_folder(folder: Path) -> str:
    """SHA-256 over the names and contents of all files below ``folder``, build.json aside."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "build.json" and "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
