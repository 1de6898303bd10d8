"""The ground on which attacks are tried, built once."""

from __future__ import annotations

import pytest

from tests.attacks.ways import Ground, mini


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return mini(tmp_path_factory.mktemp("ground"))
