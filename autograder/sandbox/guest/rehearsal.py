"""What a notebook's first cells and first tests would set up, set up once before the forks.

IPython, traitlets and doctest make much of themselves only when they are first used, and Python
writes to the code that it runs for the first time: each fork would do so again, and copy the pages
that it writes to. After a rehearsal the forks find all that in memory: a test takes half the time.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import channel, wire
from .confinement import Confinement
from .serve import Server
from .shell import Shell

TIMES = 10
"""Python specialises code after eight calls."""
CELL = "import math\ndef area(radius):\n    return math.pi * radius**2\nwords = 'a b'.split()"
OUTPUT = 10**6

TESTS = {
    "doctest.py": "OK_FORMAT = True\ntest = {'name': 'doctest', 'points': 1, 'suites': [{'cases': "
    "[{'code': '>>> assert area(1) > 3\\n', 'hidden': False, 'locked': False}], "
    "'scored': True, 'setup': '', 'teardown': '', 'type': 'doctest'}]}\n",
    "exception.py": "OK_FORMAT = False\nfrom otter.test_files import test_case\n"
    "name = 'exception'\npoints = 1\n@test_case(points=1, hidden=False)\n"
    "def test_area(area):\n    assert area(1) > 3\n",
}
"""In both forms that otter has."""


def rehearse(shell: Shell) -> None:
    """Serve a small notebook, and its tests where otter is here; nothing of it stays in sight."""
    requests: list[list[object]] = [["open", OUTPUT, {}], *[["run", 0, CELL]] * TIMES]
    if f"{__package__}.otter_tests" in sys.modules:
        for name, content in TESTS.items():
            files = {name: content.encode()}
            requests += [["otter", "test", files, name.removesuffix(".py"), None]] * TIMES
    ours, theirs = socket.socketpair()
    with ours, theirs, _left_as_it_was(shell):
        for request in requests:
            channel.send_frame(ours, wire.encode(request, _no_number))
        ours.shutdown(socket.SHUT_WR)
        Server(theirs, shell, Confinement(None, b"")).serve()
        for request in requests:
            _require_success(request, wire.decode(channel.receive_frame(ours), _no_object))


def _require_success(request: list[object], answer: Any) -> None:
    match answer:
        case ["ok", None] | ["ok", [[True, str()]]]:
            return
    raise RuntimeError(f"the rehearsal of {request[:2]} was answered with {answer}")


def _no_number(item: object) -> int:
    raise wire.WireError("a rehearsal has no objects")


def _no_object(number: int) -> object:
    raise wire.WireError("a rehearsal has no objects")


@contextlib.contextmanager
def _left_as_it_was(shell: Shell) -> Iterator[None]:
    names = dict(shell.user_ns)
    otter = sys.modules.get("otter")
    output = sys.stdout, sys.stderr
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)
            sys.stdout, sys.stderr = output
            if otter is not None:
                sys.modules["otter"] = otter
            else:
                del sys.modules["otter"]
            shell.user_ns.clear()
            shell.user_ns.update(names)
            linecache.clearcache()
