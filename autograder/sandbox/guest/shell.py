"""Running notebook cells with IPython, quietly, with a cap on what they print."""

from __future__ import annotations

import importlib
import io
import sys
import types
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from .space import describe

LATE = (
    "bdb",
    "IPython.core.logger",
    "IPython.core.magic_arguments",
    "IPython.core.magics.execution",
    "IPython.core.magics.osm",
    "IPython.core.magics.pylab",
    "IPython.utils.contexts",
    "IPython.utils.module_paths",
    "IPython.utils.process",
)
"""What IPython imports at the first cell, magic or error: here, once, before the forks."""


class OutputLimit(BaseException):
    """A cell printed more than it may. Not an Exception, so that `except` can't eat it."""


class CappedOutput(io.TextIOBase):
    """Stands for stdout and stderr: counts what is written, keeps none of it."""

    encoding = "utf-8"

    def __init__(self, limit: int) -> None:
        self._limit = self._left = limit

    def next_cell(self) -> None:
        """Start counting anew: one flood must not silence the cells that follow."""
        self._left = self._limit

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        self._left -= len(text)
        if self._left < 0:
            raise OutputLimit("the cell printed more than it may")
        return len(text)


class CellCompiler(CachingCompiler):
    """Names compiled code after its cell, so that tracebacks say `<cell 12>`."""

    cell = 0

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        """The file name of the cell that runs now."""
        return f"<cell {self.cell}>"


class QuietPublisher(DisplayPublisher):
    """Counts what `display` would show as text, and shows nothing."""

    def publish(self, data: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        """Take the display data."""
        for part in data.values():
            sys.stdout.write(part if isinstance(part, str) else "")


class QuietDisplayHook(DisplayHook):
    """Keeps `_` and `Out` as a notebook does, without printing the prompt."""

    def write_output_prompt(self) -> None:
        """Print no prompt."""


class Shell(InteractiveShell):
    """An IPython shell that reports errors as data and never prints tracebacks."""

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Print nothing: the error stands in the result."""

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """Print nothing: the error stands in the result."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Take `%matplotlib inline` and its like: figures are drawn off screen anyway."""

    def ask_exit(self) -> None:
        """Take `exit()`: in a graded notebook the next cell still runs."""


def make_shell() -> Shell:
    """A new shell, made once before the forks: it takes some 100 ms."""
    for module in LATE:
        importlib.import_module(module)
    config = Config()
    # Each fork would fight over the history's database file.
    config.HistoryManager.enabled = False
    # The one instance, so that `from IPython import get_ipython` finds it, too.
    make: Any = Shell.instance
    shell: Shell = make(
        config=config,
        compiler_class=CellCompiler,
        display_pub_class=QuietPublisher,
        displayhook_class=QuietDisplayHook,
    )
    return shell


def keep_line_numbers(source: str) -> str:
    """The source with a comment in place of empty lines at its top, which IPython would remove.

    A traceback then names the line as the student counts it. A cell magic has to come first.
    """
    body = source.lstrip("\n")
    first = body.split("\n", 1)[0]
    if body == source or first.lstrip().startswith("%%") or not first.strip():
        return source
    indent = first[: len(first) - len(first.lstrip())]
    return f"{indent}#{source}"


class Notebook:
    """One student's notebook as it runs: names and cells."""

    def __init__(self, shell: Shell, output_limit: int) -> None:
        self._shell = shell
        self.names: dict[str, Any] = shell.user_ns
        self._output = sys.stdout = sys.stderr = CappedOutput(output_limit)
        otter = _stub_otter()
        sys.modules["otter"] = otter
        self.names["grader"] = otter.Notebook()

    def run(self, cell: int, source: str) -> dict[str, object] | None:
        """Run one cell; the description of what it raised, or None."""
        CellCompiler.cell = cell
        self._output.next_cell()
        run_cell: Any = self._shell.run_cell
        try:
            result = run_cell(keep_line_numbers(source), store_history=False)
            raised = result.error_before_exec or result.error_in_exec
        except OutputLimit as error:
            raised = error
        if raised is None:
            return None
        return {**describe(raised), "too_much_output": isinstance(raised, OutputLimit)}

    def load(
        self, name: str, build: str, tensors: dict[str, Any] | None
    ) -> dict[str, object] | None:
        """Give the object ``name`` these tensors; the description of what that raised, or None.

        Where no cell made the object, the expression ``build`` makes it. Without tensors it stays
        as it was made.
        """
        try:
            if name not in self.names:
                self.names[name] = eval(build, self.names)
            if tensors is not None:
                self.names[name].load_state_dict(tensors)
        except BaseException as error:  # noqa: BLE001
            # The student's class decides what loading raises.
            return describe(error)
        return None


def _stub_otter() -> Any:
    """A module in otter's place: checks run elsewhere, so `grader.check` does nothing here."""

    class Grader:
        def __init__(self, *args: object, **kwargs: object) -> None:
            pass

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return lambda *args, **kwargs: None

    module: Any = types.ModuleType("otter")
    module.Notebook = Grader
    return module
