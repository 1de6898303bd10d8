"""What the kernel says of a process in /proc, where student code has chosen some of the names."""

from __future__ import annotations

from pathlib import Path


def text_of(pid: int, file: str) -> str:
    """A file of a process. Raises OSError where the process is gone.

    The name of a process or of a mapped file may be any bytes. In lists the kernel escapes the line
    feed in it and nothing else, so `str.splitlines` and Python's reading of text would see lines
    that are none.
    """
    return Path(f"/proc/{pid}/{file}").read_bytes().decode(errors="replace")
