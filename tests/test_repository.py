"""What is committed: complete when packed, and free of what belongs to one machine."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

from tests.test_layers import MODULES, imported

ROOT = Path(__file__).resolve().parent.parent

TEXT = {".py", ".md", ".yml", ".yaml", ".toml", ".sh", ".txt", ".j2", ".css", ".ipynb", ""}

FOREIGN = {
    # In pieces, or this file would break its own rule.
    "a path of one machine": re.compile(r"(?<![\w.\-/])/(?:" + r"work|root|farm)/\w"),
    "a registry's host": re.compile(
        r"files\.python" + r"hosted|pypi" + r"\.org/simple|--index" + "-url"
    ),
    "an unfinished thing": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"),
}


def committed() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if name]


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_committed_holds(what: str):
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in committed()
        if path.suffix in TEXT and path.is_file()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if FOREIGN[what].search(line)
    ]
    assert found == []


def test_every_library_that_the_package_imports_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    declared = {
        re.split(r"[\[<>=~ ]", requirement)[0].lower()
        for requirement in [*project["dependencies"], *chain.from_iterable(extras)]
    }
    sources = packages_distributions()
    for path in MODULES:
        for line, module in imported(path):
            top = module.split(".")[0]
            names = {name.lower() for name in sources.get(top, [])} - {"autograder-dl"}
            assert not names or names & declared, f"{path}:{line}: {top} is not in pyproject.toml"


def test_every_file_of_the_package_is_packed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = project["package-data"]
    for path in committed():
        if not path.is_relative_to(ROOT / "autograder") or path.suffix == ".py":
            continue
        packed = {
            found
            for package, globs in patterns.items()
            for glob in globs
            for found in ROOT.joinpath(*package.split(".")).glob(glob)
        }
        assert path in packed, f"{path.relative_to(ROOT)} is in no wheel: name it in package-data"
