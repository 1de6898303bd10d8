"""The defences of the walls, each of which can be taken away alone.

A control runs inside a disposable machine (`outer`): with a case's defences gone, and no other, the
case must get through, or it tests nothing.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.assignment.models import Limits
from autograder.sandbox import bare, bubblewrap, seccomp
from autograder.sandbox.bubblewrap import bubblewrap_command
from autograder.sandbox.guest.confinement import PREFIXES
from autograder.sandbox.wall import Furniture, Room, Wall, guest_folder

Command = Callable[[list[str]], list[str]]


@dataclass(frozen=True)
class Taken:
    """What taking a defence away changes."""

    command: Command | None = None
    """The outer wall's command line."""
    guest: tuple[tuple[str, str, str], ...] = ()
    """Module of the guest, text that must stand there, and what stands there instead."""
    request: tuple[tuple[str, Any], ...] = ()
    """Fields of the room's request."""
    rlimit: str = ""
    rule: str = ""
    """A call whose rules the filter of system calls lacks."""
    judge: Callable[[], None] | None = None
    """A change on the judge's side."""


def _without(option: str) -> Command:
    return lambda command: [word for word in command if word != option]


def _lasting_scratch(command: list[str]) -> list[str]:
    """Home, /tmp and shared memory are the same for all rooms, and last.

    An interpreter that is installed below /tmp stays there.
    """
    place = command.index("--chdir")
    options = ["--bind", "/dev/shm", "/dev/shm", "--bind", "/mnt/scratch", bubblewrap.HOME]
    options += ["--bind", "/mnt/scratch", "/tmp"]
    for prefix in PREFIXES:
        if Path(prefix).is_relative_to("/tmp"):
            options += [*bubblewrap.open_parents(prefix), "--ro-bind", prefix, prefix]
    return [*command[:place], *options, *command[place:]]


def _without_pair(option: str, value: str) -> Command:
    def change(command: list[str]) -> list[str]:
        for place in range(len(command) - 1):
            if command[place : place + 2] == [option, value]:
                return command[:place] + command[place + 2 :]
        raise AssertionError(f"the command has no {option} {value}")

    return change


def _host_files(command: list[str]) -> list[str]:
    """Files of the host that the wall has no use for are there, read-only."""
    place = command.index("--hostname")
    files = [word for path in ("/var", "/etc/shadow") for word in ("--ro-bind", path, path)]
    return [*command[:place], *files, *command[place:]]


def _home(command: list[str]) -> list[str]:
    place = command.index("--hostname")
    home = str(Path.home())
    options = [*bubblewrap.open_parents(home), "--ro-bind", home, home]
    return [*command[:place], *options, *command[place:]]


def _same_name(command: list[str]) -> list[str]:
    return _without_pair("--hostname", "sandbox")(_without("--unshare-uts")(command))


def _one_pid_namespace(command: list[str]) -> list[str]:
    return _without("--as-pid-1")(_without("--unshare-pid")(command))


def _host_proc(command: list[str]) -> list[str]:
    place = command.index("--proc")
    rest = command[place + 2 :]
    return _one_pid_namespace([*command[:place], "--bind", "/proc", "/proc", *rest])


def _no_hidden(command: list[str]) -> list[str]:
    for hidden in map(str, bubblewrap.hidden_folders()):
        for option in ("--tmpfs", "--remount-ro"):
            command = _without_pair(option, hidden)(command)
    return command


def _all_environment(command: list[str]) -> list[str]:
    place = command.index("--hostname")
    return [*command[:place], "--setenv", "AUTOGRADER_SECRET", "canary-7d1f", *command[place:]]


def _writable_root(command: list[str]) -> list[str]:
    for folder in ("/dev", "/"):
        command = _without_pair("--remount-ro", folder)(command)
    return command


def _writable_files(command: list[str]) -> list[str]:
    place = command.index(bubblewrap.FILES) - 2
    assert command[place] == "--ro-bind"
    return [*command[:place], "--bind", *command[place + 1 :]]


def _var_tmp(command: list[str]) -> list[str]:
    """/var/tmp is there, and lasts."""
    place = command.index("--hostname")
    options = [*bubblewrap.open_parents("/var/tmp"), "--bind", "/mnt/scratch", "/var/tmp"]
    return [*command[:place], *options, *command[place:]]


def _writable_cache(command: list[str]) -> list[str]:
    place = command.index(bubblewrap.CACHE) - 2
    assert command[place] == "--ro-bind"
    return [*command[:place], "--bind", *command[place + 1 :]]


def _writable_hidden(command: list[str]) -> list[str]:
    for hidden in map(str, bubblewrap.hidden_folders()):
        command = _without_pair("--remount-ro", hidden)(command)
    return command


def _judge(path: str, name: str, value: object) -> Taken:
    """A constant or function of the judge's side, replaced."""

    def change() -> None:
        import importlib

        setattr(importlib.import_module(path), name, value)

    return Taken(judge=change)


def _patch_wire(old: str, new: str) -> Taken:
    """A line of the decoder, replaced in the judge's own copy of it."""

    def change() -> None:
        import inspect

        from autograder.sandbox.guest import wire

        source = inspect.getsource(wire)
        assert source.count(old) >= 1, old
        exec(compile(source.replace(old, new), wire.__file__, "exec"), vars(wire))

    return Taken(judge=change)


class SlowClock:
    """For `time`: a deadline comes four times as late."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def monotonic(self) -> float:
        """Seconds, a quarter as fast."""
        return self._start + (time.monotonic() - self._start) / 4


class SlowPoll:
    """For `select.poll`: it waits four times as long."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register

    def poll(self, milliseconds: float) -> list[tuple[int, int]]:
        """Wait."""
        return self._poll.poll(4 * milliseconds)


class SlowSelect:
    """For `select`."""

    POLLIN, POLLOUT, poll = select.POLLIN, select.POLLOUT, SlowPoll


def _slow_clock() -> None:
    from autograder.sandbox import channel, deadline

    vars(channel).update(time=SlowClock(), select=SlowSelect())
    vars(deadline).update(time=SlowClock())


def _deaf_to_the_end() -> None:
    """An end of the connection is taken for a pause."""
    from autograder.sandbox.channel import Channel
    from autograder.sandbox.deadline import Deadline

    def piece(self: Channel, size: int, until: Deadline) -> bytes:
        while True:
            self._wait(select.POLLIN, until)
            if received := self._connection.recv(size):
                return received

    Channel._piece = piece  # type: ignore[method-assign]


def _any_socket() -> None:
    import socket

    from autograder.errors import SandboxFault
    from autograder.sandbox import channel

    def as_socket(descriptors: list[int]) -> socket.socket:
        try:
            return socket.socket(fileno=descriptors[0])
        except (OSError, IndexError) as error:
            raise SandboxFault("a fork's connection is no socket") from error

    channel._as_socket = as_socket


def _any_response() -> None:
    from autograder.judge.student import Handle, Student, _number_of_handle
    from autograder.sandbox.guest import wire

    def ask(self: Student, request: list[object]) -> Any:
        frame = self._side.exchange(wire.encode(request, _number_of_handle))
        response: Any = wire.decode(frame, lambda number: Handle(self, number))
        return response[1]

    Student._ask = ask  # type: ignore[method-assign]


def _large_frames() -> None:
    from autograder.sandbox import channel
    from autograder.sandbox.guest import wire

    wire.MAX_FRAME = channel.MOST_RECEIVED = 2**40


def _no_end() -> None:
    from autograder.sandbox import container

    container.end_tree = lambda pid: None
    container.end_processes_of = lambda uid: None


def _no_removal() -> None:
    from autograder.sandbox import container

    container.remove_folder = lambda folder: None
    container.remove_files_of = lambda uid, folder: None


def _one_notebook() -> None:
    """Two hand-ins run in one process, one after the other."""
    from tests.sandbox.conformance.cases import sharing
    from tests.sandbox.conformance.model import World, got

    def in_one(world: World, first_cell: str, second_cell: str) -> list[str]:
        with world.room() as room:
            return got(world.run(room, first_cell, second_cell), "q2")

    sharing.in_two_rooms = in_one


def _one_fork() -> None:
    """All checks of a question talk to the same fork of its snapshot."""
    from autograder.sandbox.channel import Channel

    fork, forks = Channel.fork, dict[Channel, Channel]()

    def the_same(self: Channel) -> Channel:
        if self not in forks:
            forks[self] = fork(self)
        return forks[self]

    Channel.fork = the_same  # type: ignore[method-assign]
    Channel.kill = lambda self: None  # type: ignore[method-assign]


def _living_notebook() -> None:
    from autograder.sandbox.channel import Channel

    kept: list[Channel] = []
    Channel.kill = lambda self: kept.append(self)  # type: ignore[method-assign]


def _equal_handles() -> None:
    from autograder.judge.student import Handle

    Handle.__eq__ = lambda self, other: True  # type: ignore[assignment, method-assign]


def _pickled_values() -> None:
    """Values come as pickles, which the judge loads: what a class says of itself is believed."""
    import dill

    from autograder.judge.student import Student

    ask = Student._ask
    Student._ask = lambda self, request: dill.loads(ask(self, request))  # type: ignore[method-assign]


def _one_process() -> None:
    """Student code runs in the judge's own process."""
    import contextlib
    from collections.abc import Iterator

    from autograder.judge.student import Student, in_process
    from tests.sandbox.conformance.cases import cheating
    from tests.sandbox.conformance.model import PRELUDE, World

    @contextlib.contextmanager
    def student_of(world: World, source: str) -> Iterator[Student]:
        names: dict[str, Any] = {}
        exec(PRELUDE + source, names)
        yield in_process(names)

    cheating.student_of = student_of


def _only_text(pid: int, file: str) -> str:
    """A process with another name is passed over."""
    try:
        Path(f"/proc/{pid}/status").read_text()
        return Path(f"/proc/{pid}/{file}").read_text()
    except UnicodeDecodeError:
        return ""


def _of_the_first_thread(pid: int) -> list[int]:
    try:
        return [int(it) for it in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _no_tables() -> None:
    from autograder.sandbox import server

    look_at = server.look_at
    server.look_at = lambda pids: replace(look_at(pids), tables=0)
    server.proportional = lambda pid: 0


def _passing(raw: str, limit: int = 0) -> str:
    return raw


def _clean(*names: str) -> Taken:
    """Functions of report.clean that let all through, wherever they were imported."""

    def change() -> None:
        from autograder.report import clean

        for name in names:
            old = getattr(clean, name)
            for module in list(sys.modules.values()):
                if getattr(module, "__name__", "").startswith("autograder.report"):
                    for key, value in list(vars(module).items()):
                        if value is old:
                            setattr(module, key, _passing)

    return Taken(judge=change)


def _pattern(name: str, pattern: str = r"(?!)()") -> Taken:
    def change() -> None:
        import re

        from autograder.report import clean

        setattr(clean, name, re.compile(pattern))

    return Taken(judge=change)


def _raw_pages() -> None:
    from markupsafe import Markup

    from autograder.report import feedback, markdown, overview

    markdown._cleaned = lambda html: Markup(html)
    for module in (feedback, overview):
        for name in ("text", "line"):
            if hasattr(module, name):
                old = getattr(module, name)
                setattr(module, name, lambda raw, *a, _old=old: Markup(_old(raw, *a)))


def _html_in_markdown() -> None:
    from autograder.report import markdown

    markdown._PARSER.options["html"] = True


def _pictures() -> None:
    from markdown_it.renderer import RendererHTML

    from autograder.report import markdown

    markdown._PARSER.renderer.rules["image"] = RendererHTML(markdown._PARSER).image


def _links() -> None:
    from autograder.report import markdown

    markdown._PARSER.validateLink = lambda url: True


ROOMS, CONFINE, SERVE, SHELL, SPACE = (
    "rooms.py",
    "confinement.py",
    "serve.py",
    "shell.py",
    "space.py",
)
WITHOUT_PIDS = (
    # As root, and as a user.
    (ROOMS, "_fork_into_a_pid_namespace() if as_root else fork_as_it_is()", "fork_as_it_is()"),
    (ROOMS, "CLONE_NEWPID | ", ""),
)
"""Rooms without a pid namespace of their own."""

DEFENCES: dict[str, Taken] = {
    # Namespaces stand twice: around the server, and around each room.
    "net namespace": Taken(_without("--unshare-net"), ((ROOMS, " | CLONE_NEWNET", ""),)),
    "ipc namespace": Taken(_without("--unshare-ipc"), ((ROOMS, "CLONE_NEWIPC | ", ""),)),
    "uts namespace": Taken(_same_name, ((ROOMS, "CLONE_NEWUTS | ", ""),)),
    "pid namespace": Taken(
        lambda command: _without("--as-pid-1")(_without("--unshare-pid")(command)),
        WITHOUT_PIDS,
    ),
    "own proc": Taken(
        _host_proc,
        (
            (ROOMS, '_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)', "pass"),
            *WITHOUT_PIDS,
        ),
    ),
    "landlock": Taken(request=(("writable", []),)),
    "host files": Taken(_host_files),
    "home": Taken(_home),
    "closing": _judge("autograder.sandbox.container", "close", lambda paths, uid: None),
    "closed home": _judge("autograder.sandbox.container", "close_home", lambda home: None),
    "end of processes": Taken(judge=_no_end),
    "removal": Taken(judge=_no_removal),
    "hidden packages": Taken(_no_hidden),
    "clean environment": Taken(_all_environment),
    "read-only root": Taken(_writable_root),
    "read-only files": Taken(_writable_files),
    "uid": Taken(request=(("uid", None),)),
    "undumpable": Taken(
        guest=(
            (ROOMS, '    control("dumpable", PR_SET_DUMPABLE, 0)\n    # While', "    # While"),
            ("main.py", '    control("dumpable", PR_SET_DUMPABLE, 0)\n', ""),
        )
    ),
    "capabilities": Taken(
        _without_pair("--cap-drop", "ALL"),
        guest=((ROOMS, "        keep_capabilities([CAP_SETUID", "        len([CAP_SETUID"),),
    ),
    "no_new_privs": Taken(
        guest=(("main.py", '    control("no_new_privs", PR_SET_NO_NEW_PRIVS, 1)\n', ""),),
    ),
    "filter": Taken(request=(("filter", b""),)),
    "close descriptors": Taken(
        guest=(
            (SERVE, "            self._connection.close()\n            judges_end.close()\n", ""),
        )
    ),
    "scratch": Taken(
        _lasting_scratch,
        request=(("scratch", []), ("files", "/opt/autograder/guest")),
        guest=((ROOMS, "for entry in sorted(Path(room.files).iterdir())", "for entry in ()"),),
    ),
    "scratch size": Taken(guest=((ROOMS, "size={room.scratch_bytes},", ""),)),
    "scratch files": Taken(guest=((ROOMS, "nr_inodes={SCRATCH_FILES},", ""),)),
    "memory watch": _judge("autograder.sandbox.server", "WATCH_SECONDS", 1e6),
    "names of any bytes": _judge("autograder.sandbox.memory", "text_of", _only_text),
    "children of threads": _judge("autograder.sandbox.memory", "_children", _of_the_first_thread),
    "count of page tables": Taken(judge=_no_tables),
    "count of socket buffers": _judge("autograder.sandbox.server", "socket_buffers", lambda pid: 0),
    "count of shared memory": _judge("autograder.sandbox.server", "unnamed", lambda pids: 0),
    "output cap": Taken(guest=((SHELL, "if self._left < 0:", "if False:"),)),
    "end of the room": Taken(
        lambda command: _without("--as-pid-1")(_without("--unshare-pid")(command)),
        WITHOUT_PIDS,
    ),
    "own terminals": Taken(
        guest=(
            (
                ROOMS,
                '_mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, TERMINALS)',
                "pass",
            ),
        )
    ),
    "no var tmp": Taken(_var_tmp),
    "read-only hidden packages": Taken(_writable_hidden),
    "read-only cache": Taken(_writable_cache),
    "silent descriptors": Taken(guest=((ROOMS, "os.dup2(nowhere, standard)", "pass"),)),
    "removal of any folder": _judge(
        "autograder.sandbox.container",
        "remove_folder",
        lambda folder: shutil.rmtree(folder, ignore_errors=True),
    ),
    "deadline": Taken(judge=_slow_clock),
    "frame size": Taken(judge=_large_frames),
    "response form": Taken(judge=_any_response),
    "end of the connection": Taken(judge=_deaf_to_the_end),
    "socket kind": Taken(judge=_any_socket),
    "handles": Taken(judge=_equal_handles),
    "exact types": Taken(
        guest=(
            (
                SPACE,
                'return wire.encode(["ok", value], self.refer)',
                'return wire.encode(["ok", __import__("dill").dumps(value)], self.refer)',
            ),
        ),
        judge=_pickled_values,
    ),
    "two processes": Taken(judge=_one_process),
    "end of the notebook": Taken(judge=_living_notebook),
    "a process for each": Taken(judge=_one_notebook),
    "throw-away forks": Taken(judge=_one_fork),
    "decoder depth": _patch_wire("depth > MAX_DEPTH or ", ""),
    "decoder nodes": _patch_wire(" or self.nodes > MAX_NODES", ""),
    "decoder entries": _judge("autograder.sandbox.guest.wire", "MAX_ENTRIES", 10**9),
    "decoder keys": _judge("autograder.sandbox.guest.wire", "MAX_OF_ONE_HASH", 10**9),
    "decoder digits": _judge("autograder.sandbox.guest.wire", "MAX_INTEGER_BYTES", 10**9),
    "decoder dimensions": _judge("autograder.sandbox.guest.wire", "MAX_DIMENSIONS", 255),
    "decoder dtype": _patch_wire('if dtype.decode("latin-1") not in ARRAY_DTYPES:', "if False:"),
    "decoder truth": _patch_wire('if is_bool and data.translate(None, b"\\0\\1"):', "if False:"),
    "decoder empty size": _patch_wire("if not data and math.prod(", "if 0 * math.prod("),
    "decoder shape": _patch_wire("if math.prod(shape) * itemsize != len(data):", "if False:"),
    "decoder rest": _patch_wire("if reader.position != len(data):", "if False:"),
    "turn": _judge("autograder.sandbox.channel", "_spoke_early", lambda connection: False),
    "silence": _judge(
        "tests.sandbox.conformance.cases.cheating",
        "reason_of",
        lambda error, *a: replace_reason(error),
    ),
    "escaping": Taken(judge=_raw_pages),
    "cleaning": Taken(judge=_html_in_markdown),
    "pictures": Taken(judge=_pictures),
    "link schemes": Taken(judge=_links),
    "formulas": _pattern("_FORMULA"),
    "line breaks": _pattern("_FORMULA", r"(^)(?=[=+@-])"),
    "unseen": Taken(
        judge=lambda: (_pattern("_UNSEEN").judge(), _pattern("_TERMINAL_ESCAPE").judge())
    ),
    "lengths": _clean("text", "line", "cell", "line_cell"),
    **{
        name: Taken(rlimit=name)
        for name in ("RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_NOFILE")
    },
    **{name: Taken(rlimit=name) for name in ("RLIMIT_CORE", "RLIMIT_CPU")},
}


def replace_reason(error: BaseException) -> object:
    """All that came of an exception, as a page without care would show it."""
    from autograder.judge.verdicts import Reason

    return Reason(repr(vars(error)))


def taken(name: str) -> Taken:
    """What taking this defence away changes."""
    if name.startswith("filter "):
        return Taken(rule=name.removeprefix("filter "))
    return DEFENCES[name]


class Weakened:
    """A wall without some of its defences. Only ever inside a disposable machine."""

    def __init__(self, wall: Wall, names: tuple[str, ...]) -> None:
        self._wall = wall
        self.name, self.promises = wall.name, wall.promises
        self._taken = [taken(name) for name in names]
        for each in self._taken:
            if each.judge:
                each.judge()
        guest = Path(tempfile.mkdtemp()) / "guest"
        shutil.copytree(guest_folder(), guest)
        guest.parent.chmod(0o755)
        for each in self._taken:
            for module, old, new in each.guest:
                path = guest / module
                text = path.read_text()
                assert old in text, f"{module} has no {old!r}"
                path.write_text(text.replace(old, new))
        # Both walls look it up when they start their server.
        vars(bubblewrap)["guest_folder"] = vars(bare)["guest_folder"] = lambda: guest
        vars(bubblewrap)["bubblewrap_command"] = self._command
        rules = [each.rule for each in self._taken if each.rule]
        self._filter = seccomp.compile_filter(os.uname().machine, rules) if rules else None

    def _command(self, furniture: Furniture, control: int) -> list[str]:
        command = bubblewrap_command(furniture, control)
        for each in self._taken:
            if each.command:
                command = each.command(command)
        return command

    def start(
        self, furniture: Furniture, control: int, joining: Sequence[str]
    ) -> subprocess.Popen[bytes]:
        return self._wall.start(furniture, control, joining)

    def room(self, furniture: Furniture, limits: Limits, uid: int | None) -> Room:
        room = self._wall.room(furniture, limits, uid)
        request = dict(room.request)
        rlimits = dict(request["rlimits"])  # type: ignore[call-overload]
        for each in self._taken:
            request.update(dict(each.request))
            if each.rlimit:
                rlimits.pop(each.rlimit)
        if self._filter is not None:
            request["filter"] = self._filter
        return replace(room, request={**request, "rlimits": rlimits})

    def leave(self, room: Room, pid: int | None) -> None:
        self._wall.leave(room, pid)

    def clear(self, process: subprocess.Popen[bytes]) -> None:
        self._wall.clear(process)
