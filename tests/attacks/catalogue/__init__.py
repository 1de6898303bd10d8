"""All attacks, a module a kind."""

from __future__ import annotations

from tests.attacks.catalogue import carrying, endings, faking, files, host, reading, showing, wire
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
}
ATTACKS = tuple(attack for attacks in KINDS.values() for attack in attacks)
