"""How much memory a tree of processes holds, and what of it is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

SMALL = 32 * 2**20
"""A process that has written less than this is a launcher, not the one that others fork from."""


def descendants(pid: int) -> Iterator[int]:
    """The processes below ``pid``, itself not among them."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    for child in map(int, text.split()):
        yield child
        yield from descendants(child)


def upper_bound(pids: list[int]) -> int:
    """Bytes that these processes hold together at most; cheap to find out.

    A fork counts with what it has beyond the first large one of ``pids``: it was forked from that
    and shares its pages until it writes to them.
    """
    written = [_written(pid) for pid in pids]
    first = next((size for size in written if size > SMALL), 0)
    return first + sum(max(0, size - first) for size in written)


def _written(pid: int) -> int:
    """Anonymous and shared-memory bytes of a process, pages shared with its parent included."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(
        int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon:", "RssShmem:"))
    )


def proportional(pid: int) -> int:
    """Bytes of a process, each shared page by its share (PSS); walks all its pages, some 5 ms."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        # It ended while we looked.
        return 0
    return 0
