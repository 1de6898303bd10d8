"""Other people's otter tests, run by otter's own classes on the state of a student's notebook.

A notebook's `grader.check("q1")` runs nothing by itself: it stops the cell, so that a snapshot is
taken of the state right there, and goes on. The tests come later and only to a throw-away fork of
the snapshot. They share a process with student code there, so what they say is a claim.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import quick_otter  # noqa: F401

# isort: split
import otter
import otter.check.notebook
from otter.nbmeta_config import NBMetadataConfig
from otter.test_files import TestFile, create_test_file
from otter.test_files.exception_test import ExceptionTestFile

from .shell import CappedOutput, Shell

MAX_MESSAGE = 20_000
"""Characters of a test case's message that are passed on."""


class OtterTests:
    """A bundle's tests as one process of a sandbox knows them."""

    def __init__(self, shell: Shell, stop: Callable[[object], None]) -> None:
        """Tests see the names of ``shell``; ``stop`` holds a cell until a snapshot is taken."""
        self._shell = shell
        self._stop = stop
        self._home = Path.cwd()
        self._process = os.getpid()
        self._environment: dict[str, Any] = shell.user_ns

    def answer(self, what: str, given: list[Any]) -> object:
        """Do one request of the judge: ``put``, ``attend``, ``describe`` or ``test``."""
        operations: dict[str, Callable[..., object]] = {
            "put": self._put,
            "attend": self._attend,
            "describe": self._describe,
            "test": self._test,
        }
        return operations[what](*given)

    def _put(self, name: str, content: bytes, more: bool) -> None:
        """Write a file beside the notebook; with ``more`` at the end of what is there."""
        path = self._home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab" if more else "wb") as file:
            file.write(content)

    def _attend(self, questions: list[str]) -> None:
        """Make the notebook one that is being graded: its checks are those of ``questions``."""
        self._process = os.getpid()
        otter.Notebook = otter.check.notebook.Notebook = _grader(self, frozenset(questions))
        sys.modules["otter"] = otter
        names = self._shell.user_ns
        # Whether there is a grader, and what it is called, is up to the notebook.
        del names["grader"]
        # Otter's own first cells leave these two, and some notebook relies on it.
        names["sys"], names["logging"] = sys, otter.logging
        sys.path.append(str(self._home))
        _show_warnings()
        self._shell.events.register("post_run_cell", lambda result: _close_figures())
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].show = _close_figures  # type: ignore[attr-defined]

    def check(self, question: str, environment: dict[str, Any]) -> None:
        """A check in the student's notebook: hold the cell until a snapshot is taken."""
        if self._process != os.getpid() or threading.current_thread() != threading.main_thread():
            # The connection is the notebook's own: the question is judged at the end.
            return
        self._environment = environment
        self._stop({"check": question})
        self._environment = self._shell.user_ns

    def _describe(self, files: dict[str, bytes], stems: list[str]) -> list[dict[str, Any]]:
        """What the tests are: names, cases and their points as otter resolves them."""
        self._place(files)
        described: list[dict[str, Any]] = []
        for stem in stems:
            try:
                test = self._load(stem)
            except Exception as error:  # noqa: BLE001
                # A test file may raise anything; the bundle's reader says which one it was.
                described.append({"stem": stem, "error": f"{type(error).__name__}: {error}"})
                continue
            cases = [
                [it.name, it.hidden, it.points, it.success_message, it.failure_message]
                for it in test.test_cases
            ]
            whole = bool(test.all_or_nothing)
            described.append({"stem": stem, "name": test.name, "whole": whole, "cases": cases})
        return described

    def _test(self, files: dict[str, bytes], stem: str, cases: list[int] | None) -> list[list[Any]]:
        """Run a test, or these ``cases`` of it: for each, whether it passed, and the message."""
        if isinstance(sys.stdout, CappedOutput):
            sys.stdout.next_cell()
        self._place(files)
        test = self._load(stem)
        if cases is not None:
            test.test_cases = [test.test_cases[number] for number in cases]
        if isinstance(test, ExceptionTestFile):
            return [self._run_one(test, case) for case in list(test.test_cases)]
        test.run(self._environment)
        return [[bool(it.passed), _text(it.message)] for it in test.test_case_results]

    def _run_one(self, test: TestFile, case: Any) -> list[Any]:
        # Otter lets SystemExit and its own faults through, and then loses every question.
        test.test_cases = [case]
        try:
            test.run(self._environment)
        except BaseException as error:  # noqa: BLE001
            return [False, _text(f"{type(error).__name__}: {error}")]
        [result] = test.test_case_results
        return [bool(result.passed), _text(result.message)]

    def _load(self, stem: str) -> TestFile:
        return create_test_file(str(self._home / "tests" / f"{stem}.py"), NBMetadataConfig())

    def _place(self, files: dict[str, bytes]) -> None:
        folder = self._home / "tests"
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
        folder.mkdir()
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _grader(tests: OtterTests, questions: frozenset[str]) -> type:
    class Notebook:
        """Stands in for `otter.Notebook` while a notebook is graded."""

        def __init__(self, *args: object, **kwargs: object) -> None:
            # Otter would open the notebook by the name given here, and fail where it was renamed.
            pass

        def check(self, question: str, global_env: dict[str, Any] | None = None) -> None:
            """Mark the state of the notebook as the one that this question is judged on."""
            if question not in questions:
                raise FileNotFoundError(f"Test {question} does not exist")
            here = sys._getframe(1).f_globals if global_env is None else global_env
            tests.check(question, here)

        def __getattr__(self, name: str) -> Any:
            # What otter's own does nothing for while it grades: check_all, export, to_pdf.
            if name.startswith("_"):
                raise AttributeError(name)
            return lambda *args, **kwargs: None

    return Notebook


def _show_warnings() -> None:
    """Python's own rules for warnings: tests may ask whether a function gives one."""
    everything = ("ignore", None, Warning, None, 0)
    warnings.filters[:] = [it for it in warnings.filters if it != everything]  # type: ignore[index]
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__", append=True)
    for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", kind, append=True)


def _close_figures(*args: object, **kwargs: object) -> None:
    """What a notebook does with its figures when they are shown, and after each cell."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


def _text(message: object) -> str:
    return str(message or "")[:MAX_MESSAGE].encode("utf-8", "replace").decode()
