"""The marks of check files: under the judge its plugin knows them."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    for mark in ("question(id)", "points(number)", "hidden", "hint(text)"):
        config.addinivalue_line("markers", f"{mark}: of a check, see autograder.judge.session")
