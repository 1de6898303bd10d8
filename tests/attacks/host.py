"""A host with canaries: what student code must neither reach nor change."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MARK = "canary-written"
DAEMON = b"canary-daemon"


@dataclass
class Host:
    """Places and processes on this machine, as attacks are told of them."""

    folder: Path
    places: Mapping[str, str]
    _line: socket.socket
    _unix: socket.socket
    _sleeper: subprocess.Popen[bytes]

    def effects(self) -> list[str]:
        """What has happened to the host since this was last asked; it is undone."""
        found = []
        system = ("/tmp", "/etc", "/usr/local/bin", "/var/tmp", str(Path.home()), sys.prefix, ".")
        for place in (self.folder, *map(Path, system)):
            for pattern in (f"{MARK}*", "canary_written*"):
                for path in place.glob(pattern):
                    found.append(f"a file {path.name} in {place}")
                    path.unlink()
        for kind, line in (("TCP", self._line), ("Unix", self._unix)):
            with contextlib.suppress(BlockingIOError):
                line.accept()[0].close()
                found.append(f"a {kind} connection")
        if self._sleeper.poll() is not None:
            found.append("a process of the host was killed")
        found += [f"process {pid} lives on" for pid in daemons()]
        return found


def daemons() -> Iterator[int]:
    """Processes that an attack left; they are killed."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if DAEMON in words:
                os.kill(int(entry.name), 9)
                yield int(entry.name)


@contextlib.contextmanager
def host(folder: Path) -> Iterator[Host]:
    """The canaries, in a folder that all users may write to."""
    canary = folder / "canary"
    canary.mkdir()
    for path in (folder, canary):
        path.chmod(0o777)
    with contextlib.ExitStack() as stack:
        line = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        line.setblocking(False)
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(folder / "socket"))
        (folder / "socket").chmod(0o777)
        unix.listen()
        unix.setblocking(False)
        sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(7200)"])
        stack.callback(sleeper.wait)
        stack.callback(sleeper.kill)
        places = {
            "CANARY": str(canary),
            "PORT": str(line.getsockname()[1]),
            "PID": str(sleeper.pid),
        }
        yield Host(canary, places, line, unix, sleeper)
