"""A small assignment, built once for all tests that look at what came out."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.assignment.kit import Kit
from autograder.authoring.build import build
from autograder.authoring.products import Products, products

MINI = Path(__file__).parent / "masters" / "t01-mini"


@dataclass(frozen=True)
class Built:
    root: Path
    kit: Kit
    places: Products


@pytest.fixture(scope="session")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("mini")
    kit = build(MINI, root)
    return Built(root, kit, products("t01-mini", root))


@pytest.fixture
def master_folder(tmp_path: Path) -> Path:
    """A copy of the small master, to be spoilt."""
    return shutil.copytree(MINI, tmp_path / "t01-mini")
