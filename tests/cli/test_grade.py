"""`autograder grade`: when the processes that grade begin to import."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.main import cli


def test_workers_begin_early_only_where_nothing_was_graded_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr("autograder.cli.grade.start_importing", begun.append)
    monkeypatch.setattr("autograder.cli.bundle.grade_bundle", lambda *_: 0)
    (tmp_path / "bundle.zip").touch()
    (tmp_path / "class").mkdir()
    arguments = ["grade", "--bundle", f"{tmp_path}/bundle.zip", f"{tmp_path}/class"]
    arguments += ["--out", f"{tmp_path}/out"]

    assert CliRunner().invoke(cli, arguments).exit_code == 0
    assert begun == [["autograder.bundle.foreign.warm"]]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "grades.sqlite").touch()
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    assert len(begun) == 1
