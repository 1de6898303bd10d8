"""Trying on this machine whether a wall keeps its promises: small attacks in rooms of its own.

The tests try two hundred ways (tests/sandbox/conformance); here goes what depends on the machine,
in well under a second, so that it can be tried before every class.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.models import Limits
from autograder.errors import AutograderError, SandboxFault, WallError
from autograder.results import Ending
from autograder.sandbox.channel import Channel
from autograder.sandbox.execution import Execution, Step, run_notebook
from autograder.sandbox.guest import wire
from autograder.sandbox.promises import PROMISES, Promise
from autograder.sandbox.server import Sandbox, WarmServer
from autograder.sandbox.wall import Furniture, Wall, cache_folder

TRIAL = Limits(cell_seconds=10, check_seconds=10, memory_mb=1024, disk_mb=16, processes=64)

HELPERS = """
import ctypes, os, resource, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
got = []
def attempt(what, action, *arguments):
    try:
        action(*arguments)
        got.append(what)
    except (OSError, MemoryError):
        pass
def read(path):
    open(path, "rb").read(1)
def write(path):
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
"""
"""Every trial begins with it: `got` names what student code got through with."""


@dataclass(frozen=True)
class Outside:
    """What lies outside the wall for the trials."""

    port: int
    """A TCP port on this machine that somebody listens on."""
    secret: Path
    """A file that only its owner may read."""


@dataclass(frozen=True)
class Holding:
    """Whether a promise holds here."""

    promise: Promise
    holds: bool
    said: str = ""
    """What the trial says where it does not hold."""
    kept_by: str = ""
    """What keeps it."""


NETWORK = """
def connect(family, address):
    with socket.socket(family) as line:
        line.settimeout(1)
        line.connect(address)
attempt("TCP", connect, socket.AF_INET, ("127.0.0.1", {port}))
attempt("TCP 6", connect, socket.AF_INET6, ("::1", {port}))
attempt("netlink", socket.socket, 16, socket.SOCK_RAW)
"""
READING = """
for path in ({secret!r}, "/proc/{pid}/environ", "/proc/1/environ", "/etc/shadow"):
    attempt(path, read, path)
got += [name for name in os.environ if "AUTOGRADER" in name]
"""
WRITING = """
for folder in ({folder!r}, "/usr", "/etc", "/", sys.prefix):
    attempt(folder, write, folder + "/autograder-was-here")
def fill():
    with open("big", "wb", buffering=0) as file:
        for _ in range({disk_mb} * 2):
            file.write(bytes(2**20))
attempt("a file beyond the disk", fill)
if os.path.exists("big"):
    os.unlink("big")
"""
SEEING = """
names = [int(name) for name in os.listdir("/proc") if name.isdigit()]
got += [f"process {{pid}}" for pid in names if pid not in (1, os.getpid(), os.getppid())]
"""
SIGNALLING = """
for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
    if pid not in (1, os.getpid()):
        attempt(f"signal to {{pid}}", os.kill, pid, 0)
got += ["ptrace"] if libc.ptrace(0, 0, 0, 0) == 0 else []
"""
LIMITED = """
got += ["processes"] if resource.getrlimit(resource.RLIMIT_NPROC)[1] < 0 else []
got += ["open files"] if resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 1024 else []
def hog():
    b"x" * (2 * {memory_mb} * 2**20)
attempt("memory", hog)
"""
PRIVILEGE = """
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
got += ["capabilities"] if int(status["CapEff"], 16) or int(status["CapPrm"], 16) else []
got += ["set-uid programs"] if status["NoNewPrivs"].strip() != "1" else []
got += ["system calls"] if status["Seccomp"].strip() != "2" else []
got += ["namespaces"] if libc.unshare(0x10000000) == 0 else []
"""
FORGING = """
def forge(line):
    line.sendall((2**32 - 1).to_bytes(4, "little"))
for name in os.listdir("/proc/self/fd"):
    try:
        line = socket.socket(fileno=os.dup(int(name)))
    except OSError:
        continue
    if line.family == socket.AF_UNIX:
        attempt("-", forge, line)
got.clear()
"""
LEAVING = """
for path in ("left", "/tmp/left", "/dev/shm/left"):
    attempt(path, write, path)
got.clear()
"""
LOOKING = """
for path in ("left", "/tmp/left", "/dev/shm/left"):
    attempt(path, read, path)
"""
LYING = """
class Liar:
    def __eq__(self, other): return True
    __hash__ = None
liar = Liar()
"""
REMEMBERING = """
kept = []
def keep(item):
    kept.append(item)
    return len(kept)
"""


def try_promises(wall: Wall) -> list[Holding]:
    """Try each promise that this wall declares, with something outside to reach for.

    Raises WallError where the wall does not start at all.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        files.mkdir()
        with WarmServer(wall, Furniture(files, ())) as server:
            return try_server(server)


def try_server(server: WarmServer) -> list[Holding]:
    """The same in rooms of a server that runs already."""
    declared = [promise for promise in PROMISES if promise.id in server.wall.promises]
    with _outside() as outside, Sandbox(server, TRIAL) as sandbox:
        return [_holding(promise, server, sandbox, outside) for promise in declared]


def require_promises(server: WarmServer) -> None:
    """Try what the wall of this server declares, once for a machine as it is now.

    Raises WallError, with what to install, where a promise does not hold.
    """
    note = _note_of(server)
    if note.is_file() or not server.wall.promises:
        return
    for holding in try_server(server):
        if not holding.holds:
            promise = holding.promise
            raise WallError(
                f"the {server.wall.name} wall does not keep a promise here: that student code "
                f"cannot {promise.title} ({holding.said})",
                remedy=f"{promise.remedy} `autograder doctor` shows all promises; the wall `none` "
                "is for submissions that you trust.",
            )
    note.parent.mkdir(parents=True, exist_ok=True)
    note.touch()


def _note_of(server: WarmServer) -> Path:
    """The file that stands where all promises held: on this boot, for this wall, user and code."""
    bwrap = Path(shutil.which("bwrap") or os.devnull)
    sources = sorted(Path(__file__).parent.rglob("*.*"))
    state = [
        Path("/proc/sys/kernel/random/boot_id").read_text(),
        *(
            str(Path(f"/proc/self/ns/{name}").stat().st_ino)
            for name in ("mnt", "net", "pid", "user")
        ),
        f"{server.wall.name} {os.geteuid()} {sys.prefix}",
        *(
            f"{path} {(stat := path.stat()).st_mtime_ns} {stat.st_size}"
            for path in [bwrap, *sources]
        ),
    ]
    name = hashlib.sha256("\n".join(state).encode()).hexdigest()[:32]
    return cache_folder() / f"wall-{name}"


@contextlib.contextmanager
def _outside() -> Iterator[Outside]:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as line:
        secret = Path(folder) / "secret"
        secret.write_text("hidden")
        secret.chmod(0o600)
        yield Outside(line.getsockname()[1], secret)


def _holding(promise: Promise, server: WarmServer, sandbox: Sandbox, outside: Outside) -> Holding:
    try:
        through = TRIALS[promise.id](server, sandbox, outside)
    except AutograderError as error:
        return Holding(promise, False, str(error))
    if through:
        return Holding(promise, False, f"the trial got through: {', '.join(through[:3])}")
    return Holding(promise, True, kept_by=promise.how.format(watch=server.counted_by))


Trial = Callable[[WarmServer, Sandbox, Outside], list[str]]
"""Tries to break a promise; names what it got through with."""


def _cells(source: str) -> Trial:
    def trial(_server: WarmServer, sandbox: Sandbox, outside: Outside) -> list[str]:
        filled = source.format(
            port=outside.port,
            secret=str(outside.secret),
            folder=str(outside.secret.parent),
            pid=os.getpid(),
            disk_mb=TRIAL.disk_mb,
            memory_mb=TRIAL.memory_mb,
        )
        with _snapshot(sandbox, filled) as snapshot:
            return [str(it) for it in snapshot.ask(["get", "got"])]

    return trial


@contextlib.contextmanager
def _snapshot(sandbox: Sandbox, source: str) -> Iterator[Channel]:
    """The state after a trial's cell. Raises SandboxFault where it did not come to its end."""
    step = Step(1, f"{HELPERS}\n{textwrap.dedent(source)}", "trial", TRIAL.cell_seconds, ("trial",))
    execution = run_notebook(sandbox, [step], {}, 2**20, 30)
    snapshot = execution.snapshots.get("trial")
    try:
        if snapshot is None or (trouble := _trouble(execution)):
            raise SandboxFault(f"the trial failed{trouble if snapshot else ''}")
        yield snapshot
    finally:
        if snapshot is not None:
            snapshot.kill()


def _trouble(execution: Execution) -> str:
    for trouble in execution.troubles.values():
        if trouble.ending != Ending.GRADED or trouble.error:
            return f": {trouble.error.get('message') or trouble.ending}"
    return ""


def _forging(_server: WarmServer, sandbox: Sandbox, _outside: Outside) -> list[str]:
    try:
        with _snapshot(sandbox, FORGING) as snapshot:
            return [repr(snapshot.ask(["get", "got"]))]
    except SandboxFault:
        return []


def _sharing(server: WarmServer, sandbox: Sandbox, _outside: Outside) -> list[str]:
    with _snapshot(sandbox, LEAVING):
        pass
    if "4" not in server.wall.promises:
        # One hand-in at a time: what the next finds is what counts.
        sandbox.restart()
        with _snapshot(sandbox, LOOKING) as snapshot:
            return [str(it) for it in snapshot.ask(["get", "got"])]
    with Sandbox(server, TRIAL) as other, _snapshot(other, LOOKING) as snapshot:
        return [str(it) for it in snapshot.ask(["get", "got"])]


def _lying(_server: WarmServer, sandbox: Sandbox, _outside: Outside) -> list[str]:
    with _snapshot(sandbox, LYING) as snapshot:
        frame = snapshot.exchange(wire.encode(["get", "liar"], _no_handle))
        came = wire.decode(frame, _HandleNumber)
    return [] if came != ["ok", 4] and came == ["ok", _HandleNumber(0)] else [repr(came)]


def _remembering(_server: WarmServer, sandbox: Sandbox, _outside: Outside) -> list[str]:
    counts = []
    with _snapshot(sandbox, REMEMBERING) as snapshot:
        for _ in range(2):
            check = snapshot.fork()
            try:
                frame = check.exchange(wire.encode(["get", "keep"], _no_handle))
                came = wire.decode(frame, _HandleNumber)
                keep = came[1] if type(came) is list and len(came) == 2 else None
                asked = wire.encode(["call", keep, [7], {}], _number_of)
                counts.append(wire.decode(check.exchange(asked), _HandleNumber))
            finally:
                check.kill()
    return [] if counts == [["ok", 1], ["ok", 1]] else [repr(counts)]


def _showing(_server: WarmServer, sandbox: Sandbox, _outside: Outside) -> list[str]:
    """What is printed stays inside: pages are the report's business, and the tests'."""
    with _snapshot(sandbox, "print('\\x1b[2J')\nos.write(1, b'\\x1b[2J')") as snapshot:
        return [str(it) for it in snapshot.ask(["get", "got"])]


@dataclass(frozen=True)
class _HandleNumber:
    number: int


def _number_of(item: object) -> int:
    return item.number if isinstance(item, _HandleNumber) else _no_handle(item)


def _no_handle(item: object) -> int:
    raise wire.WireError(f"a {type(item).__name__} is not plain data")


TRIALS: dict[str, Trial] = {
    "1": _cells(NETWORK),
    "1a": _cells(NETWORK),
    "2": _cells(READING),
    "3": _cells(WRITING),
    "3a": _cells(WRITING),
    "4": _cells(SEEING + SIGNALLING),
    "4a": _cells(SIGNALLING),
    "5": _cells(LIMITED),
    "6": _cells(PRIVILEGE),
    "7": _forging,
    "8": _sharing,
    "9": _showing,
    "10": _lying,
    "11": _remembering,
}
