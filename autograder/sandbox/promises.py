"""What a wall promises, and trying on this machine whether it holds."""

from __future__ import annotations

import os
import socket
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment.models import Limits
from autograder.errors import AutograderError
from autograder.results import Ending
from autograder.sandbox.execution import Execution, Step, run_notebook
from autograder.sandbox.server import Sandbox, one_sandbox
from autograder.sandbox.wall import Furniture, Wall

TRIAL = Limits(cell_seconds=5, check_seconds=5, memory_mb=1024, disk_mb=16, processes=64)


@dataclass(frozen=True)
class Promise:
    """One thing that student code cannot do, and how that is tried."""

    id: str
    title: str
    how: str
    """What keeps it."""
    remedy: str
    """What to do where it does not hold."""
    attack: Callable[[Outside], str]
    """Source of cells, separated by `# %%`, whose last sets `held` to whether it held."""


@dataclass(frozen=True)
class Outside:
    """What lies outside the wall for the trial."""

    port: int
    """A TCP port on this machine that somebody listens on."""
    secret: Path
    """A file that only its owner may read."""
    pid: int
    """Our own process."""


@dataclass(frozen=True)
class Holding:
    """Whether a promise holds here."""

    promise: Promise
    holds: bool
    said: str = ""
    """What the trial says where it does not hold."""


def _network(outside: Outside) -> str:
    return f"""
    import socket
    held = True
    for family, address in ((socket.AF_INET, ("127.0.0.1", {outside.port})),
                            (socket.AF_INET6, ("::1", {outside.port}))):
        try:
            with socket.socket(family) as line:
                line.settimeout(1)
                line.connect(address)
            held = False
        except OSError:
            pass
    """


def _reading(outside: Outside) -> str:
    return f"""
    held = True
    for path in ({str(outside.secret)!r}, "/proc/{outside.pid}/environ", "/etc/shadow"):
        try:
            open(path, "rb").read(1)
            held = False
        except OSError:
            pass
    import os
    held = held and not any("AUTOGRADER" in name for name in os.environ)
    """


def _writing(outside: Outside) -> str:
    return f"""
    import os
    held = True
    for folder in ({str(outside.secret.parent)!r}, "/usr", "/etc", "/"):
        try:
            path = f"{{folder}}/autograder-was-here"
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            held = False
            os.unlink(path)
        except OSError:
            pass
    try:
        with open("big", "wb") as file:
            for _ in range({TRIAL.disk_mb} * 2):
                file.write(bytes(2**20))
        held = False
    except OSError:
        pass
    finally:
        os.unlink("big")
    """


def _processes(outside: Outside) -> str:
    return f"""
    import os
    held = True
    try:
        os.kill({outside.pid}, 0)
        held = False
    except OSError:
        pass
    held = held and not os.path.exists("/proc/{outside.pid}/fd/0")
    """


def _limits(outside: Outside) -> str:
    return """
    import resource
    held = resource.getrlimit(resource.RLIMIT_NPROC)[1] != resource.RLIM_INFINITY
    held = held and resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 1024
    try:
        hog = b"x" * (2 * 1024 * 2**20)
        held = False
    except MemoryError:
        pass
    """


def _privilege(outside: Outside) -> str:
    return """
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
    held = int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0
    held = held and status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
    held = held and libc.unshare(0x10000000) == -1 and libc.ptrace(0, 0, 0, 0) == -1
    """


PROMISES = (
    Promise(
        "1",
        "reach any network",
        "a network namespace of its own, and no sockets but Unix ones",
        "Install bubblewrap and allow unprivileged user namespaces.",
        _network,
    ),
    Promise(
        "2",
        "read what is hidden: checks, labels, answers, other students, the grader's environment",
        "nothing of it is mounted, or it is closed to the student's uid",
        "Install bubblewrap; do not keep assignments on a world-readable share.",
        _reading,
    ),
    Promise(
        "3",
        "write anything that lasts, or fill the disk",
        "a read-only system and a scratch space of fixed size in memory",
        "Install bubblewrap 0.7 or newer, which can bound the scratch space.",
        _writing,
    ),
    Promise(
        "4",
        "see, signal or outlive other processes",
        "a pid namespace that ends with the grading",
        "Install bubblewrap.",
        _processes,
    ),
    Promise(
        "5",
        "take more than its memory, processes and open files",
        "resource limits, and a watch over the whole process tree",
        "Run on Linux 5.14 or newer.",
        _limits,
    ),
    Promise(
        "6",
        "gain privilege",
        "no capabilities, no_new_privs, and a filter of system calls",
        "Run on a kernel with seccomp (CONFIG_SECCOMP_FILTER).",
        _privilege,
    ),
)


def try_promises(wall: Wall) -> list[Holding]:
    """Try each promise behind this wall, with something outside to reach for.

    Raises WallError where the wall does not start at all.
    """
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as line:
        secret = Path(folder) / "secret"
        secret.write_text("hidden")
        secret.chmod(0o600)
        outside = Outside(line.getsockname()[1], secret, os.getpid())
        files = Path(folder) / "files"
        files.mkdir()
        with one_sandbox(wall, Furniture(files), TRIAL) as sandbox:
            return [_try(sandbox, promise, outside) for promise in PROMISES]


def _try(sandbox: Sandbox, promise: Promise, outside: Outside) -> Holding:
    attack = textwrap.dedent(promise.attack(outside))
    steps = [Step(1, attack, "trial", TRIAL.cell_seconds, ("trial",))]
    execution = run_notebook(sandbox, steps, {}, 2**20, 30)
    try:
        said = _trouble(execution)
        snapshot = execution.snapshots.get("trial")
        if said or snapshot is None:
            return Holding(promise, False, said or "the trial did not come to its end")
        answer = snapshot.ask(["get", "held"])
        return Holding(promise, answer is True, "" if answer is True else "the trial got through")
    except AutograderError as error:
        return Holding(promise, False, str(error))
    finally:
        for snapshot in execution.snapshots.values():
            snapshot.kill()


def _trouble(execution: Execution) -> str:
    for trouble in execution.troubles.values():
        if trouble.ending != Ending.GRADED or trouble.error:
            return f"the trial failed: {trouble.error.get('message') or trouble.ending}"
    return ""
