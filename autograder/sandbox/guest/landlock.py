"""Landlock: one more wall inside the wall, where the kernel has it (Linux 5.13 and newer).

It needs no privilege and no namespaces, so it is there in a container as well. See landlock(7).
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

from .system import called, libc

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
RULE_PATH_BENEATH = 1
CREATE_RULESET_VERSION = 1

WRITE_FILE = 1 << 1
CHANGES = 0x1FF0
"""Removing and making entries of every kind in a folder (REMOVE_DIR to MAKE_SYM)."""
REFER = 1 << 13
"""Since version 2: moving an entry to another folder. Before that it is refused everywhere."""
TRUNCATE = 1 << 14
"""Since version 3."""
NET_BIND_TCP, NET_CONNECT_TCP = 1, 2
"""Since version 4."""
SCOPE_ABSTRACT_UNIX_SOCKET, SCOPE_SIGNAL = 1, 2
"""Since version 6: neither reaches a process that is not behind the same wall."""


def landlock_version() -> int:
    """The version of the kernel's Landlock; 0 where it has none."""
    version: int = libc.syscall(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    return max(version, 0)


def restrict_writing(folders: Iterable[str]) -> None:
    """Let this process, and all that it starts, write below these folders and nowhere else.

    No TCP, and no signals or abstract sockets to others, where the kernel's version knows them.
    Nothing happens where it has none, or one that would let nobody move a file. Raises OSError
    where the kernel refuses.
    """
    version = landlock_version()
    if version < 2:
        return
    writing = WRITE_FILE | CHANGES | REFER | (TRUNCATE if version >= 3 else 0)
    network = NET_BIND_TCP | NET_CONNECT_TCP if version >= 4 else 0
    scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL if version >= 6 else 0
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = struct.pack("=QQQ", writing, network, scoped)[:size]
    ruleset = _call(CREATE_RULESET, rules, size, 0)
    try:
        for folder in folders:
            if not os.path.isdir(folder):  # noqa: PTH112
                continue
            opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
            try:
                rule = struct.pack("=Qi", writing, opened)
                _call(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0)
            finally:
                os.close(opened)
        _call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _call(number: int, *arguments: int | bytes) -> int:
    padded = [ctypes.c_long(it) if isinstance(it, int) else it for it in arguments]
    return called("landlock", int(libc.syscall(ctypes.c_long(number), *padded)))
