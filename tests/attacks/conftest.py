"""The ground on which attacks are tried, built once, and a host with canaries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.host import Host, host
from tests.attacks.ways import Ground, mini


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return mini(tmp_path_factory.mktemp("ground"))


@pytest.fixture
def canaries(tmp_path: Path) -> Iterator[Host]:
    place = tmp_path / "host"
    place.mkdir()
    with host(place) as there:
        yield there
