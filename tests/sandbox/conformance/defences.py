"""The defences of the bubblewrap wall, each of which can be taken away alone.

A control runs inside a disposable machine (`outer`): with a case's defences gone, and no other, the
case must get through, or it tests nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.assignment.models import Limits
from autograder.sandbox import bubblewrap, seccomp
from autograder.sandbox.bubblewrap import Bubblewrap, bubblewrap_command
from autograder.sandbox.wall import Furniture, Room, guest_folder

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


def _set(module: object, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(module, name, value)


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


def _pattern(name: str, pattern: str = r"(?!)") -> Taken:
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

DEFENCES: dict[str, Taken] = {
    # Namespaces stand twice: around the server, and around each room.
    "net namespace": Taken(_without("--unshare-net"), ((ROOMS, " | CLONE_NEWNET", ""),)),
    "ipc namespace": Taken(_without("--unshare-ipc"), ((ROOMS, "CLONE_NEWIPC | ", ""),)),
    "uts namespace": Taken(_without("--unshare-uts"), ((ROOMS, "CLONE_NEWUTS | ", ""),)),
    "pid namespace": Taken(
        lambda command: _without("--as-pid-1")(_without("--unshare-pid")(command)),
        ((ROOMS, "CLONE_NEWPID | ", ""),),
    ),
    "own proc": Taken(
        _host_proc,
        (
            (ROOMS, '_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)', "pass"),
            (ROOMS, "CLONE_NEWPID | ", ""),
        ),
    ),
    "landlock": Taken(request=(("writable", []),)),
    "host files": Taken(_host_files),
    "closing": Taken(),
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
        guest=((ROOMS, "        keep_capabilities([CAP_SETUID", "        len([CAP_SETUID"),)
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
        lambda command: [
            *command[: command.index("--chdir")],
            *("--bind", "/dev/shm", "/dev/shm"),
            *("--bind", "/mnt/scratch", bubblewrap.HOME),
            *command[command.index("--chdir") :],
        ],
        request=(("scratch", []), ("files", "/opt/autograder/guest")),
        guest=((ROOMS, "for entry in sorted(Path(room.files).iterdir())", "for entry in ()"),),
    ),
    "scratch size": Taken(guest=((ROOMS, "size={room.scratch_bytes},", ""),)),
    "scratch files": Taken(guest=((ROOMS, "nr_inodes={SCRATCH_FILES},", ""),)),
    "memory watch": _judge("autograder.sandbox.server", "WATCH_SECONDS", 1e6),
    "count of shared memory": _judge("autograder.sandbox.server", "unnamed", lambda pids: 0),
    "output cap": Taken(guest=((SHELL, "if self._left < 0:", "if False:"),)),
    "end of the room": Taken(
        lambda command: _without("--as-pid-1")(_without("--unshare-pid")(command)),
        ((ROOMS, "CLONE_NEWPID | ", ""),),
    ),
    "fork": Taken(
        guest=(
            (SERVE, "child = os.fork()", "child = 0"),
            (
                SERVE,
                "            judges_end.close()\n            self._connection = own_end",
                (
                    "            import threading\n"
                    "            frame = wire.encode(['ok', None], self._space.refer)\n"
                    "            head = len(frame).to_bytes(4, 'little')\n"
                    "            ends = [judges_end.fileno()]\n"
                    "            socket.send_fds(self._connection, [head + frame], ends)\n"
                    "            self._connection = own_end"
                ),
            ),
        )
    ),
    "decoder": _judge("autograder.sandbox.channel", "_LENGTH", None),
    "decoder depth": _patch_wire("depth > MAX_DEPTH or ", ""),
    "decoder nodes": _patch_wire(" or self.nodes > MAX_NODES", ""),
    "decoder entries": _judge("autograder.sandbox.guest.wire", "MAX_ENTRIES", 10**9),
    "decoder digits": _judge("autograder.sandbox.guest.wire", "MAX_INTEGER_BYTES", 10**9),
    "decoder dimensions": _judge("autograder.sandbox.guest.wire", "MAX_DIMENSIONS", 255),
    "decoder dtype": _patch_wire('if dtype.decode("latin-1") not in ARRAY_DTYPES:', "if False:"),
    "decoder truth": _patch_wire('if is_bool and data.translate(None, b"\\0\\1"):', "if False:"),
    "decoder empty size": _patch_wire("if not data and any(size > MAX_FRAME", "if any(False"),
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


class Weakened(Bubblewrap):
    """bubblewrap without some of its defences. Only ever inside a disposable machine."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._taken = [taken(name) for name in names]
        for each in self._taken:
            if each.judge:
                each.judge()
        self._guest = Path(tempfile.mkdtemp()) / "guest"
        shutil.copytree(guest_folder(), self._guest)
        self._guest.parent.chmod(0o755)
        for each in self._taken:
            for module, old, new in each.guest:
                path = self._guest / module
                text = path.read_text()
                assert old in text, f"{module} has no {old!r}"
                path.write_text(text.replace(old, new))
        rules = [each.rule for each in self._taken if each.rule]
        self._filter = seccomp.compile_filter(os.uname().machine, rules) if rules else None

    def start(self, furniture: Furniture, control: int) -> subprocess.Popen[bytes]:
        command = bubblewrap_command(furniture, control)
        command = [str(self._guest) if word == str(guest_folder()) else word for word in command]
        for each in self._taken:
            if each.command:
                command = each.command(command)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control,),
            env={},
            start_new_session=True,
        )

    def room(self, furniture: Furniture, limits: Limits, uid: int | None) -> Room:
        room = super().room(furniture, limits, uid)
        request = dict(room.request)
        rlimits = dict(request["rlimits"])  # type: ignore[call-overload]
        for each in self._taken:
            request.update(dict(each.request))
            if each.rlimit:
                rlimits.pop(each.rlimit)
        if self._filter is not None:
            request["filter"] = self._filter
        return replace(room, request={**request, "rlimits": rlimits})
