"""One sandbox from start to end: the warm server behind its wall, and the watch on its memory."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from autograder.errors import WallError
from autograder.sandbox.channel import Channel, Ended, TimedOut
from autograder.sandbox.wall import Room, Wall

START_SECONDS = 120.0
"""How long the imports of a warm server may take on a loaded machine."""
WATCH_SECONDS = 0.2
"""How often memory is looked at."""
PAGE = os.sysconf("SC_PAGE_SIZE")


class Sandbox:
    """A warm server behind a wall. A context manager: on leaving, nothing of it is alive."""

    def __init__(self, wall: Wall, room: Room) -> None:
        """Start the server and wait until it is warm. Raises WallError where it can't start."""
        self._wall = wall
        self._room = room
        self.peak_memory = 0
        """The most memory, in bytes, that all processes of the sandbox had together."""
        self._memory_exceeded = False
        self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = self._wall.start(self._room, theirs.fileno())
        self.server = Channel(ours, START_SECONDS)
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._watch_memory, daemon=True)
        try:
            self.server.ask(["ping"])
        except (Ended, TimedOut) as error:
            said = self._last_words()
            self.close()
            raise WallError(
                f"the {self._wall.name} wall does not start on this machine: {said}",
                remedy="Run `autograder doctor` to see what is missing.",
            ) from error
        self.server.request_seconds = self._room.limits.check_seconds
        self._watch.start()

    def restart(self) -> None:
        """End everything and start a new warm server."""
        self.close()
        self._start()

    def took_memory(self) -> bool:
        """Whether a process was ended for its memory since this was last asked."""
        exceeded, self._memory_exceeded = self._memory_exceeded, False
        return exceeded

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process of the sandbox."""
        self._ended.set()
        self.server.close()
        self._wall.clear(self._process)
        if self._process.stderr:
            self._process.stderr.close()
        if self._watch.is_alive():
            self._watch.join()

    def _last_words(self) -> str:
        self._process.kill()
        _, stderr = self._process.communicate()
        lines = (stderr or b"").decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else f"exit status {self._process.returncode}"

    def _watch_memory(self) -> None:
        limit = self._room.limits.memory_mb * 2**20
        while not self._ended.wait(WATCH_SECONDS):
            sizes = {pid: _own_memory(pid) for pid in descendants(self._process.pid)}
            total = sum(sizes.values())
            self.peak_memory = max(self.peak_memory, total)
            if total > limit:
                # The largest is the one that grew; the warm server itself stays small.
                self._memory_exceeded = True
                with contextlib.suppress(ProcessLookupError):
                    os.kill(max(sizes, key=lambda pid: sizes[pid]), 9)


def descendants(pid: int) -> Iterator[int]:
    """The processes below ``pid``, itself not among them."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    for child in map(int, text.split()):
        yield child
        yield from descendants(child)


def _own_memory(pid: int) -> int:
    """Bytes that this process holds beyond what it shares with the process it was forked from.

    Anonymous and shared-memory pages of a fork count once they are written. /proc/PID/statm's
    resident minus shared would count the warm server's pages once a fork, so take the exact figure
    where the kernel gives it.
    """
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0
