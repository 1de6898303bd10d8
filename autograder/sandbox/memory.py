"""How much memory a tree of processes holds, and what of it is its own."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.proc import text_of

UNNAMED = "00:01"
"""The device of memory that is shared and has no file (shmem_zero_setup); its name can be changed
(PR_SET_VMA_ANON_NAME)."""

SMALL = 32 * 2**20
"""A process that has written less than this is a launcher, not the one that others fork from."""


def descendants(pid: int) -> Iterator[int]:
    """The processes below ``pid``, itself not among them; each before those that it started."""
    above = [pid]
    while above:
        for child in _children(above.pop()):
            yield child
            above.append(child)


def _children(pid: int) -> list[int]:
    """What all threads of a process have started: each has children of its own."""
    children: list[int] = []
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (thread / "children").read_text().split())
    except OSError:
        # It ended while we looked.
        return children
    return children


@dataclass(frozen=True)
class Look:
    """What can be seen of some processes together cheaply, in bytes."""

    resident: int
    """What they hold at most. A fork counts with what it has beyond the first large process: it was
    forked from that and shares its pages until it writes to them."""
    addresses: int
    """Addresses that they have beyond those of the first."""
    tables: int
    """The kernel's tables of their pages: two thousandths of what is mapped, whatever lies there,
    be it nothing but the one page of zeros."""


def look_at(pids: list[int]) -> Look:
    """Look at these processes; those that are gone count nothing."""
    seen = [_sizes(pid) for pid in pids]
    addresses = [sizes["VmSize"] for sizes in seen]
    return Look(
        resident=_beyond_first([sizes["RssAnon"] + sizes["RssShmem"] for sizes in seen]),
        addresses=_beyond_first(addresses) - max(addresses[:1], default=0),
        tables=sum(sizes["VmPTE"] for sizes in seen),
    )


def _beyond_first(sizes: list[int]) -> int:
    first = next((size for size in sizes if size > SMALL), 0)
    return first + sum(max(0, size - first) for size in sizes)


def _sizes(pid: int) -> dict[str, int]:
    sizes = dict.fromkeys(("VmSize", "RssAnon", "RssShmem", "VmPTE"), 0)
    try:
        lines = text_of(pid, "status").split("\n")
    except OSError:
        return sizes
    for line in lines:
        name, _, value = line.partition(":")
        if name in sizes:
            sizes[name] = int(value.split()[0]) * 1024
    return sizes


def socket_buffers(pid: int) -> int:
    """Bytes that may wait in the sockets of the network namespace that a process lives in.

    They are the kernel's, and no process's count shows them. A sender's buffer has the default size
    (the filter of system calls keeps student code from a larger one).
    """
    try:
        first, *_ = Path(f"/proc/{pid}/net/sockstat").read_text().splitlines()
    except (OSError, ValueError):
        return 0
    return int(first.split()[2]) * _socket_buffer()


@functools.cache
def _socket_buffer() -> int:
    return int(Path("/proc/sys/net/core/wmem_default").read_text())


def unnamed(pids: list[int]) -> int:
    """Bytes of shared memory without a file's name that these processes have mapped.

    What was once written there stays, though no process's own count shows it once the page is out
    of its table (madvise). Each area counts whole and once, however many have mapped it.
    """
    areas: dict[str, int] = {}
    for pid in pids:
        try:
            lines = text_of(pid, "maps").split("\n")
        except OSError:
            continue
        for line in filter(None, lines):
            addresses, _, offset, device, inode, *_ = line.split(maxsplit=5)
            if device != UNNAMED:
                continue
            start, end = (int(it, 16) for it in addresses.split("-"))
            areas[inode] = max(areas.get(inode, 0), int(offset, 16) + end - start)
    return sum(areas.values())


def proportional(pid: int) -> int:
    """Bytes of a process, each shared page by its share (PSS), and the tables of its pages.

    Walks all its pages, some 5 ms.
    """
    try:
        for line in text_of(pid, "smaps_rollup").split("\n"):
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 + _sizes(pid)["VmPTE"]
    except (OSError, ValueError):
        # It ended while we looked.
        return 0
    return 0
