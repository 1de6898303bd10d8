"""The wall inside a container that allows no namespaces, as on Gradescope: a second uid.

We are root there and student code is not. What it must not read is closed to everyone but root
before it starts; when it ends, every process and every file of its uid goes.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from autograder.assignment.models import Limits
from autograder.errors import SandboxFault, WallError
from autograder.sandbox.bare import end_tree, furnish, launch, remove_folder, scratch_request
from autograder.sandbox.guest.confinement import PREFIXES
from autograder.sandbox.proc import text_of
from autograder.sandbox.wall import (
    ALL_PROMISES,
    END_SECONDS,
    OWN_ANYWAY,
    Furniture,
    Room,
    student_uids,
)

SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")
"""Where every user of a system may write."""


class Container:
    """A second uid and closed folders."""

    name = "container"
    promises = (ALL_PROMISES - {"1", "3", "4"}) | {"1a", "3a", "4a"}
    """Of three the narrower part: other processes can be seen there, Unix sockets of the container
    reached, and many files fill the disk while the room stands."""

    def __init__(self, closed: Sequence[Path]) -> None:
        """``closed`` are folders and files that student code must not read."""
        self._closed = tuple(closed)

    def start(
        self, furniture: Furniture, control: int, joining: Sequence[str]
    ) -> subprocess.Popen[bytes]:
        """Start the warm server; it is root, its rooms' notebooks are not."""
        if os.geteuid() != 0:
            raise WallError(
                "the container wall needs root, to give student code a uid of its own",
                remedy="Run as root in the container, or install bubblewrap.",
            )
        if self._closed:
            open_way(PREFIXES)
        require_python(student_uids()[0])
        return launch(furniture, control, joining)

    def room(self, furniture: Furniture, limits: Limits, uid: int | None) -> Room:
        """Close what is to be closed, see that it holds, and lay out a scratch folder."""
        if uid is None:
            raise WallError("the container wall needs a uid for student code")
        close(self._closed, uid)
        if self._closed:
            close_home(Path(pwd.getpwuid(0).pw_dir))
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
        end_processes_of(room.uid)
        if room.scratch:
            remove_folder(room.scratch)
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
            _close_to_others(path)
    if not _as_user(uid, lambda: not any(_may_enter_or_read(path) for path in paths)):
        raise WallError(
            "what must stay hidden can be read by another user",
            where=", ".join(str(path) for path in paths),
            remedy="Put it on a file system that knows permissions.",
        )


def close_home(home: Path) -> None:
    """Take from others what lies in the grader's home, but for the way to Python and its packages.

    What is on the way can be passed through, not looked at. What is mounted read-only stays.
    """
    for path in (home, *home.iterdir()):
        if str(path) in PREFIXES or not os.access(path, os.W_OK):
            continue
        on_the_way = any(Path(prefix).is_relative_to(path) for prefix in PREFIXES)
        _close_to_others(path, 0o711 if on_the_way else 0o700)


def _close_to_others(path: Path, most: int = 0o700) -> None:
    if not path.is_symlink():
        path.chmod(path.stat().st_mode & most)


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


def end_processes_of(uid: int) -> None:
    """Kill all that a uid runs, and wait until it is gone. Raises SandboxFault where it stays.

    The kernel strikes all at once: who goes through a list misses what was forked meanwhile.
    """
    nobodys = student_uids().start - 1
    until = time.monotonic() + END_SECONDS
    while list(processes_of(uid)):
        killer = os.fork()
        if killer == 0:
            try:
                # As that uid by its effective one alone: so it may kill, and can't be killed.
                os.setresuid(nobodys, uid, 0)
                os.kill(-1, signal.SIGKILL)
            finally:
                os._exit(0)
        os.waitpid(killer, 0)
        if time.monotonic() > until:
            raise SandboxFault(f"processes of uid {uid} did not end in {END_SECONDS:g} seconds")
        time.sleep(0.001)


def processes_of(uid: int) -> Iterator[int]:
    """The living processes of a uid."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            lines = text_of(int(entry.name), "status").split("\n")
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
            remove_folder(entry)
        else:
            entry.unlink(missing_ok=True)
