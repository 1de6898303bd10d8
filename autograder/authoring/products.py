"""Where an assignment's products lie, and whether they are those of its master as it is now.

Imports nothing that writes products: a class that is already graded should not wait for that.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import autograder
from autograder.assignment import load_master
from autograder.assignment.kit import Kit, load_kit
from autograder.errors import AssignmentError

PACKAGE = Path(autograder.__file__).parent


@dataclass(frozen=True)
class Products:
    """Where the products of an assignment lie below a root folder."""

    release: Path
    """What students get, without data: committed."""
    kit: Path
    student_zip: Path
    bundle: Path


def products(name: str, root: Path) -> Products:
    """The places of an assignment's products."""
    return Products(
        release=root / "assignments" / name,
        kit=root / "dist" / name,
        student_zip=root / "dist" / f"{name}-student.zip",
        bundle=root / "dist" / f"{name}-autograder.zip",
    )


def find_master(name: str, root: Path) -> Path:
    """The master's folder of an assignment's name, or of a path. Raises AssignmentError."""
    for folder in (root / "solutions" / name, Path(name)):
        if (folder / "assignment.yml").is_file():
            return folder
    known = sorted(path.parent.name for path in (root / "solutions").glob("*/assignment.yml"))
    raise AssignmentError(
        f"there is no assignment {name}",
        where=str(root / "solutions"),
        remedy=f"There are: {', '.join(known)}." if known else "Put its master there.",
    )


def ensure_built(name: str, root: Path) -> Kit:
    """The kit of an assignment, built anew where the master has changed since.

    Raises AssignmentError, LeakError.
    """
    places = products(name, root)
    try:
        folder = find_master(name, root)
    except AssignmentError:
        if places.kit.is_dir():  # built elsewhere, as where only kits are handed round
            return load_kit(places.kit)
        raise
    places = products(load_master(folder).name, root)
    try:
        built_from = json.loads((places.kit / "build.json").read_text())["source"]
    except (OSError, ValueError, KeyError):
        built_from = None
    if built_from == source_hash(folder):
        return load_kit(places.kit)
    from autograder.authoring.build import build

    return build(folder, root)


def source_hash(master_folder: Path) -> str:
    """SHA-256 over all that products are made from: the master, and our own code.

    The otter bundle carries this package, so any change to it makes the products old.
    """
    digest = hashlib.sha256()
    sources = [path for path in master_folder.rglob("*") if "mutants" not in path.parts]
    sources += PACKAGE.rglob("*.py")
    for path in sorted(sources):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.name.encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
