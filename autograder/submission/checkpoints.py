"""Where in the notebook each question is judged: on the state that the student saw there."""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from autograder.submission.model import Submission

MAX_WORK = 300_000
"""Characters times magics of a cell that is parsed: IPython tokenizes it anew for each magic."""
MAX_TOTAL_WORK = 3_000_000
"""The same for a whole notebook: at worst some fifteen seconds."""

_MAGIC = re.compile(r"^[ \t]*[%!?]|\?[ \t]*$|=[ \t]*[%!]", re.MULTILINE)

_INTERESTING = re.compile(r"\.\s*check\b|\bNotebook\b")


@dataclass(frozen=True)
class CheckPoint:
    """The place after which a question is judged."""

    question: str
    cell: int | None
    """Index of the cell; None for the end of the notebook."""
    end_line: int | None = None
    """Last line, from 1, to run of the cell's transformed source before judging; None for the
    whole cell."""


def check_points(submission: Submission, question_ids: Sequence[str]) -> list[CheckPoint]:
    """The check point of each question, in the order of ``question_ids``.

    After the last top-level `grader.check("id")`, where `grader` is any name that a cell binds to
    `otter.Notebook(...)`; else after the last code cell that is tagged with the id; else at the
    end of the notebook. A check inside a function, a condition or a loop does not count: it may
    run at any time or never.
    """
    points: dict[str, CheckPoint] = {}
    for cell in submission.cells:
        if cell.kind == "code":
            points.update((tag, CheckPoint(tag, cell.index)) for tag in cell.tags)
    graders = {"grader"}
    calls: list[tuple[str, CheckPoint]] = []
    budget = MAX_TOTAL_WORK
    for cell in submission.cells:
        if cell.kind != "code" or not _INTERESTING.search(cell.source):
            continue
        budget -= _work(cell.source)
        tree = _parsed(cell.source) if budget > 0 else None
        body = tree.body if tree else []
        graders.update(_graders(body))
        calls += [
            (grader, CheckPoint(id, cell.index, end_line)) for grader, id, end_line in _checks(body)
        ]
    points.update((point.question, point) for grader, point in calls if grader in graders)
    return [points.get(id, CheckPoint(id, None)) for id in question_ids]


def _work(source: str) -> int:
    return len(source) * (1 + sum(1 for _ in _MAGIC.finditer(source)))


def transformed(source: str) -> str | None:
    """A cell's source as plain Python, its magics made calls; None where that can't be done."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    if _work(source) > MAX_WORK:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Imported late: who only looks for hand-ins should not wait for IPython.
            from IPython.core.inputtransformer2 import TransformerManager

            manager = TransformerManager()  # type: ignore[no-untyped-call]
            return str(manager.transform_cell(source))
    # IPython raises SyntaxError for some broken cells and RuntimeError for endless ones; its
    # tokenizer raises more. Each means that the cell can't be split, which running it will tell.
    except (SyntaxError, ValueError, RuntimeError, RecursionError, MemoryError, IndexError):
        return None


def _parsed(source: str) -> ast.Module | None:
    text = transformed(source)
    if text is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def split_cell(source: str, line: int) -> tuple[str, str]:
    """A cell's transformed source up to ``line`` (from 1, inclusive), and what follows it.

    The second part starts with as many empty lines as the first has, so that line numbers in
    tracebacks stay those of the cell; it is empty where nothing follows. A cell that can't be
    transformed is not split.
    """
    text = transformed(source)
    if text is None:
        return source, ""
    lines = text.split("\n")
    rest = "\n".join(lines[line:])
    return "\n".join(lines[:line]) + "\n", "\n" * line + rest if rest.strip() else ""


def _graders(body: Iterable[ast.stmt]) -> Iterator[str]:
    """The names that top-level statements bind to `otter.Notebook(...)`."""
    for statement in body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.value, ast.Call)
            and _last_name(statement.value.func) == "Notebook"
        ):
            yield from (it.id for it in statement.targets if isinstance(it, ast.Name))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _checks(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str, int]]:
    """(grader's name, question id, last line) of each check among top-level statements."""
    for statement, last_line in zip(body, _last_lines(body), strict=True):
        call = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
        if not (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "check"
            and isinstance(call.func.value, ast.Name)
        ):
            continue
        id = _first_text(call)
        if id is not None:
            yield call.func.value.id, id, last_line


def _first_text(call: ast.Call) -> str | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "question"]
    for argument in (call.args + named)[:1]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return argument.value
    return None


def _last_lines(body: Sequence[ast.stmt]) -> list[int]:
    """For each statement the last line of those that can't be cut off it.

    `check(...); x = [` opens a statement on the same line.
    """
    lines: list[int] = []
    starts = math.inf
    for statement in reversed(body):
        end = _end(statement)
        lines.append(lines[-1] if starts <= end else end)
        starts = statement.lineno
    return lines[::-1]


def _end(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno
