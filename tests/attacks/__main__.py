"""Tries the gallery and says what each attack came to: ``python -m tests.attacks``.

    python -m tests.attacks --kind "forging the protocol" --way "otter run"
    python -m tests.attacks --kept docs/attacks.json --untried --page docs/attacks.md

All ways together take hours. ``docs/attacks.json`` keeps what each attack came to, beside the page
that is made of it, so that a run goes on where another one ended, on another machine too: the
second line tries what nobody has tried yet. Without ``--untried`` all is tried anew.

Ends with 1 where an attack paid on a way of ours.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.attacks import table, ways
from tests.attacks.catalogue import KINDS
from tests.attacks.trials import AT_ONCE, STOCK, WAYS, Trial, applies


def main(arguments: Sequence[str]) -> int:
    """Try the chosen attacks on the chosen ways, kind by kind."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks")
    parser.add_argument("--way", action="append", choices=list(WAYS), default=None)
    parser.add_argument("--kind", action="append", choices=list(KINDS), default=None)
    parser.add_argument("--attack", action="append", default=None, help="by name")
    parser.add_argument("--kept", type=Path, help="JSON of what was tried: it is added to")
    parser.add_argument("--untried", action="store_true", help="only what is not in it yet")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin nothing after so long")
    parser.add_argument("--page", type=Path, help="write the page of the docs")
    chosen = parser.parse_args(arguments)
    tried = table.load(chosen.kept) if chosen.kept else {}
    paid = 0
    begun = time.monotonic()

    def is_late() -> bool:
        return time.monotonic() - begun > 60 * chosen.minutes

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        ground = None
        number = 0
        for way in chosen.way or [it for it in WAYS if it != "otter grade" or ways.OTTER_GRADE]:
            known = tried.setdefault(way, {})
            for kind in chosen.kind or KINDS:
                attacks = [
                    it
                    for it in KINDS[kind]
                    if applies(way, kind, it)
                    and (chosen.attack is None or it.name in chosen.attack)
                    and not (chosen.untried and it.name in known)
                ]
                if not attacks or is_late():
                    continue
                number += 1
                folder = root / str(number)
                folder.mkdir()
                ground = ground or ways.mini(root / "ground")
                started = time.monotonic()
                for done, trial in enumerate(WAYS[way](ground, attacks, folder), 1):
                    known[trial.attack] = trial
                    paid += trial.paid and way != STOCK
                    seconds = time.monotonic() - started
                    said = f"{way}: {kind}: {done} of {len(attacks)}, {seconds:.0f} s"
                    print(f"{said}: {_told(trial)}", flush=True)
                    if chosen.kept:
                        table.save(tried, chosen.kept)
                    if is_late() and way not in AT_ONCE:
                        break
    if chosen.page:
        chosen.page.write_text(table.page(tried))
    print(f"{paid} paid on a way of ours")
    return 1 if paid else 0


def _told(trial: Trial) -> str:
    said = [f"{trial.gained:g} points"] if trial.gained else []
    said += [f"{trial.read} shown"] if trial.read else []
    said += [*trial.alive, *trial.effects, *([] if trial.graded else ["no result"])]
    return f"{trial.attack}: {'; '.join(said) or 'nothing'}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
