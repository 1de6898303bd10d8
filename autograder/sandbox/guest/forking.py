"""Forks that go on as their parent would have, and are cheap for a large process.

A fork copies the parent's page table, one entry for each 4 kB of memory that it has written: some
60,000 for an interpreter that has imported torch, which takes 10 ms and more. Where the kernel can
put such memory on pages of 2 MB, there is one entry for each of those, and a fork takes 2 ms.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
from pathlib import Path

from .system import libc

HUGE_PAGE = 2 * 2**20
MADV_COLLAPSE = 25
"""Linux 6.1 and newer; older kernels refuse it, and forks stay as they were."""


def fork_as_it_is() -> int:
    """os.fork, with the state of `random` as it was, which Python would seed anew in the child.

    A snapshot has to go on just as the notebook would have.
    """
    state = random.getstate()
    child = os.fork()
    if child == 0:
        random.setstate(state)
    return child


def prepare_for_forks() -> None:
    """Tidy this process's memory; call it once, after all imports and before the first fork."""
    gc.collect()
    # A collection in a fork must not touch, and so copy, every page that it inherits.
    gc.freeze()
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, end in _written_ranges():
        first = -(-start // HUGE_PAGE) * HUGE_PAGE
        for page in range(first, end - HUGE_PAGE + 1, HUGE_PAGE):
            # A refusal costs speed only: the page may be sparse, or no huge one free.
            libc.madvise(page, HUGE_PAGE, MADV_COLLAPSE)


def _written_ranges() -> list[tuple[int, int]]:
    """Addresses of this process's private, writable memory that is no file's."""
    ranges = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, rights, _, _, inode, *name = line.split()
        if rights == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            start, end = addresses.split("-")
            ranges.append((int(start, 16), int(end, 16)))
    return ranges
