"""What a process gives up for good: privileges, its own uid, system calls."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from .landlock import restrict_writing
from .system import called, libc

PREFIXES = tuple(dict.fromkeys((sys.base_prefix, sys.prefix)))
"""Where Python and its packages are: student code has to reach them behind every wall."""

PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

CAP_SETGID = 6
CAP_SETUID = 7
CAPABILITIES_VERSION_3 = 0x20080522


@dataclass(frozen=True)
class Confinement:
    """How a student's process is confined."""

    uid: int | None
    """The uid and gid that it gets; None where it keeps its own."""
    filter: bytes
    """The compiled filter of system calls; empty for none."""
    writable: tuple[str, ...] = ()
    """The folders below which it may write, where the kernel has Landlock; empty for all."""


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def control(what: str, option: int, *arguments: object) -> None:
    """prctl(2). Raises OSError, which names ``what`` was refused."""
    padded = [*arguments, 0, 0, 0, 0][:4]
    words = (ctypes.c_ulong(it) if type(it) is int else it for it in padded)
    called(what, libc.prctl(option, *words))


def keep_capabilities(kept: Iterable[int]) -> None:
    """Give up all other capabilities (capset(2)). Raises OSError where the kernel refuses."""
    low = sum(1 << capability for capability in kept)
    header = struct.pack("=Ii", CAPABILITIES_VERSION_3, 0)
    # Effective, permitted and inheritable; the upper 32 capabilities follow.
    data = struct.pack("=6I", low, low, 0, 0, 0, 0)
    called("giving up capabilities", libc.capset(header, data))


def confine(how: Confinement) -> None:
    """Confine this process, and all that it starts. Raises OSError where a step is refused."""
    if how.uid is not None:
        os.setgroups([])
        os.setresgid(how.uid, how.uid, how.uid)
        os.setresuid(how.uid, how.uid, how.uid)
    # The warm server closed its own /proc entries; a student's process may read its own.
    control("dumpable", PR_SET_DUMPABLE, 1)
    if how.writable:
        restrict_writing(how.writable)
    if how.filter:
        instructions = ctypes.create_string_buffer(how.filter, len(how.filter))
        program = _FilterProgram(len(how.filter) // 8, ctypes.addressof(instructions))
        control("seccomp", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))
