"""What all attacks came to, kept between runs in a file and written as a page of the docs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.attacks.catalogue import KINDS
from tests.attacks.model import Attack
from tests.attacks.stock import SECONDS
from tests.attacks.trials import STOCK, WAYS, Trial, applies

NOTHING_TO_AIM_AT = "–"

Tried = dict[str, dict[str, Trial]]
"""By way, then by attack."""

HEAD = """# The gallery of attacks

Hostile notebooks, scripts and zips, each handed in as a whole and graded in all ways; what the
promises are is said in [security.md](security.md). This page is made by the program that tries
them, `python -m tests.attacks`, and can be made again: a bundle is graded in containers where
`AUTOGRADER_OTTER_GRADE` names the command that stands for `otter grade`, with an image that holds
what the bundle's `environment.yml` lists.

An attack pays where its hand-in gets **points** over the same hand-in without the attack, where
its student is **shown** what it read of the answer side, where it leaves a **trace** on the host,
or where something of it is **alive** in what people open: a script in a page, a formula in a
table, a control character, a text without end. Beside every class stand honest hand-ins, whose
scores must not change.
"""
STOCK_NOTE = f"""
**Stock otter** is `otter run` as it comes, on a plain bundle with the same question, on a
disposable machine. "No result" counts hand-ins after which otter left no results at all, or did
not end by itself within {SECONDS} seconds: the student's work is lost, or the class waits. A dash
stands where an attack has nothing to aim at, such as pages that otter does not write.
"""


def load(path: Path) -> Tried:
    """What earlier runs left."""
    if not path.is_file():
        return {}
    found = json.loads(path.read_text())
    return {way: {name: _trial(it) for name, it in trials.items()} for way, trials in found.items()}


def save(tried: Tried, path: Path) -> None:
    """Keep what has been tried, a trial a line."""
    ways = [
        f"{json.dumps(way)}: {{\n"
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(asdict(it))}" for name, it in trials.items())
        + "\n}"
        for way, trials in tried.items()
    ]
    path.write_text("{\n" + ",\n".join(ways) + "\n}\n")


def _trial(found: Mapping[str, object]) -> Trial:
    values = {key: tuple(it) if isinstance(it, list) else it for key, it in found.items()}
    return Trial(**values)  # type: ignore[arg-type]  # they are what `asdict` made of one


def page(tried: Tried) -> str:
    """The page: by kind, then attack by attack."""
    names = [way for way in WAYS if way in tried]
    lines = [
        HEAD,
        "## By kind",
        "",
        _row(["", "attacks", *names]),
        _row(["---"] * (2 + len(names))),
    ]
    for kind, attacks in KINDS.items():
        lines.append(_summary(tried, kind, {kind: attacks}))
    lines.append(_summary(tried, "**all**", KINDS))
    if STOCK in names:
        lines.append(STOCK_NOTE)
    lines += ["", "## Attack by attack", ""]
    for kind, attacks in KINDS.items():
        lines += [f"### {kind.capitalize()}", "", _row(["attack", "promise", *names])]
        lines.append(_row(["---"] * (2 + len(names))))
        for attack in attacks:
            cells = [_cell(tried, way, kind, attack) for way in names]
            lines.append(_row([attack.name, attack.promise, *cells]))
        lines.append("")
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _summary(tried: Tried, title: str, kinds: Mapping[str, Sequence[Attack]]) -> str:
    """How many attacks of these kinds paid on each way, and in what."""
    cells = [title, str(sum(map(len, kinds.values())))]
    for way in WAYS:
        if way in tried:
            chosen = [
                attack.name
                for kind, attacks in kinds.items()
                for attack in attacks
                if applies(way, kind, attack)
            ]
            cells.append(_counts(tried[way], chosen, way == STOCK))
    return _row(cells)


def _counts(trials: Mapping[str, Trial], names: Sequence[str], stock: bool) -> str:
    if not names:
        return NOTHING_TO_AIM_AT
    done = [trials[name] for name in names if name in trials]
    counts = {
        "points": sum(it.gained > 0 for it in done),
        "shown": sum(it.read > 0 for it in done),
        "trace": sum(bool(it.effects) for it in done),
        "alive": sum(bool(it.alive) for it in done),
        "no result": sum(not it.graded for it in done) if stock else 0,
    }
    paid = ", ".join(f"{what} {count}" for what, count in counts.items() if count) or "0"
    if len(done) == len(names):
        return f"{paid} of {len(names)}"
    return f"{paid} ({len(done)} of {len(names)} tried)"


def _cell(tried: Tried, way: str, kind: str, attack: Attack) -> str:
    if not applies(way, kind, attack):
        return NOTHING_TO_AIM_AT
    trial = tried[way].get(attack.name)
    if trial is None:
        return "not tried"
    said = [
        f"{trial.gained:g} points" if trial.gained else "",
        "shown" if trial.read else "",
        "trace" if trial.effects else "",
        "alive" if trial.alive else "",
        "" if trial.graded else "no result",
    ]
    return ", ".join(it for it in said if it) or "0"
