"""Opening a store: where it is, and what is not one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from autograder.errors import StoreError
from autograder.store import open_store
from tests.report.classroom import ADA, store_of


def test_a_store_is_one_file_in_the_folder_of_results(tmp_path: Path):
    out = tmp_path / "made" / "on the way"
    with store_of(out, ADA):
        pass

    assert [path.name for path in out.iterdir()] == ["grades.sqlite"]


def test_sqlite_keeps_a_write_ahead_log(tmp_path: Path):
    with store_of(tmp_path):
        pass

    with sqlite3.connect(tmp_path / "grades.sqlite") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_url_names_another_place(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    with open_store(tmp_path / "out", url, create=True) as store:
        store.record(ADA)
    with open_store(tmp_path / "out", url) as store:
        assert store.submission("ada.ipynb").result == ADA
    with open_store(tmp_path / "out", str(tmp_path / "elsewhere.db")) as store:
        assert store.submission("ada.ipynb").result == ADA
    assert not (tmp_path / "out").exists()


def test_a_folder_without_grades_says_how_to_get_some(tmp_path: Path):
    with pytest.raises(StoreError, match="autograder grade") as error:
        open_store(tmp_path)
    assert error.value.where == str(tmp_path / "grades.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, create: bool):
    file = tmp_path / "grades.sqlite"
    file.write_text("submission,score\nada.ipynb,3\n" * 100)
    before = file.read_bytes()

    with pytest.raises(StoreError, match="not a database"):
        open_store(tmp_path, create=create)
    assert file.read_bytes() == before


@pytest.mark.parametrize("create", [True, False])
def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path, create: bool):
    with sqlite3.connect(tmp_path / "grades.sqlite") as database:
        database.execute("CREATE TABLE marks (photo BLOB)")
    database.close()

    with pytest.raises(StoreError, match="something else"):
        open_store(tmp_path, create=create)
    with sqlite3.connect(tmp_path / "grades.sqlite") as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("marks",)]


def test_a_store_of_a_later_version_is_refused(tmp_path: Path):
    with store_of(tmp_path, ADA):
        pass
    with sqlite3.connect(tmp_path / "grades.sqlite") as database:
        database.execute("UPDATE autograder_format SET version = 99")
    database.close()

    with pytest.raises(StoreError, match="format 99"):
        open_store(tmp_path)


def test_a_url_that_is_none_says_how_to_write_one(tmp_path: Path):
    with pytest.raises(StoreError, match=r"postgresql\+psycopg://"):
        open_store(tmp_path, "post gres://:x/@")


def test_a_missing_driver_says_what_to_install_and_keeps_the_password(tmp_path: Path):
    with pytest.raises(StoreError, match="not installed") as error:
        open_store(tmp_path, "nosuchdatabase://tina:secret@host/grades")
    assert "secret" not in str(error.value)
