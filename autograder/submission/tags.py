"""Giving cells back the tags that they lost, by their place among the template's own cells.

Some editors drop cell metadata, students retype an answer in a new cell or add one below: what
stands between a question's prompt and the next cell of the template is still its answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from autograder.submission.model import Cell, CellKind

Fingerprint = tuple[str, str]


@dataclass(frozen=True)
class _Slot:
    """A tagged cell of the template, and where in the submission its answer must be."""

    kind: CellKind
    tags: frozenset[str]
    start: int
    end: int
    """The answer is among the cells from ``start`` up to, not including, ``end``."""


def fingerprint(cell: Cell) -> Fingerprint:
    """Kind and text of a cell, white space aside, to find a template's cell in a hand-in."""
    return cell.kind, " ".join(cell.source.split())


def restore_tags(cells: Sequence[Cell], template: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells with tags restored from ``template``, the cells that students were given.

    A tagged cell of the template that is not in the hand-in is looked for between the nearest
    cells around it that are: the template's untagged ones, which students have no reason to edit.
    Markdown cells that a student added there count to the answer, too.
    """
    own = {fingerprint(cell) for cell in template if not cell.tags and cell.source.strip()}
    known = {tag for cell in template for tag in cell.tags}
    tags = [frozenset(cell.tags) & known for cell in cells]
    is_free = [not tags[i] and fingerprint(cell) not in own for i, cell in enumerate(cells)]
    for _, group in groupby(_slots(cells, template), key=lambda slot: (slot.start, slot.end)):
        slots = list(group)
        for kind in ("code", "markdown"):
            wanted = [slot for slot in slots if slot.kind == kind]
            if not wanted:
                continue
            place = range(wanted[0].start, wanted[0].end)
            free = [i for i in place if cells[i].kind == kind and is_free[i]]
            missing = [
                slot
                for slot in wanted
                if not any(cell.kind == kind and slot.tags <= set(cell.tags) for cell in cells)
            ]
            if missing:
                for rank, i in enumerate(free):
                    tags[i] = missing[min(rank, len(missing) - 1)].tags
            elif kind == "markdown":
                nearest = wanted[0].tags
                for i in place:
                    if cells[i].kind == kind and is_free[i]:
                        tags[i] = nearest
                    nearest = tags[i] or nearest
    return tuple(
        replace(cell, tags=(*cell.tags, *sorted(tags[i] - set(cell.tags))))
        for i, cell in enumerate(cells)
    )


def _slots(cells: Sequence[Cell], template: Sequence[Cell]) -> list[_Slot]:
    places: dict[Fingerprint, list[int]] = {}
    for i, cell in enumerate(cells):
        places.setdefault(fingerprint(cell), []).append(i)
    given = [
        [] if cell.tags or not cell.source.strip() else places.get(fingerprint(cell), [])
        for cell in template
    ]
    # What the template says twice (otter's `<!-- END QUESTION -->`) marks no one place.
    said = Counter(fingerprint(cell) for cell in template)
    unique = [
        found if said[fingerprint(cell)] == 1 else []
        for cell, found in zip(template, given, strict=True)
    ]
    known = sorted({i for found in unique for i in found})
    slots = []
    for position, cell in enumerate(template):
        if not cell.tags:
            continue
        before = next((found[0] for found in reversed(unique[:position]) if found), None)
        if before is None:
            # Without any cell of the template before it, any place would be a guess.
            continue
        end = next((i for i in known if i > before), len(cells))
        slots.append(_Slot(cell.kind, frozenset(cell.tags), before + 1, end))
    return slots
