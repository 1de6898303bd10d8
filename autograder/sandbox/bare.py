"""No wall: student code runs as whoever started us. For trusted submissions only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.sandbox.memory import descendants
from autograder.sandbox.wall import (
    Room,
    configuration,
    environment,
    guest_folder,
    matplotlib_cache,
)


class Bare:
    """A scratch folder and a clean environment, and nothing that keeps anybody in."""

    name = "none"

    def __init__(self) -> None:
        self._scratch: dict[int, Path] = {}

    def start(self, room: Room, control: int) -> subprocess.Popen[bytes]:
        """Start the warm server in a scratch folder with copies of the public files."""
        scratch = furnish(room)
        process = launch(scratch, room, control, uid=None)
        self._scratch[process.pid] = scratch
        return process

    def clear(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the processes that can be found, and remove the scratch folder."""
        end_tree(process)
        shutil.rmtree(self._scratch.pop(process.pid, Path("/nonexistent")), ignore_errors=True)


def furnish(room: Room) -> Path:
    """A new scratch folder: `home` with the public files, `guest`, and matplotlib's cache."""
    scratch = Path(tempfile.mkdtemp(prefix="autograder-"))
    scratch.chmod(0o755)
    home = scratch / "home"
    if room.files.is_dir():
        shutil.copytree(room.files, home)
    else:
        home.mkdir()
    shutil.copytree(guest_folder(), scratch / "guest", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(matplotlib_cache(), scratch / "matplotlib")
    (scratch / "tmp").mkdir(mode=0o700)
    return scratch


def launch(scratch: Path, room: Room, control: int, uid: int | None) -> subprocess.Popen[bytes]:
    """Start the warm server in a furnished scratch folder."""
    home = str(scratch / "home")
    settings = {
        **environment(home, str(scratch / "matplotlib")),
        "PYTHONPATH": str(scratch),
        "TMPDIR": str(scratch / "tmp"),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "guest.main", configuration(home, control, uid, room)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=(control,),
        env=settings,
        cwd=scratch,
        start_new_session=True,
    )


def end_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all below it, the parents first so that none is started again."""
    below = list(descendants(process.pid))
    process.kill()
    for pid in below:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
