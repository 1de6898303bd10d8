"""No wall: student code runs as whoever started us. For trusted submissions only."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from autograder.assignment.models import Limits
from autograder.sandbox.memory import descendants
from autograder.sandbox.wall import (
    Furniture,
    Room,
    environment,
    guest_folder,
    matplotlib_cache,
    room_request,
    server_command,
)


class Bare:
    """A scratch folder and a clean environment, and nothing that keeps anybody in."""

    name = "none"
    promises: frozenset[str] = frozenset()

    def start(
        self, furniture: Furniture, control: int, joining: Sequence[str]
    ) -> subprocess.Popen[bytes]:
        """Start the warm server."""
        return launch(furniture, control, joining)

    def room(self, furniture: Furniture, limits: Limits, uid: int | None) -> Room:
        """A room in a scratch folder with copies of the public files; the uid stays ours."""
        scratch = furnish(furniture)
        return Room(scratch_request(scratch, None, limits), None, scratch)

    def leave(self, room: Room, pid: int | None) -> None:
        """Kill the processes that can be found, and remove the scratch folder."""
        if pid is not None:
            end_tree(pid)
        if room.scratch:
            remove_folder(room.scratch)

    def clear(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the server and all below it."""
        end_tree(process.pid)
        process.wait()


def furnish(furniture: Furniture) -> Path:
    """A new scratch folder: `home` with the public files, and `tmp`."""
    scratch = Path(tempfile.mkdtemp(prefix="autograder-"))
    scratch.chmod(0o755)
    if furniture.files.is_dir():
        shutil.copytree(furniture.files, scratch / "home")
    else:
        (scratch / "home").mkdir()
    (scratch / "tmp").mkdir(mode=0o700)
    return scratch


def scratch_request(scratch: Path, uid: int | None, limits: Limits) -> dict[str, object]:
    """What is asked of a room in a scratch folder."""
    home = str(scratch / "home")
    settings = {
        "HOME": home,
        "IPYTHONDIR": f"{home}/.ipython",
        "TMPDIR": str(scratch / "tmp"),
    }
    return {**room_request(home, uid, limits), "environment": settings}


def launch(furniture: Furniture, control: int, joining: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the warm server in the plain system."""
    return subprocess.Popen(
        [*joining, *server_command(str(guest_folder()), control, furniture)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=(control,),
        env=environment("/", str(matplotlib_cache())),
        cwd="/",
        start_new_session=True,
    )


def remove_folder(folder: Path) -> None:
    """Remove a folder that a student filled, however deep it nests others in it.

    `shutil.rmtree` calls itself for each level, and opens a descriptor.
    """
    subprocess.run(["rm", "-rf", "--", str(folder)], capture_output=True, check=False)


def end_tree(pid: int) -> None:
    """Kill a process and all below it, the parents first so that none is started again."""
    for each in (pid, *list(descendants(pid))):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
