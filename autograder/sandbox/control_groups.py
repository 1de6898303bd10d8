"""Limits by control groups: the kernel counts what a whole tree of processes holds.

It counts its own tables, buffers and files in memory as well, misses nothing between two looks, and
shares the processor out by group: many processes of one hand-in do not slow the next one down.
See cgroups(7), and in Linux's own documentation admin-guide/cgroup-v2.rst and
admin-guide/cgroup-v1/memory.rst.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.wall import END_SECONDS

NAME = "autograder"
"""Our groups are called ``autograder-PID-TOKEN``, after the process that made them."""

JOIN = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"'
"""A shell that joins and then becomes the command."""

FIRST_TO_GO = "500"
"""Of -1000 to 1000: when memory is short, a room's processes end, and not the server."""


@dataclass(frozen=True)
class Place:
    """Where this process may make groups."""

    version: int
    memory: Path
    processes: Path
    """The same folder in version 2, which has one hierarchy for all."""
    processor: Path | None = None
    """Where the processor is shared out by group, whatever runs in each; in version 2 the same."""


def find_place(mounts: str, memberships: str) -> Place | None:
    """Where groups may be made, from the texts of /proc/self/mountinfo and /proc/self/cgroup.

    Settings of groups that are not ours stay as they are: in version 2 it is the nearest group
    above us that hands both controllers down, in version 1 our own.
    """
    own: dict[str, str] = {}
    for line in memberships.splitlines():
        _, controllers, path = line.split(":", 2)
        own.update(dict.fromkeys(controllers.split(","), path))
    found: dict[str, Path] = {}
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        root, point = fields.split()[3:5]
        # A source may have no name at all.
        kind, _, options = rest.split(" ", 2)
        if kind == "cgroup2" and _is_below(own.get("", ""), root):
            folder = Path(point) / Path(own[""]).relative_to(root)
            for above in (folder, *folder.parents):
                handed_down = _handed_down(above) if above.is_relative_to(point) else set()
                if {"memory", "pids"} <= handed_down:
                    return Place(2, above, above, above if "cpu" in handed_down else None)
        for controller in options.split(",") if kind == "cgroup" else ():
            if _is_below(own.get(controller, ""), root):
                found[controller] = Path(point) / Path(own[controller]).relative_to(root)
    if {"memory", "pids"} <= found.keys():
        memory, processes = found["memory"], found["pids"]
        if os.access(memory, os.W_OK) and os.access(processes, os.W_OK):
            processor = found.get("cpu")
            shared_out = processor is not None and os.access(processor, os.W_OK)
            return Place(1, memory, processes, processor if shared_out else None)
    return None


def _is_below(path: str, root: str) -> bool:
    return Path(path).is_relative_to(root)


def _handed_down(folder: Path) -> set[str]:
    """What groups below a folder are counted by, if we may make any there."""
    try:
        controllers = (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return set()
    return set(controllers) if os.access(folder, os.W_OK) else set()


class ControlGroup:
    """A group for a warm server and all that it starts."""

    def __init__(self, place: Place) -> None:
        """Make it. Raises OSError where the kernel refuses."""
        name = f"{NAME}-{os.getpid()}-{secrets.token_hex(4)}"
        self.version = place.version
        self._memory, self._processes = place.memory / name, place.processes / name
        folders = [self._memory, self._processes]
        if place.processor is not None:
            folders.append(place.processor / name)
        self._folders = tuple(dict.fromkeys(folders))
        self._held = self._tasks = 0
        for parent in {folder.parent for folder in self._folders}:
            _remove_left_over(parent)
        try:
            for folder in self._folders:
                folder.mkdir()
            self.limit(2**50, 2**20)
        except OSError:
            self.remove()
            raise

    @property
    def joining(self) -> list[str]:
        """What to put before a command so that it runs in the group."""
        files = [str(folder / "cgroup.procs") for folder in self._folders]
        return ["/bin/sh", "-c", JOIN, "sh", *files, "--"]

    def holds(self, pid: int) -> bool:
        """Whether a process is in it; from then on what it has now is no part of the limits."""
        if not all(str(pid) in (it / "cgroup.procs").read_text().split() for it in self._folders):
            return False
        self._tasks = int((self._processes / "pids.current").read_text())
        fields = ("anon", "shmem") if self.version == 2 else ("total_rss", "total_shmem")
        stat = _numbers(self._memory / "memory.stat")
        self._held = sum(stat.get(field, 0) for field in fields)
        return True

    def limit(self, memory: int, processes: int) -> None:
        """Set the bytes and the processes that are allowed beyond those of the server itself."""
        memory += self._held
        (self._processes / "pids.max").write_text(str(processes + self._tasks))
        if self.version == 2:
            (self._memory / "memory.max").write_text(str(memory))
            swap = self._memory / "memory.swap.max"
            if swap.exists():
                swap.write_text("0")
            return
        # Memory and swap together may at no time be less than memory alone.
        both = self._memory / "memory.memsw.limit_in_bytes"
        if both.exists():
            both.write_text("-1")
        (self._memory / "memory.limit_in_bytes").write_text(str(memory))
        if both.exists():
            both.write_text(str(memory))

    def offer(self, pid: int) -> None:
        """Let the kernel end this process, and what it will start, before others of the group."""
        # Student code may go back to 0 only where we lack CAP_SYS_RESOURCE.
        with contextlib.suppress(ProcessLookupError):
            Path(f"/proc/{pid}/oom_score_adj").write_text(FIRST_TO_GO)

    def kills(self) -> int:
        """How many processes the kernel has ended for their memory."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        return _numbers(self._memory / name).get("oom_kill", 0)

    def remove(self) -> None:
        """End what still runs in it, and remove it."""
        kill = self._processes / "cgroup.kill"
        if kill.exists():
            kill.write_text("1")
        for folder in self._folders:
            _remove(folder)


def make_group() -> ControlGroup | None:
    """A control group; None where this process may make none."""
    try:
        place = _our_place()
        return ControlGroup(place) if place else None
    except OSError:
        return None


def shares_out_the_processor() -> bool:
    """Whether groups that this process makes get their share of the processor, however busy
    another one is."""
    place = _our_place() if os.geteuid() == 0 else None
    return place is not None and place.processor is not None


def remove_groups_of(maker: int) -> None:
    """Remove what a process that we killed had made, once all that was in it has ended.

    Raises OSError where it does not end.
    """
    place = _our_place() if os.geteuid() == 0 else None
    if place is not None:
        for parent in {place.memory, place.processes, place.processor or place.memory}:
            for folder in parent.glob(f"{NAME}-{maker}-*"):
                _remove(folder)


def _our_place() -> Place | None:
    proc = Path("/proc/self")
    return find_place((proc / "mountinfo").read_text(), (proc / "cgroup").read_text())


def _remove(folder: Path) -> None:
    until = time.monotonic() + END_SECONDS
    while folder.exists():
        try:
            folder.rmdir()
        except FileNotFoundError:
            # Another grader that starts removes what is left over, too.
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.001)


def _numbers(path: Path) -> dict[str, int]:
    lines = [line.split() for line in path.read_text().splitlines()]
    return {line[0]: int(line[1]) for line in lines if len(line) == 2}


def _remove_left_over(parent: Path) -> None:
    """Remove the empty groups of graders that were killed."""
    for folder in parent.glob(f"{NAME}-*-*"):
        maker = folder.name.split("-")[1]
        if maker.isdigit() and not Path(f"/proc/{maker}").exists():
            # What is in use by a grader that we can't see stays.
            with contextlib.suppress(OSError):
                folder.rmdir()
