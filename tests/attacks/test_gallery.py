"""No attack pays, on any way of grading: no points, no secrets, no trace, nobody else hurt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.attacks import ways
from tests.attacks.catalogue import ATTACKS, KINDS
from tests.attacks.model import Attack
from tests.attacks.table import load, page, save
from tests.attacks.trials import STOCK, WAYS, Trial, applies
from tests.attacks.ways import Ground

SAMPLE = tuple(attack for attacks in KINDS.values() for attack in (attacks[0], attacks[-1]))


def paid(way: str, ground: Ground, attacks: Sequence[Attack], folder: Path) -> list[Trial]:
    """All that paid, so that a failure names every one."""
    return [trial for trial in WAYS[way](ground, attacks, folder) if trial.paid]


@pytest.mark.slow
def test_a_sample_of_each_kind_pays_nothing(ground: Ground, tmp_path: Path) -> None:
    assert paid("autograder grade", ground, SAMPLE, tmp_path) == []


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "way",
    [
        "autograder grade",
        "otter run",
        pytest.param(
            "otter grade",
            marks=pytest.mark.skipif(
                not ways.OTTER_GRADE, reason="AUTOGRADER_OTTER_GRADE names no `otter grade`"
            ),
        ),
    ],
)
def test_no_attack_pays(way: str, kind: str, ground: Ground, tmp_path: Path) -> None:
    attacks = [it for it in KINDS[kind] if applies(way, kind, it)]
    assert paid(way, ground, attacks, tmp_path) == []


STOCK_PAYS = ("another frame's expectation", "results forged by a daemon", "kills by number")


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a disposable machine")
def test_attacks_pay_where_nothing_stands_in_their_way(ground: Ground, tmp_path: Path) -> None:
    """Otherwise the gallery would show nothing."""
    attacks = [it for it in ATTACKS if it.name in STOCK_PAYS]
    assert len(paid(STOCK, ground, attacks, tmp_path)) == len(STOCK_PAYS)


def test_there_are_at_least_sixty_and_none_shares_a_name() -> None:
    assert len(ATTACKS) >= 60
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert {attack.promise for attack in ATTACKS} >= {"1", "2", "3", "4", "5", "6", "7", "9"}


def test_what_was_tried_is_kept_for_the_next_run(tmp_path: Path) -> None:
    tried = {
        STOCK: {"one": Trial("one", 3.0, 1, ("a script",), ("a trace", 'a "file"'), True)},
        "otter run": {},
    }
    save(tried, tmp_path / "kept.json")
    assert load(tmp_path / "kept.json") == tried
    assert load(tmp_path / "nothing.json") == {}


def test_the_page_counts_what_paid_and_says_what_was_not_tried() -> None:
    faking = KINDS["faking answers"]
    [first, second, *_] = faking
    tried = {
        STOCK: {
            first.name: Trial(first.name, 3.0, 0, (), ("a trace",), True),
            second.name: Trial(second.name, 0.0, 0, (), (), False),
        }
    }
    lines = page(tried).splitlines()
    [row] = [line for line in lines if line.startswith("| faking answers |")]
    assert row.endswith(f"| points 1, trace 1, no result 1 (2 of {len(faking)} tried) |")
    assert f"| {first.name} | 10 | 3 points, trace |" in lines
