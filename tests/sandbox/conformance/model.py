"""What a case is, and the world in which it is tried."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.assignment import Limits
from autograder.errors import AutograderError
from autograder.results import Ending
from autograder.sandbox.execution import Execution, Step, run_notebook
from autograder.sandbox.server import Sandbox, WarmServer
from autograder.sandbox.wall import Furniture, Wall

LIMITS = Limits(
    cell_seconds=6, check_seconds=4, memory_mb=700, disk_mb=8, output_mb=1, processes=60
)

SECRET = "canary-7d1f"
"""Stands in everything that student code must not come to know."""

PRELUDE = """
import ctypes, errno, mmap, os, resource, signal, socket, struct, subprocess, sys, threading, time
got = []
def attempt(what, action, *arguments, **options):
    try:
        if action(*arguments, **options) is not False:
            got.append(what)
    except (OSError, MemoryError, RuntimeError, ValueError, ImportError, AttributeError):
        pass
def reads(path):
    with open(path, "rb") as file:
        return bool(file.read(1))
def writes(path):
    with open(path, "wb") as file:
        return bool(file.write(b"canary"))
libc = ctypes.CDLL(None, use_errno=True)
"""
"""The first cell of every case: `attempt` notes in `got` what student code got through with."""


@dataclass(frozen=True)
class Outside:
    """What lies outside the wall for student code to reach for."""

    folder: Path
    secret: Path
    """A file that only its owner may read."""
    closed: Path
    """A folder of secrets: the kit, as it were."""
    tcp: int
    udp: int
    unix: Path
    abstract: str
    pid: int
    """A process with the secret in its environment, command line and memory."""
    queue: socket.socket = field(repr=False)
    """Where what is sent to ``udp`` arrives."""

    def names(self) -> dict[str, object]:
        """As student code is told: the attacker knows where everything is."""
        return {
            "folder": str(self.folder),
            "secret": str(self.secret),
            "closed": str(self.closed),
            "tcp": self.tcp,
            "udp": self.udp,
            "unix": str(self.unix),
            "abstract": self.abstract,
            "pid": self.pid,
            "judge": os.getpid(),
        }


@contextlib.contextmanager
def outside() -> Iterator[Outside]:
    """A small world with something of each kind in it."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        folder.chmod(0o755)
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        closed = folder / "closed"
        (closed / "hidden").mkdir(parents=True)
        (closed / "hidden" / "labels.txt").write_text(SECRET)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(folder / "socket"))
        unix.listen()
        (folder / "socket").chmod(0o777)
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        name = f"canary-{os.getpid()}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        sleeper = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)", SECRET],
            env={"AUTOGRADER_SECRET": SECRET},
        )
        stack.callback(sleeper.wait)
        stack.callback(sleeper.kill)
        yield Outside(
            folder,
            secret,
            closed,
            tcp.getsockname()[1],
            udp.getsockname()[1],
            folder / "socket",
            name,
            sleeper.pid,
            udp,
        )


@dataclass
class World:
    """A wall, its warm server, and what lies outside."""

    wall: Wall
    server: WarmServer
    outside: Outside

    @contextlib.contextmanager
    def room(self, limits: Limits = LIMITS) -> Iterator[Sandbox]:
        """A sandbox."""
        with Sandbox(self.server, limits) as sandbox:
            yield sandbox

    def run(self, sandbox: Sandbox, *cells: str, limits: Limits = LIMITS) -> Execution:
        """Run cells after the prelude; the question `qN` is judged after cell N."""
        start = f"{PRELUDE}\noutside = {self.outside.names()!r}"
        steps = [Step(0, start, "", limits.cell_seconds)]
        for number, source in enumerate(cells, start=1):
            id = f"q{number}"
            steps.append(Step(number, textwrap.dedent(source), id, limits.cell_seconds, (id,)))
        return run_notebook(sandbox, steps, {}, int(limits.output_mb * 2**20), 60)


@contextlib.contextmanager
def world(wall: Wall, place: Outside, warm: tuple[str, ...] = ()) -> Iterator[World]:
    """The wall with a warm server; public files stand beside the notebook."""
    files = place.folder / "files"
    (files / "data").mkdir(parents=True, exist_ok=True)
    (files / "data" / "public.txt").write_text("for all")
    with WarmServer(wall, Furniture(files, warm)) as server:
        yield World(wall, server, place)


Try = Callable[[World], list[str]]
"""Tries to break a promise; what it got through with: nothing where the promise holds."""


@dataclass(frozen=True)
class Case:
    """One way of trying to break a promise."""

    promise: str
    name: str
    tried: Try
    defences: tuple[str, ...] = ()
    """What keeps it, by name in `defences`: with these gone, and no other, it gets through."""
    behind_container: tuple[str, ...] = ()
    """The same behind the container wall, where it is not the same that keeps it."""
    kernel: str = ""
    """Why the kernel denies it even then; empty where it does not."""
    only: tuple[str, ...] = ("bubblewrap", "container")
    """The walls that promise it."""
    warm: bool = False
    """Whether the server needs torch and the like."""

    def defences_of(self, wall: str) -> tuple[str, ...]:
        """What keeps it behind a wall; empty where it has no control there."""
        if wall == "container":
            return self.behind_container
        return self.defences if wall in self.only else ()

    @property
    def id(self) -> str:
        """Like ``1-tcp``."""
        return f"{self.promise}-{self.name.replace(' ', '-')}"


def cells(*sources: str, ending: Ending | None = None, limits: Limits = LIMITS) -> Try:
    """A case whose cells note in `got` what they got through with.

    With an ``ending``, the last cell must end like that: student code is told which limit it met.
    """

    def tried(world: World) -> list[str]:
        with world.room(limits) as sandbox:
            done = world.run(sandbox, *sources, limits=limits)
            last = len(sources)
            met = done.troubles.get(last)
            if ending is not None:
                return [] if met and met.ending == ending else [f"ended as {met and met.ending}"]
            return got(done, f"q{last}")

    return tried


def got(done: Execution, question: str) -> list[str]:
    """What student code noted in `got` at a check point; its fault where it did not get so far."""
    faults = [f"{it.ending} {it.error}" for it in done.troubles.values()]
    snapshot = done.snapshots.get(question)
    if snapshot is None or faults:
        raise AssertionError(f"the case itself failed: {faults}")
    child = snapshot.fork()
    try:
        return [str(item) for item in child.ask(["get", "got"])]
    finally:
        child.kill()


def refused(action: Callable[[], object]) -> list[str]:
    """For what the judge must refuse: nothing where an error of our own family came."""
    try:
        came = action()
    except AutograderError:
        return []
    return [f"came through: {came!r}"[:200]]
