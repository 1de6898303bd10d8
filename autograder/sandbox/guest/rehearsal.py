"""What a notebook's first cells and first tests would set up, set up once before the forks.

IPython, traitlets and doctest make much of themselves only when they are first used, and Python
writes to the code that it runs for the first time: each fork would do so again, and copy the pages
that it writes to. After a rehearsal the forks find all that in memory: a test takes half the time.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .shell import Notebook, Shell

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
    """Run a small notebook, and its tests where otter is here; nothing of it stays in sight."""
    with _left_as_it_was(shell):
        notebook = Notebook(shell, OUTPUT)
        for _ in range(TIMES):
            notebook.run(0, CELL)
        if f"{__package__}.otter_tests" in sys.modules:
            _rehearse_tests(shell)


def _rehearse_tests(shell: Shell) -> None:
    from .otter_tests import OtterTests

    tests: Any = OtterTests(shell, lambda value: None)
    for _ in range(TIMES):
        for name, content in TESTS.items():
            [[passed, message]] = tests.answer("test", [{name: content.encode()}, name[:-3], None])
            if not passed:
                raise RuntimeError(f"a test that should pass fails: {message}")


@contextlib.contextmanager
def _left_as_it_was(shell: Shell) -> Iterator[None]:
    names = dict(shell.user_ns)
    modules: dict[str, Any] = dict(sys.modules)
    output = sys.stdout, sys.stderr
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)
            sys.stdout, sys.stderr = output
            if "otter" in modules:
                sys.modules["otter"] = modules["otter"]
            else:
                del sys.modules["otter"]
            shell.user_ns.clear()
            shell.user_ns.update(names)
            linecache.clearcache()
