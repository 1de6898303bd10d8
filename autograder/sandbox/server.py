"""One sandbox from start to end: the warm server behind its wall, and the watch on its memory."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from types import TracebackType

from autograder.errors import WallError
from autograder.sandbox.channel import Channel, Ended, TimedOut
from autograder.sandbox.memory import descendants, proportional, upper_bound
from autograder.sandbox.wall import Room, Wall

START_SECONDS = 120.0
"""How long the imports of a warm server may take on a loaded machine."""
WATCH_SECONDS = 0.1
"""How often a cheap upper bound of the memory is looked at."""
EXACT_SECONDS = 2.0
"""How often the memory is measured exactly, for the record; at once where the bound is high."""


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
        looked = 0.0
        while not self._ended.wait(WATCH_SECONDS):
            pids = [self._process.pid, *descendants(self._process.pid)]
            if upper_bound(pids) <= limit and time.monotonic() - looked < EXACT_SECONDS:
                continue
            looked = time.monotonic()
            sizes = {pid: proportional(pid) for pid in pids}
            total = sum(sizes.values())
            self.peak_memory = max(self.peak_memory, total)
            if total > limit:
                # The largest is the one that grew; the warm server itself stays small.
                self._memory_exceeded = True
                with contextlib.suppress(ProcessLookupError):
                    os.kill(max(sizes, key=lambda pid: sizes[pid]), signal.SIGKILL)
