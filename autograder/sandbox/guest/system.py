"""System calls that Python has no function for, through the C library."""

from __future__ import annotations

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
"""Opened once before all forks: to open it takes a class of its own each time."""


def called(what: str, result: int) -> int:
    """The result of a call that has just been made. Raises OSError where the kernel refused it."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what} was refused by the kernel: {os.strerror(number)}")
    return result
