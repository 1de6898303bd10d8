"""No attack pays, on any way of grading: no points, no secrets, no trace, nobody else hurt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.attacks import ways
from tests.attacks.catalogue import ATTACKS, KINDS
from tests.attacks.host import Host
from tests.attacks.model import Attack, harmless
from tests.attacks.ways import Ground, Outcome

pytestmark = pytest.mark.slow

SAMPLE = tuple(attack for attacks in KINDS.values() for attack in (attacks[0], attacks[-1]))


def expect_nothing(
    ground: Ground,
    attacks: Sequence[Attack],
    files: dict[str, Path],
    outcomes: dict[str, Outcome],
    baseline: float,
) -> None:
    """Compare all outcomes at once, so that a failure names every attack that paid."""
    paid = {}
    for attack in attacks:
        outcome = outcomes.get(files[attack.name].name)
        most = 0.0 if attack.unreadable else baseline
        if outcome is None or outcome.points > most or outcome.read:
            paid[attack.name] = outcome
    assert paid == {}
    for name in ("aa-bystander.ipynb", "zz-bystander.ipynb"):
        assert outcomes[name] == Outcome(ground.full, 0)


def tried_by_us(ground: Ground, attacks: Sequence[Attack], tmp_path: Path, there: Host) -> None:
    folder = tmp_path / "class"
    files = ways.written(ground, [*attacks, harmless(ground.stage)], folder, there.places)
    outcomes = ways.grade(ground, folder, tmp_path / "out")
    expect_nothing(ground, attacks, files, outcomes, outcomes["harmless.ipynb"].points)
    assert there.effects() == []


def test_a_sample_of_each_kind_pays_nothing(ground: Ground, canaries: Host, tmp_path: Path) -> None:
    tried_by_us(ground, SAMPLE, tmp_path, canaries)


@pytest.mark.long
def test_no_attack_pays(ground: Ground, canaries: Host, tmp_path: Path) -> None:
    tried_by_us(ground, ATTACKS, tmp_path, canaries)


def tried_by_otter(ground: Ground, attacks: Sequence[Attack], tmp_path: Path, there: Host) -> None:
    folder = tmp_path / "class"
    files = ways.written(ground, [*attacks, harmless(ground.stage)], folder, there.places)
    outcomes = {
        path.name: ways.otter_run(ground.bundle, path, tmp_path / "out" / path.name)
        for path in sorted(folder.iterdir())
    }
    expect_nothing(ground, attacks, files, outcomes, outcomes["harmless.ipynb"].points)
    assert there.effects() == []


@pytest.mark.long
def test_a_few_pay_nothing_under_otter_run(ground: Ground, canaries: Host, tmp_path: Path) -> None:
    names = {"daemon that rewrites results", "modules that shadow"}
    tried_by_otter(ground, [it for it in ATTACKS if it.name in names], tmp_path, canaries)


@pytest.mark.long
def test_no_attack_pays_under_otter_run(ground: Ground, canaries: Host, tmp_path: Path) -> None:
    tried_by_otter(ground, ATTACKS, tmp_path, canaries)


@pytest.mark.long
@pytest.mark.skipif(not ways.OTTER_GRADE, reason="AUTOGRADER_OTTER_GRADE names no `otter grade`")
def test_no_attack_pays_under_otter_grade(ground: Ground, canaries: Host, tmp_path: Path) -> None:
    folder = tmp_path / "class"
    files = ways.written(ground, [*ATTACKS, harmless(ground.stage)], folder, canaries.places)
    outcomes = ways.otter_grade(ground, sorted(folder.iterdir()), tmp_path / "out")
    expect_nothing(ground, ATTACKS, files, outcomes, outcomes["harmless.ipynb"].points)
    assert canaries.effects() == []


def test_there_are_at_least_sixty_and_none_shares_a_name() -> None:
    assert len(ATTACKS) >= 60
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert {attack.promise for attack in ATTACKS} >= {"1", "2", "3", "4", "5", "6", "7", "9"}
