"""What separates student code from everything else: the interface that all walls share."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autograder.assignment.models import Limits
from autograder.sandbox.seccomp import load_filter

GUEST_MODULES = (
    "torch",
    # torch loads this at the first optimiser, and then it takes a second or two in every fork.
    "torch._dynamo",
    "numpy",
    "matplotlib",
    "matplotlib.pyplot",
    "safetensors.torch",
)
"""What notebooks import; imported once, before the fork, where the environment has it."""

STUDENT_UIDS = range(64_000, 65_000)
"""The uids that student code gets where we start as root; no account should have one."""


def student_uid() -> int:
    """A uid for the sandboxes of this process: limits a user must not add up over sandboxes."""
    return STUDENT_UIDS[os.getpid() % len(STUDENT_UIDS)]


@dataclass(frozen=True)
class Room:
    """What one sandbox is furnished with."""

    files: Path
    """The folder whose content stands beside the notebook, read-only where the wall can do it."""
    limits: Limits
    warm: tuple[str, ...] = GUEST_MODULES
    """Modules that the server imports before the first fork; what is not installed is left out."""


class Wall(Protocol):
    """One way of keeping student code in."""

    name: str

    def start(self, room: Room, control: int) -> subprocess.Popen[bytes]:
        """Start the warm server behind the wall; it inherits the descriptor ``control``.

        Raises WallError where this machine can't do it.
        """

    def clear(self, process: subprocess.Popen[bytes]) -> None:
        """End every process behind the wall and remove what it left."""


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
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": matplotlib_cache,
        "IPYTHONDIR": f"{home}/.ipython",
        # There is no network: pip should say so at once.
        "PIP_RETRIES": "0",
        "PIP_TIMEOUT": "1",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def configuration(home: str, control: int, uid: int | None, room: Room) -> str:
    """The warm server's argument."""
    limits = room.limits
    memory = limits.memory_mb * 2**20
    return json.dumps(
        {
            "fd": control,
            "uid": uid,
            "filter": base64.b64encode(load_filter()).decode(),
            "home": home,
            "warm": room.warm,
            "rlimits": {
                "RLIMIT_DATA": memory,
                "RLIMIT_FSIZE": limits.disk_mb * 2**20,
                "RLIMIT_NOFILE": 1024,
                "RLIMIT_NPROC": limits.processes,
                "RLIMIT_CORE": 0,
                "RLIMIT_CPU": int(limits.submission_seconds) + 60,
            },
        }
    )


def guest_folder() -> Path:
    """The folder of the package that runs behind the wall."""
    return Path(__file__).parent / "guest"


def matplotlib_cache() -> Path:
    """A folder with matplotlib's list of fonts: to look for them anew takes seconds a sandbox."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "autograder" / "matplotlib"
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
