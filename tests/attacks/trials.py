"""Trying attacks on each way of grading; what each came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.attacks import ways
from tests.attacks.forked import forked_otter
from tests.attacks.host import Host, host
from tests.attacks.model import Attack, harmless
from tests.attacks.stock import on_a_disposable_machine
from tests.attacks.ways import Ground, Outcome

BYSTANDERS = ("aa-bystander.ipynb", "zz-bystander.ipynb")


@dataclass(frozen=True)
class Trial:
    """What one attack came to on one way of grading."""

    attack: str
    gained: float
    """Points over the same hand-in without an attack."""
    read: int
    """How often what it read stands in what its student is shown."""
    alive: tuple[str, ...]
    """What of its own is alive in what people open."""
    effects: tuple[str, ...]
    """What happened to the host, to the other hand-ins or to what people open of the class. Where
    a class is graded as one, it is nobody's in particular."""
    graded: bool
    """Whether there is a result."""

    @property
    def paid(self) -> bool:
        """Whether anything was gained by it."""
        return bool(self.gained or self.read or self.alive or self.effects)


def _trial(
    attack: Attack, outcome: Outcome | None, baseline: float, effects: Sequence[str]
) -> Trial:
    none = 0.0 if attack.unreadable else baseline
    if outcome is None:
        return Trial(attack.name, 0.0, 0, (), tuple(effects), False)
    gained = max(outcome.points - none, 0.0)
    return Trial(attack.name, gained, outcome.read, outcome.alive, tuple(effects), True)


def _hurt(ground: Ground, outcomes: dict[str, Outcome]) -> list[str]:
    """What came to the honest hand-ins of the class."""
    return [
        f"{name} got {outcomes.get(name)}"
        for name in BYSTANDERS
        if outcomes.get(name) != Outcome(ground.full, 0)
    ]


Way = Callable[[Ground, Sequence[Attack], Path], Iterator[Trial]]
"""Tries attacks on one way, with a folder for its own use. They are one class there."""


def by_us(ground: Ground, attacks: Sequence[Attack], folder: Path) -> Iterator[Trial]:
    """`autograder grade`, the class at once."""
    with host(folder) as there:
        files = _written(ground, attacks, folder, there)
        outcomes, alive = ways.grade(ground, folder / "class", folder / "out")
        effects = [*there.effects(), *alive, *_hurt(ground, outcomes)]
    none = outcomes["harmless.ipynb"].points
    for attack in attacks:
        yield _trial(attack, outcomes.get(files[attack.name].name), none, effects)


def by_otter_run(ground: Ground, attacks: Sequence[Attack], folder: Path) -> Iterator[Trial]:
    """`otter run` on each hand-in by itself, the honest ones last.

    A notebook alone is graded in a fork. Where files come with it, Python could import them, and
    otter is started anew.
    """
    with host(folder) as there:
        files = _written(ground, attacks, folder, there)

        def run(path: Path) -> Outcome | None:
            otter = forked_otter if path.suffix == ".ipynb" else ways.start_otter
            return ways.otter_run(otter, ground.bundle, path, folder / "out" / path.name)

        [none] = [it for it in [run(folder / "class" / "harmless.ipynb")] if it]
        for attack in attacks:
            outcome = run(files[attack.name])
            yield _trial(attack, outcome, none.points, there.effects())
        after = {name: it for name in BYSTANDERS if (it := run(folder / "class" / name))}
        if hurt := _hurt(ground, after):
            yield Trial("all of them together", 0.0, 0, (), tuple(hurt), True)


def in_containers(ground: Ground, attacks: Sequence[Attack], folder: Path) -> Iterator[Trial]:
    """`otter grade`, the class at once."""
    with host(folder) as there:
        files = _written(ground, attacks, folder, there)
        paths = sorted((folder / "class").iterdir())
        outcomes = ways.otter_grade(ground, paths, folder / "out")
        effects = [*there.effects(), *_hurt(ground, outcomes)]
    none = outcomes["harmless.ipynb"].points
    for attack in attacks:
        yield _trial(attack, outcomes.get(files[attack.name].name), none, effects)


def on_stock(ground: Ground, attacks: Sequence[Attack], folder: Path) -> Iterator[Trial]:
    """Stock `otter run` with a bundle of its own kind, each on a disposable machine.

    There is nothing between that way and the machine, and some attacks kill every process.
    """
    none, _ = on_a_disposable_machine(ground.stage, harmless(ground.stage))
    for attack in attacks:
        outcome, effects = on_a_disposable_machine(ground.stage, attack)
        yield _trial(attack, outcome, none.points if none else 0.0, effects)


def _written(
    ground: Ground, attacks: Sequence[Attack], folder: Path, there: Host
) -> dict[str, Path]:
    """The hand-ins of all attacks, by attack; with one that does nothing, and honest ones."""
    place = folder / "class"
    place.mkdir()
    for name in BYSTANDERS:
        ground.bystander(place / name)
    every = [*attacks, harmless(ground.stage)]
    return {attack.name: attack.write(ground.stage, place, there.places) for attack in every}


STOCK = "stock otter"
AT_ONCE = ("autograder grade", "otter grade")
"""Ways that grade a class as one."""
OURS_ALONE = ("forging the protocol", "what people open", "names of files", "checkpoints")
"""Kinds that aim at what stock otter does not have."""
WAYS: dict[str, Way] = {
    "autograder grade": by_us,
    "otter run": by_otter_run,
    "otter grade": in_containers,
    STOCK: on_stock,
}


def applies(way: str, kind: str, attack: Attack) -> bool:
    """Whether an attack has anything to aim at on that way."""
    if way == STOCK and kind in OURS_ALONE:
        return False
    return way == "autograder grade" or not attack.on_pages
