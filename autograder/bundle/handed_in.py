"""What a student handed in, among the files that otter laid beside it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from autograder.sandbox.bare import remove_folder

KEPT = {".pdf", ".zip"}
"""Endings of files that otter copies out of a container afterwards; Python imports neither."""


def hand_in(path: Path, private: Path) -> Path:
    """The hand-in as one file that the pipeline reads.

    otter unpacks an export and keeps no zip of it, so one is made anew where a checkpoint or
    other files stand beside the notebook.

    Args:
        path: the notebook or script in otter's submission folder.
        private: a folder for the zip that no student code can read.
    """
    others = [file for file in files_beside(path) if file.suffix not in KEPT]
    if not others:
        return path
    made = private / f"{path.stem}.zip"
    # A time before 1980, or a name that is no UTF-8, is no reason to give the hand-in up.
    with zipfile.ZipFile(made, "w", strict_timestamps=False) as archive:
        for file in (path, *others):
            name = file.relative_to(path.parent).as_posix()
            archive.write(file, name.encode(errors="replace").decode())
    return made


def files_beside(path: Path) -> list[Path]:
    """The other regular files of a submission folder, without those that otter put there."""
    folder = path.parent
    support = folder.parent / "source" / "files"
    of_otter = {"tests", "__init__.py"}
    if support.is_dir():
        of_otter |= {entry.name for entry in support.iterdir()}
    return [
        file
        for entry in sorted(folder.iterdir())
        if entry.name not in of_otter
        for file in _files_at(entry)
        if file != path
    ]


def _files_at(entry: Path) -> Iterator[Path]:
    """The regular files at and below a path, in order.

    A loop, since a student may have nested folders deeper than Python calls functions.
    """
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path.is_symlink():
            continue
        if path.is_dir():
            waiting.extend(sorted(path.iterdir(), reverse=True))
        elif path.is_file():
            yield path


def remove_what_was_handed_in(path: Path) -> None:
    """Leave nothing in the submission folder that a kernel could import or run.

    otter adds that folder to the kernel's import path. The submission itself stays, since
    `otter grade` copies it out of the container; a script is emptied.
    """
    for entry in path.parent.iterdir():
        if entry == path or entry.name == "tests" or entry.suffix in KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            remove_folder(entry)
        else:
            entry.unlink()
    if path.suffix == ".py":
        path.write_text("", encoding="utf-8")
