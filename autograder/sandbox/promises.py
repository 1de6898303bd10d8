"""What walls promise: that student code cannot do certain things.

`docs/security.md` has the promises in exact words; `trials` tries them on this machine. A wall
declares those that it makes (`Wall.promises`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """One thing that student code cannot do."""

    id: str
    title: str
    how: str
    """What keeps it; ``{watch}`` stands for what counts memory and processes on this machine."""
    remedy: str
    """What to do where it does not hold."""


NAMESPACES = (
    "Install bubblewrap 0.8 or newer, and allow user namespaces (sysctl user.max_user_namespaces)."
)
OURS = "This does not hang on the machine: tell the maintainers (docs/security.md)."

PROMISES = (
    Promise(
        "1",
        "reach any network, nor sockets of this machine",
        "a network namespace of its own, no files of the host, and no sockets but Unix ones",
        NAMESPACES,
    ),
    Promise(
        "1a",
        "reach any network (Unix sockets inside the container remain)",
        "a filter of system calls that lets no socket be made but Unix ones",
        "Run on a kernel with seccomp (CONFIG_SECCOMP_FILTER).",
    ),
    Promise(
        "2",
        "read what is hidden: checks, labels, answers, other students, the grader's environment",
        "nothing of it is mounted, or it is closed to the student's uid",
        "Install bubblewrap; do not keep assignments on a world-readable share.",
    ),
    Promise(
        "3",
        "write anything that lasts, or fill the disk",
        "a read-only system and a scratch space of fixed size, or a uid of its own that is cleared",
        "Install bubblewrap 0.8 or newer.",
    ),
    Promise(
        "3a",
        "write anything that lasts (it can fill the disk while it runs)",
        "a uid of its own, all of whose files are removed at the end",
        "Start the container as root, so that student code gets a uid of its own.",
    ),
    Promise(
        "4",
        "see, signal, trace or outlive other processes",
        "a pid namespace that ends with its room",
        NAMESPACES,
    ),
    Promise(
        "4a",
        "signal, trace or outlive other processes (it can see their names)",
        "a uid of its own, all of whose processes are killed at the end",
        "Start the container as root, so that student code gets a uid of its own.",
    ),
    Promise(
        "5",
        "take more than its memory, processes, files, output and time",
        "resource limits, deadlines, and {watch}",
        "Run on Linux 5.14 or newer.",
    ),
    Promise(
        "6",
        "gain privilege",
        "no capabilities, no_new_privs, and a filter of system calls",
        "Run on a kernel with seccomp (CONFIG_SECCOMP_FILTER).",
    ),
    Promise(
        "7",
        "forge, delay or reorder a verdict",
        "frames of a fixed grammar with caps and deadlines, read by a process of their own",
        OURS,
    ),
    Promise(
        "8",
        "influence another submission",
        "a fork, a scratch space and namespaces of its own for each",
        NAMESPACES,
    ),
    Promise(
        "9",
        "put script, markup, formulas or control characters into what people open",
        "student text is escaped and cleaned wherever it is written",
        OURS,
    ),
    Promise(
        "10",
        "earn points with tricks instead of answers",
        "the judge compares exact builtin, NumPy and torch values in a process of its own",
        OURS,
    ),
    Promise(
        "11",
        "carry a hidden input home",
        "checks run in forks that are thrown away, and what is said there is not shown",
        OURS,
    ),
)
"""All promises that there are; those with a letter are the narrower part of their number."""

BY_ID = {promise.id: promise for promise in PROMISES}
