"""A disposable machine: namespaces of its own, nothing on the host writable.

In it a case may get through without harm, and a user other than root finds an interpreter that
it may read, wherever the host's own is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

SCRIPT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0755 none /mnt
mkdir /mnt/scratch; chmod 1777 /mnt/scratch
number=0
for folder in "$BASE" "$TREE"; do
    number=$((number + 1)); mkdir /mnt/kept$number; mount --rbind "$folder" /mnt/kept$number
done
# Homes and what others left in /tmp are no part of it; the interpreter and this checkout are.
mount -t tmpfs -o mode=0755 none /root
mount -t tmpfs -o mode=1777,size=512m none /tmp
mount -t tmpfs -o mode=1777,size=512m none /var/tmp
mount -t tmpfs -o mode=1777,size=512m none /dev/shm
number=0
for folder in "$BASE" "$TREE"; do
    number=$((number + 1)); mkdir -p "$folder"; mount --rbind /mnt/kept$number "$folder"
    mount -o remount,bind,ro "$folder"
done
# Numbers of processes that no pid namespace within comes to by itself.
echo 5000 > /proc/sys/kernel/ns_last_pid
mount -o remount,bind,ro /
mkdir -p /tmp/home; chmod 777 /tmp/home
export HOME=/tmp/home XDG_CACHE_HOME=/tmp/home/.cache PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$TREE"
cd "$TREE"
exec "$@"
"""

AT_HOME = ("env", "HOME=/root", "XDG_CACHE_HOME=/root/.cache")
CONTAINER = (
    *AT_HOME,
    *("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"),
)
"""A container such as Gradescope's: root at home, without the right to make namespaces."""

USER = ("setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups")


def command(backend: str, arguments: list[str]) -> list[str]:
    """How Python is run in a disposable machine, as the user and with the rights of a backend."""
    start = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--net"]
    start += ["--ipc", "--uts", "--cgroup"]
    inside = {
        "bubblewrap-user": USER,
        "container": CONTAINER,
        "control-bubblewrap": AT_HOME,
        "control-container": CONTAINER,
    }
    shell = ["sh", "-c", SCRIPT, "outer"]
    return [*start, *shell, *inside.get(backend, ()), sys.executable, *arguments]


def environment() -> dict[str, str]:
    """What the script has to know."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "BASE": sys.base_prefix,
        "TREE": str(ROOT),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OMP_THREAD_LIMIT": "1",
    }
