"""The wall inside a container that allows no namespaces, as on Gradescope: a second uid.

We are root there and student code is not. What it must not read is closed to everyone but root
before it starts; when it ends, every process and every file of its uid goes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from autograder.assignment.models import Limits
from autograder.errors import WallError
from autograder.sandbox.bare import end_tree, furnish, launch, scratch_request
from autograder.sandbox.guest.confinement import PREFIXES
from autograder.sandbox.wall import ALL_PROMISES, OWN_ANYWAY, STUDENT_UIDS, Furniture, Room

SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
"""Where every user of a system may write."""


class Container:
    """A second uid and closed folders."""

    name = "container"
    promises = (ALL_PROMISES - {"1", "4"}) | {"1a", "4a"}
    """Of the first and the fourth the narrower part: other processes can be seen there, and Unix
    sockets of the container reached."""

    def __init__(self, closed: Sequence[Path]) -> None:
        """``closed`` are folders and files that student code must not read."""
        self._closed = tuple(closed)

    def start(self, furniture: Furniture, control: int) -> subprocess.Popen[bytes]:
        """Start the warm server; it is root, its rooms' notebooks are not."""
        if os.geteuid() != 0:
            raise WallError(
                "the container wall needs root, to give student code a uid of its own",
                remedy="Run as root in the container, or install bubblewrap.",
            )
        if self._closed:
            open_way(PREFIXES)
        require_python(STUDENT_UIDS[0])
        return launch(furniture, control)

    def room(self, furniture: Furniture, limits: Limits, uid: int | None) -> Room:
        """Close what is to be closed, see that it holds, and lay out a scratch folder."""
        if uid is None:
            raise WallError("the container wall needs a uid for student code")
        close(self._closed, uid)
        scratch = furnish(furniture)
        for path in (scratch / "home", scratch / "tmp", *(scratch / "home").rglob("*")):
            os.chown(path, uid, uid)
        # Shared memory for torch's workers; it is cleared when the room ends.
        writable = [str(scratch / "home"), str(scratch / "tmp"), "/dev/shm", *OWN_ANYWAY]
        return Room({**scratch_request(scratch, uid, limits), "writable": writable}, uid, scratch)

    def leave(self, room: Room, pid: int | None) -> None:
        """Kill every process of the uid, wherever it hid, and remove every file that it left."""
        if pid is not None:
            end_tree(pid)
        if room.uid is None:
            raise WallError("a room behind the container wall has a uid")
        while pids := list(processes_of(room.uid)):
            for each in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
        if room.scratch:
            shutil.rmtree(room.scratch, ignore_errors=True)
        for folder in SHARED_FOLDERS:
            remove_files_of(room.uid, Path(folder))

    def clear(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the server and all below it."""
        end_tree(process.pid)
        process.wait()


def close(paths: Sequence[Path], uid: int) -> None:
    """Take all rights on these paths from everyone but root, and try as ``uid`` whether it holds.

    Raises WallError where something can still be read.
    """
    for path in paths:
        if path.exists():
            path.chmod(path.stat().st_mode & 0o700)
    if not _as_user(uid, lambda: not any(_may_enter_or_read(path) for path in paths)):
        raise WallError(
            "what must stay hidden can be read by another user",
            where=", ".join(str(path) for path in paths),
            remedy="Put it on a file system that knows permissions.",
        )


def open_way(paths: Iterable[str]) -> None:
    """Let every user pass through the folders above these, without seeing what else is in them.

    On Gradescope Python is below root's home, which is closed to others: a notebook could use what
    was imported before it started, and import nothing more. A grading container is thrown away; on
    a machine that lasts nobody asks for this.
    """
    for folder in {folder for path in paths for folder in Path(path).parents}:
        mode = folder.stat().st_mode & 0o7777
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def require_python(uid: int) -> None:
    """Raise WallError where ``uid`` can't read Python and its packages."""
    if not _as_user(uid, lambda: all(os.access(it, os.R_OK | os.X_OK) for it in PREFIXES)):
        raise WallError(
            "student code can't read Python: a folder above it is closed to other users",
            where=", ".join(PREFIXES),
            remedy="Install Python and this environment where every user may read, such as /opt.",
        )


def _may_enter_or_read(path: Path) -> bool:
    return os.access(path, os.R_OK) or os.access(path, os.X_OK)


def _as_user(uid: int, question: Callable[[], bool]) -> bool:
    """The answer of a process of that user; False where it can't say."""
    probe = os.fork()
    if probe == 0:
        answer = False
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            answer = question()
        finally:
            os._exit(0 if answer else 1)
    _, status = os.waitpid(probe, 0)
    return status == 0


def processes_of(uid: int) -> Iterator[int]:
    """The living processes of a uid."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            lines = (entry / "status").read_text().splitlines()
        except OSError:
            continue
        fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        if (
            fields.get("Uid", "").split("\t")[:1] == [str(uid)]
            and fields.get("State", "Z")[0] != "Z"
        ):
            yield int(entry.name)


def remove_files_of(uid: int, folder: Path) -> None:
    """Remove what a uid owns directly in a folder where everyone may write."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.lstat().st_uid != uid:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
