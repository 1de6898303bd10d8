"""The warm server of a class, and the sandboxes in it: one room for each submission."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from autograder.assignment.models import Limits
from autograder.errors import WallError
from autograder.sandbox.channel import Channel, Ended, TimedOut
from autograder.sandbox.control_groups import make_group
from autograder.sandbox.memory import descendants, look_at, proportional, socket_buffers, unnamed
from autograder.sandbox.wall import Furniture, Room, StudentUid, Wall

START_SECONDS = 120.0
"""How long the imports of a warm server may take on a loaded machine."""
WATCH_SECONDS = 0.1
"""How often a cheap upper bound of the memory is looked at."""
SLACK_MB = 64
"""What the kernel itself may need for a room: tables, names of files, buffers."""
SCRATCH_SPACES = 3
"""Home, /tmp and /dev/shm: each may hold `disk_mb`."""
OWN_PROCESSES = 8
"""Processes of a room that are not the student's."""
EXACT_SECONDS = 2.0
"""How often the memory is measured exactly, for the record; at once where the bound is high."""


class WarmServer(AbstractContextManager["WarmServer"]):
    """A process behind a wall that has imported what notebooks import, and opens rooms.

    A context manager: on leaving, nothing of it is alive.
    """

    def __init__(self, wall: Wall, furniture: Furniture) -> None:
        """Start it; `ready` waits until it is warm. Raises WallError where it can't start."""
        self.wall = wall
        self.furniture = furniture
        self._uid = StudentUid() if os.geteuid() == 0 else None
        self._group = make_group() if os.geteuid() == 0 and wall.promises else None
        joining = self._group.joining if self._group else []
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = wall.start(furniture, theirs.fileno(), joining)
        except BaseException:
            if self._group:
                self._group.remove()
            raise
        self._channel = Channel(ours, START_SECONDS)
        self._is_ready = False

    def ready(self) -> None:
        """Wait until it has imported everything. Raises WallError where it does not start."""
        if self._is_ready:
            return
        try:
            self._channel.ask(["ping"])
        except (Ended, TimedOut) as error:
            raise self._does_not_stand() from error
        if self._group and not self._group.holds(self._process.pid):
            self._group.remove()
            self._group = None
        self._is_ready = True

    @property
    def counted_by(self) -> str:
        """What counts the memory and the processes of its rooms."""
        watch = "a watch over the whole process tree"
        if self._group is None:
            return watch
        return f"{watch}, and control groups of version {self._group.version}"

    def open(self, limits: Limits) -> tuple[Room, Channel]:
        """A new room, and the channel to its first process. Raises WallError where it can't be."""
        self.ready()
        room = self.wall.room(self.furniture, limits, self._uid.number if self._uid else None)
        try:
            if self._group:
                self._group.limit(_ceiling(limits), limits.processes + OWN_PROCESSES)
            channel = self._channel.another(["room", room.request])
        except (Ended, TimedOut, OSError) as error:
            self.wall.leave(room, None)
            raise self._does_not_stand() from error
        channel.request_seconds = limits.check_seconds
        if self._group and channel.pid is not None:
            self._group.offer(channel.pid)
        return room, channel

    def kills(self) -> int:
        """How many processes the kernel has ended for their memory, where it counts that."""
        return self._group.kills() if self._group else 0

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and all that it started."""
        self._channel.close()
        self.wall.clear(self._process)
        if self._group:
            self._group.remove()
        if self._process.stderr:
            self._process.stderr.close()
        if self._uid:
            self._uid.release()

    def _does_not_stand(self) -> WallError:
        self.wall.clear(self._process)
        stderr = self._process.stderr.read() if self._process.stderr else b""
        lines = stderr.decode("utf-8", "replace").strip().splitlines()
        said = lines[-1][:300] if lines else f"exit status {self._process.returncode}"
        self.close()
        return WallError(
            f"the {self.wall.name} wall does not stand on this machine: {said}",
            remedy="Run `autograder doctor` to see what is missing.",
        )


def _ceiling(limits: Limits) -> int:
    """Bytes that the kernel lets a room have: more than the watch does.

    The kernel counts the scratch space as well, and files that were read and can be dropped.
    """
    scratch = limits.disk_mb * SCRATCH_SPACES
    return (limits.memory_mb + scratch + SLACK_MB) * 2**20


class Sandbox:
    """One room from start to end, and the watch on its memory.

    A context manager: on leaving, nothing of it is alive.
    """

    def __init__(self, server: WarmServer, limits: Limits) -> None:
        """Open the room. Raises WallError where the server can't."""
        self._server = server
        self._limits = limits
        self.peak_memory = 0
        """The most memory, in bytes, that all processes of the sandbox had together."""
        self._memory_exceeded = False
        self._start()

    def _start(self) -> None:
        self._kills = self._server.kills()
        self._room, self.first = self._server.open(self._limits)
        self._ended = threading.Event()
        self._fault: Exception | None = None
        self._watch = threading.Thread(target=self._watch_or_end, daemon=True)
        self._watch.start()

    def restart(self) -> None:
        """End everything and open a new room."""
        self.close()
        self._start()

    def took_memory(self) -> bool:
        """Whether a process was ended for its memory since this was last asked."""
        exceeded, self._memory_exceeded = self._memory_exceeded, False
        before, self._kills = self._kills, self._server.kills()
        return exceeded or self._kills > before

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process of the sandbox, and remove what they left.

        Raises WallError where the watch over its memory has failed: nothing that was found out
        since then counts.
        """
        self._ended.set()
        self._watch.join()
        if not self.peak_memory:
            self.peak_memory = look_at(self._processes()).resident
        self._server.wall.leave(self._room, self.first.pid)
        self.first.end()
        if self._fault is not None:
            raise WallError(
                f"the watch over a sandbox's memory failed: {self._fault!r}",
                remedy="This is a fault of ours; please report it.",
            ) from self._fault

    def _processes(self) -> list[int]:
        first = self.first.pid
        return [] if first is None else [first, *descendants(first)]

    def _socket_buffers(self) -> int:
        first = self.first.pid
        return 0 if first is None else socket_buffers(first)

    def _watch_or_end(self) -> None:
        """No room without a watch: where that fails, the room ends."""
        try:
            self._watch_memory()
        except Exception as error:  # noqa: BLE001
            self._fault = error
            if self.first.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.first.pid, signal.SIGKILL)

    def _watch_memory(self) -> None:
        limit = self._limits.memory_mb * 2**20
        looked = time.monotonic()
        # Those of the machine, where the room has no network of its own.
        before = self._socket_buffers()
        while not self._ended.wait(WATCH_SECONDS):
            pids = self._processes()
            look = look_at(pids)
            sockets = max(0, self._socket_buffers() - before)
            near = look.resident + look.tables + sockets > limit or look.addresses > limit
            if not near and time.monotonic() - looked < EXACT_SECONDS:
                continue
            looked = time.monotonic()
            sizes = {pid: proportional(pid) for pid in pids}
            total = max(sum(sizes.values()), unnamed(pids)) + sockets
            self.peak_memory = max(self.peak_memory, total)
            if total > limit:
                # The largest is the one that grew. Never the room's first process while there are
                # others: without a pid namespace they would live on, and out of our sight.
                self._memory_exceeded = True
                with contextlib.suppress(ProcessLookupError):
                    os.kill(max(pids[1:] or pids, key=lambda pid: sizes[pid]), signal.SIGKILL)


@contextmanager
def one_sandbox(wall: Wall, furniture: Furniture, limits: Limits) -> Iterator[Sandbox]:
    """A sandbox with a warm server of its own, for what is done once."""
    with WarmServer(wall, furniture) as server, Sandbox(server, limits) as sandbox:
        yield sandbox
