"""How much memory a tree of processes holds, and what of it is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

UNNAMED = "/dev/zero (deleted)"
"""What the kernel writes for memory that is shared and has no file (shmem_zero_setup)."""

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
    return _beyond_first([_sum(pid, "RssAnon:", "RssShmem:") for pid in pids])


def address_space(pids: list[int]) -> int:
    """Bytes of addresses that these processes have beyond those of the first large one."""
    sizes = [_sum(pid, "VmSize:") for pid in pids]
    return _beyond_first(sizes) - max(sizes[:1], default=0)


def _beyond_first(sizes: list[int]) -> int:
    first = next((size for size in sizes if size > SMALL), 0)
    return first + sum(max(0, size - first) for size in sizes)


def _sum(pid: int, *fields: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(fields))


def unnamed(pids: list[int]) -> int:
    """Bytes of shared memory without a file's name that these processes have mapped.

    What was once written there stays, though no process's own count shows it once the page is out
    of its table (madvise). Each area counts whole and once, however many have mapped it.
    """
    areas: dict[str, int] = {}
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if not line.endswith(UNNAMED):
                continue
            addresses, _, offset, _, inode, _ = line.split(maxsplit=5)
            start, end = (int(it, 16) for it in addresses.split("-"))
            areas[inode] = max(areas.get(inode, 0), int(offset, 16) + end - start)
    return sum(areas.values())


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
