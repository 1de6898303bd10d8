"""Prints what each attack came to on each way of grading: ``python -m tests.attacks``.

A cell reads gained / read / effects: points over the same hand-in without an attack, findings that
its student is shown, and traces on the host.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.attacks import ways
from tests.attacks.catalogue import ATTACKS, KINDS
from tests.attacks.host import host
from tests.attacks.model import Attack, harmless
from tests.attacks.stock import write_stock_bundle
from tests.attacks.ways import Ground, Outcome

Rows = dict[str, dict[str, str]]
Way = Callable[[Ground, Sequence[Attack], Path], Iterator[tuple[str, Outcome, list[str]]]]


def by_us(
    ground: Ground, attacks: Sequence[Attack], folder: Path
) -> Iterator[tuple[str, Outcome, list[str]]]:
    """`autograder grade`, the class at once; what happens to the host is nobody's in particular."""
    with host(folder) as there:
        files = ways.written(ground, attacks, folder / "class", dict(there.places))
        outcomes = ways.grade(ground, folder / "class", folder / "out")
        effects = there.effects()
    for attack in attacks:
        yield attack.name, outcomes[files[attack.name].name], effects


def by_otter(bundle: Callable[[Ground, Path], Path]) -> Way:
    """`otter run` on each hand-in by itself."""

    def way(
        ground: Ground, attacks: Sequence[Attack], folder: Path
    ) -> Iterator[tuple[str, Outcome, list[str]]]:
        zip = bundle(ground, folder)
        with host(folder) as there:
            files = ways.written(ground, attacks, folder / "class", dict(there.places))
            for number, attack in enumerate(attacks):
                out = folder / "out" / str(number)
                outcome = ways.otter_run(zip, files[attack.name], out)
                yield attack.name, outcome, there.effects()

    return way


def in_containers(
    ground: Ground, attacks: Sequence[Attack], folder: Path
) -> Iterator[tuple[str, Outcome, list[str]]]:
    """`otter grade`, the class at once."""
    with host(folder) as there:
        files = ways.written(ground, attacks, folder / "class", dict(there.places))
        paths = sorted((folder / "class").iterdir())
        outcomes = ways.otter_grade(ground, paths, folder / "out")
        effects = there.effects()
    for attack in attacks:
        yield attack.name, outcomes.get(files[attack.name].name, Outcome(0.0, 0)), effects


def _stock(ground: Ground, folder: Path) -> Path:
    write_stock_bundle(folder / "stock.zip")
    return folder / "stock.zip"


WAYS: dict[str, Way] = {
    "autograder grade": by_us,
    "otter run": by_otter(lambda ground, folder: ground.bundle),
    "otter grade": in_containers,
    "stock otter": by_otter(_stock),
}


def main(arguments: Sequence[str]) -> int:
    """Try the chosen attacks on the chosen ways, and print a table in markdown."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks")
    parser.add_argument("--way", action="append", choices=list(WAYS), default=None)
    parser.add_argument("--kind", action="append", choices=list(KINDS), default=None)
    chosen = parser.parse_args(arguments)
    names = chosen.way or [way for way in WAYS if way != "otter grade" or ways.OTTER_GRADE]
    attacks = [it for kind in chosen.kind or KINDS for it in KINDS[kind]]
    rows: Rows = {attack.name: {} for attack in attacks}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        ground = ways.mini(root / "ground")
        for number, way in enumerate(names):
            folder = root / str(number)
            folder.mkdir()
            print(f"{way} …", file=sys.stderr, flush=True)
            tried = list(WAYS[way](ground, [harmless(ground.stage), *attacks], folder))
            baseline = tried[0][1].points
            for attack, outcome, effects in tried[1:]:
                gained = max(outcome.points - baseline, 0.0)
                rows[attack][way] = f"{gained:g} / {outcome.read} / {len(effects)}"
    print(f"| attack | promise | {' | '.join(names)} |")
    print("|---" * (len(names) + 2) + "|")
    promise = {attack.name: attack.promise for attack in ATTACKS}
    for attack_name, row in rows.items():
        cells = " | ".join(row[way] for way in names)
        print(f"| {attack_name} | {promise[attack_name]} | {cells} |")
    clean = all(
        row[way] == "0 / 0 / 0"
        for row in rows.values()
        for way in names[:3]
        if way != "stock otter"
    )
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
