"""The warm server, and the rooms that it opens: one for each submission, behind an inner wall.

The server has imported what notebooks import. For a room it forks; the fork gets namespaces of its
own, a scratch space and limits, and gives up all rights that it has no use for. From then on it is
the first process of its room and serves like any other process inside the wall (`serve`): it forks
the notebook. When it ends, the kernel ends every process of the room.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import channel, wire
from .confinement import (
    CAP_SETGID,
    CAP_SETUID,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    PREFIXES,
    Confinement,
    control,
    keep_capabilities,
)
from .forking import fork_as_it_is
from .serve import Server
from .shell import Shell
from .system import called, libc

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000
NAMESPACES = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x4_0000

TERMINALS = "newinstance,ptmxmode=0666,mode=0620,max=64"
"""The machine has some 4,000 for all."""

SCRATCH_FILES = 20_000
"""Files of one scratch folder: each takes a kilobyte of the kernel's memory, however empty."""


@dataclass(frozen=True)
class Room:
    """What the judge says of a room."""

    home: str
    """The folder in which the notebook runs."""
    uid: int | None
    """The uid of student code; None where it keeps the server's."""
    filter: bytes
    """The compiled filter of system calls; empty for none."""
    rlimits: Mapping[str, int]
    environment: Mapping[str, str]
    """What differs from the server's environment."""
    inner_wall: bool
    """Whether the room gets namespaces and mounts of its own."""
    scratch: tuple[str, ...]
    """With an inner wall: folders that are empty, writable and gone when the room ends."""
    scratch_bytes: int
    writable: tuple[str, ...]
    """Folders below which student code may write; empty for all that its uid may."""
    files: str
    """With an inner wall: the folder whose entries also stand in ``home``, read-only."""


class WarmServer:
    """The process that all rooms are forked from. No student code ever runs in it."""

    def __init__(self, connection: socket.socket, shell: Shell) -> None:
        """Serve the judge on ``connection``."""
        self._connection = connection
        self._shell = shell

    def serve(self) -> None:
        """Open rooms until the judge closes the connection."""
        while True:
            try:
                frame = channel.receive_frame(self._connection)
            except (EOFError, ConnectionError):
                return
            request: Any = wire.decode(frame, _no_handle)
            match request:
                case ["ping"]:
                    channel.send_frame(self._connection, wire.encode(["ok", None], _no_number))
                case ["room", dict(fields)]:
                    lists = {name: tuple(fields[name]) for name in ("scratch", "writable")}
                    self._open(Room(**{**fields, **lists}))

    def _open(self, room: Room) -> None:
        judges_end, own_end = socket.socketpair()
        as_root = room.inner_wall and os.getuid() == 0
        if (_fork_into_a_pid_namespace() if as_root else fork_as_it_is()) == 0:
            self._connection.close()
            judges_end.close()
            self._live(room, own_end)
        own_end.close()
        frame = wire.encode(["ok", None], _no_number)
        head = len(frame).to_bytes(4, "little")
        socket.send_fds(self._connection, [head + frame], [judges_end.fileno()])
        judges_end.close()

    def _live(self, room: Room, connection: socket.socket) -> None:
        """In the fork: become the first process of the room, serve, and end."""
        try:
            if room.inner_wall:
                _enter_namespaces()
            _furnish(room)
            how = Confinement(room.uid, room.filter, room.writable)
            Server(connection, self._shell, how).serve()
        except BaseException as error:  # noqa: BLE001
            # The judge reads this on the server's stderr where no room opens.
            os.write(2, f"no room: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(0)


def _fork_into_a_pid_namespace() -> int:
    """Fork, as root: the child is the first process of a new pid namespace.

    Raises OSError where the kernel refuses.
    """
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    _unshare(CLONE_NEWPID)
    child = fork_as_it_is()
    if child != 0:
        # Back: what is forked next is to be none of that namespace, which ends with the child.
        called("the way back", libc.setns(own, CLONE_NEWPID))
    os.close(own)
    return child


def _enter_namespaces() -> None:
    """Enter new namespaces; without root in a fork, and end where this is its parent.

    Raises OSError where the kernel refuses.
    """
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        _unshare(NAMESPACES)
        return
    # Without privilege the other namespaces need a user namespace to belong to.
    _unshare(NAMESPACES | CLONE_NEWPID | CLONE_NEWUSER)
    # An undumpable process can't write to its own files below /proc.
    control("dumpable", PR_SET_DUMPABLE, 1)
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    # A new pid namespace begins with the next child.
    if fork_as_it_is() != 0:
        os._exit(0)


def _unshare(namespaces: int) -> None:
    called("new namespaces", libc.unshare(namespaces))


def _furnish(room: Room) -> None:
    if room.inner_wall:
        _mount(None, "/", None, MS_REC | MS_PRIVATE)
        options = f"size={room.scratch_bytes},nr_inodes={SCRATCH_FILES},mode=1777"
        for folder in room.scratch:
            covered = [it for it in PREFIXES if Path(it).is_relative_to(folder)]
            kept = [(it, os.open(it, os.O_PATH)) for it in covered]
            _mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, options)
            for prefix, opened in kept:
                Path(prefix).mkdir(parents=True, exist_ok=True)
                _mount(f"/proc/self/fd/{opened}", prefix, None, MS_BIND | MS_REC)
                os.close(opened)
        for entry in sorted(Path(room.files).iterdir()):
            place = Path(room.home) / entry.name
            if entry.is_dir():
                place.mkdir()
            else:
                place.touch()
            _mount(str(entry), str(place), None, MS_BIND)
        # The terminals of other rooms belong to the same user: here are none.
        _mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, TERMINALS)
        # Where the kernel refuses a new one, the outer one shows the server beside this room.
        with contextlib.suppress(PermissionError):
            _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        # As root, the room's children still have to change their uid.
        keep_capabilities([CAP_SETUID, CAP_SETGID] if os.getuid() == 0 else [])
    for name, value in room.rlimits.items():
        number = getattr(resource, name)
        _, hard = resource.getrlimit(number)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (value, value))
    os.environ.update(room.environment)
    # Python keeps the first answer, and a library that the server imported may have asked.
    tempfile.tempdir = None
    os.chdir(room.home)
    control("dumpable", PR_SET_DUMPABLE, 0)
    # While the room stands, whatever it starts stays below this process.
    control("subreaper", PR_SET_CHILD_SUBREAPER, 1)
    # What student code writes past Python must fill no pipe that others share.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    texts = [text.encode() if text else None for text in (source, target, kind, options)]
    done = libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    called(f"mounting {target}", done)


def _no_handle(number: int) -> object:
    raise wire.WireError("the warm server has no objects")


def _no_number(item: object) -> int:
    raise wire.WireError("the warm server has no objects")
