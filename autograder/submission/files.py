"""Finding hand-ins in a folder and taking their bytes, without following links or waiting."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from autograder.errors import UnreadableSubmission

SUFFIXES = (".ipynb", ".zip", ".py")
MAX_FOLDER_DEPTH = 32
"""Folders below the first that are searched; file systems and recursion both end somewhere."""


def find_submissions(folder: Path) -> list[Path]:
    """All notebooks, exports and scripts at any depth of ``folder``, sorted by path.

    Hidden files and folders (so also .ipynb_checkpoints), __MACOSX and links are passed over.
    Raises UnreadableSubmission where a folder can't be listed: nobody's work is skipped silently.
    """
    found: list[Path] = []
    waiting = [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        for entry in _entries(here):
            if entry.name.startswith(".") or entry.name == "__MACOSX" or entry.is_symlink():
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth < MAX_FOLDER_DEPTH:
                    waiting.append((Path(entry.path), depth + 1))
            elif entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(SUFFIXES):
                found.append(Path(entry.path))
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise UnreadableSubmission(
            f"this folder can't be listed ({error.strerror})",
            where=str(folder),
            remedy="Check its name and its permissions.",
        ) from error


def read_bytes(path: Path, cap: int) -> bytes:
    """The bytes of a regular file of at most ``cap`` bytes.

    Raises UnreadableSubmission for a link, a folder, a pipe, a device, or too large a file.
    """
    try:
        # O_NONBLOCK: opening a named pipe would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = "it is a link" if path.is_symlink() else getattr(error, "strerror", None) or error
        raise UnreadableSubmission(
            f"the file can't be opened ({reason})",
            where=path.name,
            remedy="Put the file itself there, readable for you.",
        ) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableSubmission(
                "this is not a regular file",
                where=path.name,
                remedy="Hand in a notebook (.ipynb), an export (.zip) or a script (.py).",
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            # One byte more than the cap tells, whatever size the file claims while it is written.
            data = file.read(cap + 1) if status.st_size <= cap else b""
    finally:
        os.close(descriptor)
    if status.st_size > cap or len(data) > cap:
        raise UnreadableSubmission(
            f"the file is larger than {cap / 2**20:g} MB",
            where=path.name,
            remedy="Clear the outputs of all cells, save and hand in again.",
        )
    return data
