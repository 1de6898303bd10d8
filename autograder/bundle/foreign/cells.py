"""From a hand-in to the steps that run it, in the order and with the seeds that otter gives."""

from __future__ import annotations

import ast
import re

from autograder.assignment.models import Limits
from autograder.bundle.foreign.hand_in import CodeCell, ForeignHandIn
from autograder.bundle.foreign.model import OtterBundle
from autograder.sandbox.execution import Step

AT_THE_END = ""
"""The check point of every question that no cell checks."""

MOST_EMPTY_LINES = 10_000_000
"""Before all pieces of a script together, so that each has its lines at their numbers. Of a script
with 1,000 statements on 3,000 lines it is a million and a half; it grows with the square."""

_CHECK = re.compile(r"""\.check\(\s{0,9}["']([^"'\n]{1,100})["']""")


def steps_of(hand_in: ForeignHandIn, bundle: OtterBundle, limits: Limits) -> list[Step]:
    """The whole notebook; a snapshot for what was never checked is taken at its end.

    A failing cell is laid to the question that is checked in it or next below it.
    """
    owners = _owners(hand_in.cells, bundle)
    seed = _seed(bundle)
    steps: list[Step] = []
    for cell, owner in zip(hand_in.cells, owners, strict=True):
        # Otter writes the seed into the cell, where it can't stand before a cell magic.
        if seed and not cell.source.startswith("%%"):
            steps.append(Step(cell.number, seed, owner, limits.cell_seconds))
        steps.append(Step(cell.number, cell.source, owner, limits.cell_seconds))
        if cell.tests:
            checks = "\n".join(
                f'__import__("otter").Notebook().check({test!r})' for test in cell.tests
            )
            source = f"{seed}\n{checks}" if seed else checks
            steps.append(Step(cell.number, source, owner, limits.cell_seconds))
    return [*steps, _end(hand_in, bundle, limits)]


def statements_of(hand_in: ForeignHandIn, bundle: OtterBundle, limits: Limits) -> list[Step]:
    """A script in pieces, a top-level statement each: for one that ends its own process as a whole.

    Empty where it can't be cut.
    """
    source = hand_in.cells[0].source
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = source.split("\n")
    ends = [statement.end_lineno or statement.lineno for statement in body]
    cuts = [0, *(end for end, then in zip(ends, body[1:], strict=False) if then.lineno > end)]
    if sum(cuts) > MOST_EMPTY_LINES:
        return []
    pieces: list[CodeCell] = []
    for start, end in zip(cuts, [*cuts[1:], len(lines)], strict=True):
        pieces.append(CodeCell(1, "\n" * start + "\n".join(lines[start:end])))
    owners = _owners(tuple(pieces), bundle)
    seed = _seed(bundle)
    steps = [Step(1, seed, "", limits.cell_seconds)] if seed else []
    for piece, owner in zip(pieces, owners, strict=True):
        steps.append(Step(1, piece.source, owner, limits.cell_seconds))
    return [*steps, _end(hand_in, bundle, limits)]


def _end(hand_in: ForeignHandIn, bundle: OtterBundle, limits: Limits) -> Step:
    last = hand_in.cells[-1].number if hand_in.cells else 1
    questions = frozenset(bundle.stems)
    return Step(last, "pass", AT_THE_END, limits.cell_seconds, (AT_THE_END,), only_for=questions)


def _seed(bundle: OtterBundle) -> str:
    """What otter puts at the top of each cell; empty for nothing."""
    if bundle.seed is None:
        return ""
    if bundle.seed_variable:
        return f"{bundle.seed_variable} = {bundle.seed}"
    seed = bundle.seed
    return f'__import__("numpy").random.seed({seed}); __import__("random").seed({seed})'


def _owners(cells: tuple[CodeCell, ...], bundle: OtterBundle) -> list[str]:
    owners: list[str] = []
    following = AT_THE_END
    for cell in reversed(cells):
        named = [*_CHECK.findall(cell.source), *cell.tests]
        following = next((name for name in named if name in bundle.stems), following)
        owners.append(following)
    return owners[::-1]
