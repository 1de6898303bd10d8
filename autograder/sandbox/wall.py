"""What separates student code from everything else: the interface that all walls share."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autograder.assignment.models import Limits
from autograder.errors import WallError
from autograder.sandbox.allocation import ALLOCATION
from autograder.sandbox.seccomp import load_filter

GUEST_MODULES = (
    "torch",
    # torch loads this at the first optimiser, and then it takes a second or two in every fork.
    "torch._dynamo",
    "numpy",
    "matplotlib",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib_inline.backend_inline",
    "safetensors.torch",
)
"""What notebooks import; imported once, before the fork, where the environment has it."""

ALL_PROMISES = frozenset(str(number) for number in range(1, 12))
"""Ids of all promises that a wall may make: see docs/security.md."""

OWN_ANYWAY = ("/dev", "/proc")
"""Folders with nothing that lasts, in which a process writes to what is its own."""

FREE_UIDS = (range(70_000, 100_000), range(64_000, 65_000))
"""Uids that no account should have; the first where they exist, as they do not in a container with
users of its own. See systemd.io/UIDS-GIDS.

The kernel counts a user's processes over all containers together: graders in two of them, which
can't see each other's claims, should not come to the same uid.
"""

END_SECONDS = 20.0
"""How long the kernel may take to end processes that were killed."""


@dataclass(frozen=True)
class Furniture:
    """What all sandboxes of one warm server have in common."""

    files: Path
    """The folder whose content stands beside the notebook, read-only where the wall can do it."""
    warm: tuple[str, ...] = GUEST_MODULES
    """Modules that the server imports before the first fork; what is not installed is left out."""


@dataclass(frozen=True)
class Room:
    """One sandbox as the warm server is asked to open it."""

    request: dict[str, object]
    """The fields of `guest.rooms.Room`."""
    uid: int | None
    scratch: Path | None = None
    """A folder outside that goes when the room ends."""


class Wall(Protocol):
    """One way of keeping student code in."""

    name: str
    promises: frozenset[str]
    """Ids of the promises that it makes (`sandbox.promises`)."""

    def start(
        self, furniture: Furniture, control: int, joining: Sequence[str]
    ) -> subprocess.Popen[bytes]:
        """Start the warm server behind the wall; it inherits the descriptor ``control``.

        ``joining`` goes before the command: a command that becomes the one that follows.
        Raises WallError where this machine can't do it.
        """

    def room(self, furniture: Furniture, limits: Limits, uid: int | None) -> Room:
        """A new room for one submission; ``uid`` is what student code gets where we are root."""

    def leave(self, room: Room, pid: int | None) -> None:
        """End every process of a room and remove what it left; ``pid`` is its first process."""

    def clear(self, process: subprocess.Popen[bytes]) -> None:
        """End the warm server, and with it whatever it started."""


def student_uids() -> range:
    """The uids that student code may get where we start as root."""
    many, few = FREE_UIDS
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        start, _, count = map(int, line.split())
        # One before them is the container wall's own.
        if start < many.start and many.stop <= start + count:
            return many
    return few


class StudentUid:
    """A uid for student code that no other grader on this machine uses at the same time.

    Limits for a user must not add up over sandboxes, and the container wall ends a room by killing
    every process of its uid. A context manager: on leaving, others may take the uid.
    """

    def __init__(self) -> None:
        """Take a free one. Raises WallError where all are taken."""
        uids = student_uids()
        first = secrets.randbelow(len(uids))
        for number in (*uids[first:], *uids[:first]):
            # An abstract name: it is gone with the process that holds it, however that ends.
            claim = socket.socket(socket.AF_UNIX)
            try:
                claim.bind(f"\0autograder-uid-{number}")
            except OSError:
                claim.close()
                continue
            self.number, self._claim = number, claim
            return
        raise WallError(
            f"all {len(uids)} uids for student code are in use",
            remedy="Look for graders that were left running.",
        )

    def release(self) -> None:
        """Let others have it."""
        self._claim.close()


def environment(home: str, matplotlib_cache: str) -> dict[str, str]:
    """The whole environment of student code. One thread: see design.md, "Check point"."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin:/usr/bin:/bin"]),
        "HOME": home,
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": "1",
        "OMP_THREAD_LIMIT": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        # A container may have a GPU, and CUDA does not survive a fork.
        "CUDA_VISIBLE_DEVICES": "",
        **ALLOCATION,
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": matplotlib_cache,
        "IPYTHONDIR": f"{home}/.ipython",
        # There is no network: pip should say so at once.
        "PIP_RETRIES": "0",
        "PIP_TIMEOUT": "1",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def server_command(guest: str, control: int, furniture: Furniture) -> list[str]:
    """How the warm server is started; ``guest`` is where its folder stands, as it sees it.

    That folder's parent is on the path for this one import only: no notebook imports from it.
    """
    start = (
        f"import sys; sys.path.insert(0, {str(Path(guest).parent)!r}); "
        "from guest.main import main; del sys.path[0]; main()"
    )
    config = json.dumps({"fd": control, "warm": furniture.warm})
    return [sys.executable, "-c", start, config]


def room_request(home: str, uid: int | None, limits: Limits) -> dict[str, object]:
    """What every wall asks of a room; without an inner wall."""
    return {
        "home": home,
        "uid": uid,
        "filter": load_filter(),
        "rlimits": {
            "RLIMIT_DATA": limits.memory_mb * 2**20,
            "RLIMIT_FSIZE": limits.disk_mb * 2**20,
            "RLIMIT_NOFILE": 1024,
            "RLIMIT_NPROC": limits.processes,
            # Not 0: see `seccomp.CORE`.
            "RLIMIT_CORE": 1,
            "RLIMIT_CPU": int(limits.submission_seconds) + 60,
        },
        "environment": {},
        "inner_wall": False,
        "scratch": [],
        "writable": [],
        "scratch_bytes": limits.disk_mb * 2**20,
        "files": "",
    }


def guest_folder() -> Path:
    """The folder of the package that runs behind the wall."""
    return Path(__file__).parent / "guest"


def cache_folder() -> Path:
    """Where we keep what can be made anew."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "autograder"


def matplotlib_cache() -> Path:
    """A folder with matplotlib's list of fonts: to look for them anew takes seconds a sandbox."""
    folder = cache_folder() / "matplotlib"
    if not any(folder.glob("fontlist*.json")):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-c", "import matplotlib.font_manager"],
            env={**os.environ, "MPLCONFIGDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    return folder
