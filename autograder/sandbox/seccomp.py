"""The system calls that student code has no use for, and the filters that refuse them.

The filters lie compiled beside this module, one a processor architecture, so that a container
without libseccomp can load them. ``python -m autograder.sandbox.seccomp`` writes them anew; it
needs pyseccomp, the ctypes binding to libseccomp.
"""

from __future__ import annotations

import errno
import platform
import socket
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

from autograder.errors import WallError

FILTERS = Path(__file__).parent / "filters"
ARCHITECTURES = {"x86_64": "X86_64", "aarch64": "AARCH64"}
"""Machine name, as `platform.machine` gives it, and libseccomp's name for it."""

REFUSED = {
    "a network of its own, or another view of the system": (
        "unshare",
        "setns",
        "mount",
        "umount2",
        "pivot_root",
        "chroot",
        "open_tree",
        "move_mount",
        "fsopen",
        "fsconfig",
        "fsmount",
        "fspick",
        "mount_setattr",
        "swapon",
        "swapoff",
        "quotactl",
        "quotactl_fd",
        "acct",
    ),
    "reading or changing other processes": (
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "process_madvise",
        "kcmp",
        "pidfd_getfd",
        "migrate_pages",
        "move_pages",
    ),
    "parts of the kernel with a history of holes": (
        "bpf",
        "perf_event_open",
        "userfaultfd",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "add_key",
        "request_key",
        "keyctl",
        "modify_ldt",
        "memfd_secret",
        "fanotify_init",
        "lookup_dcookie",
        "open_by_handle_at",
        "name_to_handle_at",
        "vmsplice",
    ),
    "memory that no process's own count shows, or that outlives its process": (
        "memfd_create",
        "shmget",
        "semget",
        "msgget",
        "mq_open",
    ),
    "word to another hand-in, through a file that both may read": (
        "inotify_init",
        "inotify_init1",
    ),
    "what all users of the machine have one small number of": ("io_setup",),
    "running the machine": (
        "init_module",
        "finit_module",
        "delete_module",
        "kexec_load",
        "kexec_file_load",
        "reboot",
        "syslog",
        "iopl",
        "ioperm",
        "settimeofday",
        "clock_settime",
        "clock_adjtime",
        "adjtimex",
        "sethostname",
        "setdomainname",
        "vhangup",
    ),
}
"""Reason, and the calls that it refuses with EPERM. Everything else is allowed: a notebook may use
any library, and a call that we did not think of must not cost a student points."""

NEWER = {
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
}
"""Numbers, the same on every architecture, of calls that an older libseccomp has no name for."""

NEW_NAMESPACES = 0x7E020080
"""CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET and -TIME."""
TERMINAL_TRICKS = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put characters into the terminal's input."""
CORE = 4
"""RLIMIT_CORE. A room's is 1, with which the kernel starts no program of the host for a crash, as
it does with 0 (coredump in core(5)). Another limit is set and does nothing.
"""
FILE_NOTICES = (1024, 1026)
"""F_SETLEASE and F_NOTIFY tell who else uses a file."""
SEND_BUFFER = (7, 32)
"""SO_SNDBUF and SO_SNDBUFFORCE: megabytes of the kernel's memory a socket, in no process's count.

Asking for a larger buffer succeeds and does nothing.
"""
FILE_LOCKS = (6, 7, 37, 38)
"""F_SETLK, F_SETLKW, F_OFD_SETLK and F_OFD_SETLKW.

A lock on a file that all hand-ins may read is a signal from one to another. A hand-in is alone with
its own files: locks succeed and do nothing.
"""


def load_filter() -> bytes:
    """The compiled filter for this machine. Raises WallError where there is none."""
    path = FILTERS / f"{platform.machine()}.bpf"
    if not path.is_file():
        raise WallError(
            f"there is no filter of system calls for {platform.machine()}",
            where=str(path),
            remedy="Add the architecture in sandbox/seccomp.py and write the filters anew.",
        )
    return path.read_bytes()


def compile_filter(machine: str, leave_out: Collection[str] = ()) -> bytes:
    """The filter for a machine, compiled by libseccomp; without the rules on the calls named."""
    import pyseccomp as libseccomp

    refuse = libseccomp.ERRNO(errno.EPERM)
    rules = libseccomp.SyscallFilter(libseccomp.ALLOW)
    wanted = getattr(libseccomp.Arch, ARCHITECTURES[machine])
    native = libseccomp.Arch.NATIVE
    if not rules.exist_arch(wanted):
        rules.add_arch(wanted)
        rules.remove_arch(native)
    rule = partial(_add, rules, libseccomp, leave_out)
    for calls in REFUSED.values():
        for call in calls:
            rule(refuse, call)
    # All sockets but Unix ones: no network, no netlink, no vsock, whatever the namespaces say.
    only = libseccomp.Arg(0, libseccomp.NE, socket.AF_UNIX)
    rule(refuse, "socket", only)
    masked = libseccomp.MASKED_EQ
    for bit in (1 << shift for shift in range(32)):
        if NEW_NAMESPACES & bit:
            rule(refuse, "clone", libseccomp.Arg(0, masked, bit, bit))
    # The arguments of clone3 lie in memory, where a filter can't look; without it the C library
    # falls back to clone.
    rule(libseccomp.ERRNO(errno.ENOSYS), "clone3")
    for request in TERMINAL_TRICKS:
        rule(refuse, "ioctl", libseccomp.Arg(1, masked, 0xFFFFFFFF, request))
    for command in FILE_NOTICES:
        rule(refuse, "fcntl", libseccomp.Arg(1, masked, 0xFFFFFFFF, command))
    pretend = libseccomp.ERRNO(0)
    core = libseccomp.Arg(0, masked, 0xFFFFFFFF, CORE)
    rule(pretend, "setrlimit", core)
    core = libseccomp.Arg(1, masked, 0xFFFFFFFF, CORE)
    rule(pretend, "prlimit64", core, libseccomp.Arg(2, libseccomp.NE, 0))
    for option in SEND_BUFFER:
        level = libseccomp.Arg(1, masked, 0xFFFFFFFF, socket.SOL_SOCKET)
        rule(pretend, "setsockopt", level, libseccomp.Arg(2, masked, 0xFFFFFFFF, option))
    rule(pretend, "flock")
    for command in FILE_LOCKS:
        rule(pretend, "fcntl", libseccomp.Arg(1, masked, 0xFFFFFFFF, command))
    return _exported(rules)


def _add(
    rules: Any, libseccomp: Any, leave_out: Collection[str], action: int, call: str, *when: Any
) -> None:
    if call in leave_out:
        return
    number = libseccomp.resolve_syscall(libseccomp.Arch.NATIVE, call)
    if number < 0 and call in NEWER:
        number = NEWER[call]
    rules.add_rule(action, number, *when)


def _exported(rules: Any) -> bytes:
    import tempfile

    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


if __name__ == "__main__":
    for machine in ARCHITECTURES:
        (FILTERS / f"{machine}.bpf").write_bytes(compile_filter(machine))
        print(f"{FILTERS / machine}.bpf")
