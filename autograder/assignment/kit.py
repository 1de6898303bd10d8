"""The kit: all that grading an assignment needs, as `autograder build` leaves it.

Layout of the folder::

    assignment.yml quiz.yml rubrics.yml checks/ stand_ins/    as in the master
    template.ipynb    the notebook as students get it
    files/            public: what stands beside a student's notebook
    hidden/           the judge's alone: hidden reviews and their labels
    build.json        {"build": hash, "questions": {id: hash}}

The hashes say what has to be graded again. A question's covers what that question alone is judged
by: its checks, quiz item, points and stand-ins. The build's covers everything else that grading
depends on; the rubrics, the deadline and the late policy are not among it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.loading import Master, load_master
from autograder.assignment.models import Question
from autograder.errors import AssignmentError


@dataclass(frozen=True)
class Kit:
    """A built assignment, ready to grade with."""

    folder: Path
    master: Master
    build_hash: str
    """Of all but the questions' own parts."""
    question_hashes: Mapping[str, str]

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
        record = json.loads((folder / "build.json").read_text())
        build_hash = str(record["build"])
        question_hashes = {str(id): str(hash) for id, hash in record["questions"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AssignmentError(
            "this assignment has not been built",
            where=str(folder),
            remedy="Run `autograder build NAME`.",
        ) from error
    return Kit(folder, load_master(folder), build_hash, question_hashes)


def build_record(folder: Path) -> dict[str, object]:
    """What `build.json` says of a kit: its hash and those of its questions."""
    master = load_master(folder)
    assignment = master.assignment
    ids = [question.id for question in assignment.questions]
    described = {folder / f"{name}.yml" for name in ("assignment", "quiz", "rubrics")}
    own = {path for id in ids for path in _own_files(folder, id)}
    own |= {folder / question.stand_in for question in assignment.questions if question.stand_in}
    common = assignment.model_dump_json(exclude={"questions", "deadline", "late_policy"})
    files = hash_of_folder(folder, described | own)
    return {
        "build": hashlib.sha256(json.dumps([common, ids, files]).encode()).hexdigest(),
        "questions": {question.id: _hash_of(question, master) for question in assignment.questions},
    }


def _own_files(folder: Path, id: str) -> list[Path]:
    """What in a kit belongs to one question alone: its checks, and the public ones for students."""
    return [folder / "checks" / f"test_{id}.py", folder / "files" / "tests" / f"{id}.py"]


def hash_of_folder(folder: Path, left_out: Collection[Path] = ()) -> str:
    """SHA-256 over the names and contents of all files below ``folder``, build.json aside."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.name == "build.json" or "__pycache__" in path.parts or path in left_out:
            continue
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _hash_of(question: Question, master: Master) -> str:
    digest = hashlib.sha256(question.model_dump_json().encode())
    if question.id in master.quiz.items:
        digest.update(master.quiz.items[question.id].model_dump_json().encode())
    parts = _own_files(master.folder, question.id)
    for needed in question.needs:
        stand_in = master.assignment.question(needed).stand_in
        parts += [master.folder / stand_in] if stand_in else []
    for path in parts:
        digest.update(path.name.encode() + b"\0")
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()
