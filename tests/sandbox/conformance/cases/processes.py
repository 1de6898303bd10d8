"""Promise 4: no other process is seen, signalled, traced or outlived."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from tests.sandbox.conformance.model import Case, Try, World, cells, got

TOKEN = "canary-survivor"


def _survivors(source: str) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if source.encode() in words:
                yield int(entry.name)


def _seen(token: str) -> set[int]:
    """All that is found in some looks: a chain of forks may slip through one."""
    seen: set[int] = set()
    for _ in range(20):
        seen |= set(_survivors(token))
        time.sleep(0.02)
    return seen


CHAIN = """
import os, time
end = time.time() + 20
while time.time() < end:
    time.sleep(0.001)
    if os.fork():
        os._exit(0)
"""
"""Each process lives for a moment: who kills by a list of numbers comes too late."""


def outlives(start: str, program: str = "import time; time.sleep(600)") -> Try:
    """A case that starts a process which shall be gone with its room."""

    def tried(world: World) -> list[str]:
        with world.room() as sandbox:
            done = world.run(
                sandbox,
                f"command = [sys.executable, '-c', {program!r}, {TOKEN!r}]\n"
                f"{start}\ntime.sleep(0.5)",
            )
            got(done, "q1")
            if not _seen(TOKEN):
                raise AssertionError("the case started nothing")
        left = _seen(TOKEN)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        return [f"process {pid}" for pid in left]

    return tried


def _kill_all(world: World) -> list[str]:
    """Two rooms: what one sends to all that it can reach does not reach the other, nor us."""
    kill = (
        "for number in (signal.SIGTERM, signal.SIGKILL):\n"
        "    try:\n        os.kill(-1, number)\n    except OSError:\n        pass"
    )
    broken = []
    if world.wall.name == "container":
        # One hand-in at a time; the next must not suffer.
        with world.room() as sandbox:
            world.run(sandbox, kill)
        with world.room() as sandbox:
            broken += [str(it) for it in world.run(sandbox, "x = 1").troubles.values()]
        return broken
    with world.room() as bystander, world.room() as sandbox:
        calm = world.run(bystander, "x = 1")
        world.run(sandbox, kill)
        if not calm.snapshots["q1"].alive():
            broken.append("another room's process")
        if not bystander.first.alive():
            broken.append("another room")
        if not Path(f"/proc/{world.outside.pid}/maps").exists():
            broken.append("a process of the host")
        return broken


CASES = (
    Case(
        "4",
        "see processes of others",
        cells(
            "mine = {1, os.getpid(), os.getppid()}\n"
            "pids = [int(name) for name in os.listdir('/proc') if name.isdigit()]\n"
            "got += [str(pid) for pid in pids if pid not in mine]"
        ),
        ("own proc",),
        only=("bubblewrap",),
    ),
    Case(
        "4",
        "signal the process that opened the room",
        cells(
            """
            for pid in {os.getppid(), 1} - {0}:
                for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT):
                    try:
                        os.kill(pid, number)
                    except OSError:
                        pass
            time.sleep(0.3)
            if os.getppid() not in (0, 1) and not os.path.exists(f"/proc/{os.getppid()}"):
                got.append("killed its parent")
            """
        ),
        ("uid", "pid namespace"),
        kernel="the first process of a pid namespace gets no signal from within",
    ),
    Case("4", "kill all that it can reach", _kill_all, ("uid", "pid namespace", "landlock")),
    Case(
        "4",
        "signal the judge by number",
        cells(
            "for pid in (outside['pid'], outside['judge']):\n"
            "    if pid > 60:\n"
            "        attempt(f'signal {pid}', os.kill, pid, 0)"
        ),
        ("pid namespace", "uid", "landlock"),
    ),
    Case(
        "4",
        "lower the limits of other processes",
        cells(
            "for pid in (outside['pid'], outside['judge'], os.getppid()):\n"
            "    attempt('limits', resource.prlimit, pid, resource.RLIMIT_NOFILE, (900, 900))",
        ),
        behind_container=("uid",),
        only=("container",),
    ),
    Case(
        "4",
        "trace another process",
        cells(
            """
            child = os.fork()
            if child == 0:
                time.sleep(30)
            if libc.ptrace(16, child, 0, 0) == 0:
                got.append("traced")
            os.kill(child, signal.SIGKILL)
            """
        ),
        ("filter ptrace",),
    ),
    Case(
        "4",
        "take descriptors of another process",
        cells(
            """
            child = os.fork()
            if child == 0:
                time.sleep(30)
            pidfd = os.pidfd_open(child)
            if libc.syscall(438, pidfd, 1, 0) >= 0:
                got.append("a descriptor")
            os.kill(child, signal.SIGKILL)
            """
        ),
        ("filter pidfd_getfd",),
    ),
    Case(
        "4",
        "outlive its room as a child",
        outlives("subprocess.Popen(command)"),
        ("end of the room",),
        ("end of processes",),
    ),
    Case(
        "4",
        "outlive its room as a daemon",
        outlives(
            "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
            "        for number in range(1, 32):\n"
            "            if number not in (9, 19):\n"
            "                signal.signal(number, signal.SIG_IGN)\n"
            "        os.execv(command[0], command)\n    os._exit(0)"
        ),
        ("end of the room",),
        ("end of processes",),
    ),
    Case(
        "4",
        "outlive its room as a chain of forks",
        outlives("for _ in range(8):\n    subprocess.Popen(command)", CHAIN),
        ("end of the room",),
        ("end of processes",),
    ),
)
