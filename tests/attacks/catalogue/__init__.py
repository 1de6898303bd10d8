"""All attacks, a module a kind."""

from __future__ import annotations

from tests.attacks.catalogue import (
    carrying,
    checkpoints,
    endings,
    faking,
    files,
    host,
    machinery,
    naming,
    otters_way,
    reading,
    showing,
    wire,
)
from tests.attacks.model import Attack

KINDS: dict[str, tuple[Attack, ...]] = {
    "faking answers": faking.ATTACKS,
    "reading answers": reading.ATTACKS,
    "changing the host": host.ATTACKS,
    "using up the machine": endings.ATTACKS,
    "forging the protocol": wire.ATTACKS,
    "carrying inputs home": carrying.ATTACKS,
    "what people open": showing.ATTACKS,
    "files handed in": files.ATTACKS,
    "names of files": naming.ATTACKS,
    "files in otter's way": otters_way.ATTACKS,
    "checkpoints": checkpoints.ATTACKS,
    "the notebook's machinery": machinery.ATTACKS,
}
ATTACKS = tuple(attack for attacks in KINDS.values() for attack in attacks)
