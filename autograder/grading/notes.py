"""What a student is told of cells that failed while their notebook ran."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.judge.lines import own_line
from autograder.judge.student import StudentError
from autograder.results import Ending
from autograder.sandbox.execution import Trouble


def note_of(trouble: Trouble, cells: Mapping[int, str], memory_mb: int) -> str:
    """One or two sentences on a cell that failed; ``cells`` is the source by cell number."""
    cell = f"Cell {trouble.cell}"
    rest = " The cells after it were run without it."
    if trouble.ending == Ending.TIMED_OUT:
        return f"{cell} took too long and was stopped."
    if trouble.ending == Ending.OUT_OF_MEMORY:
        return f"{cell} needed more than the {memory_mb:,} MB of memory that there are." + (
            "" if trouble.error else rest
        )
    if trouble.ending == Ending.TOO_MUCH_OUTPUT:
        return f"{cell} printed more than it may and was stopped there."
    if not trouble.error:
        how = "os._exit, a crash in native code, or a signal"
        return f"{cell} ended the whole Python process ({how})." + rest
    error = StudentError(trouble.error)
    where = own_line(error.lines, cells)
    message = f": {error.message[:500]}" if error.message else ""
    return f"{cell} raised {error.type_name}{message}" + (f"\n{where}" if where else "")
