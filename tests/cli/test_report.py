"""`autograder report`, as it is called."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.cli.report import command
from autograder.errors import MarksError, StoreError
from tests.report.classroom import EVERYBODY, store_of


@pytest.fixture
def out(tmp_path: Path) -> Path:
    with store_of(tmp_path / "out", *EVERYBODY):
        pass
    return tmp_path / "out"


def report(*arguments: object) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return result.output


def gradebook(out: Path) -> dict[str, dict[str, str]]:
    with (out / "gradebook.csv").open(newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def test_all_views_are_made_from_the_store_alone(out: Path):
    printed = report(out)

    assert "ada.ipynb" in printed
    assert sorted(path.name for path in out.iterdir()) == [
        ".views.json",
        "feedback",
        "gradebook.csv",
        "grades.sqlite",
        "index.html",
        "results",
    ]


def test_a_sheet_goes_out_and_its_marks_come_back(out: Path, tmp_path: Path):
    assert "6 answers, 14 decisions" in report(out, "--marking-sheet")
    sheet = out / "marking-sheet.csv"
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["points"] = max(row["max_points"], "0")
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert gradebook(out)["ada.ipynb"]["q2_1"] == ""

    printed = report(out, "--marks", sheet, "--marker", "Tina")
    assert "14 marks taken" in printed
    assert gradebook(out)["ada.ipynb"]["q2_1"] == "6"
    assert gradebook(out)["ada.ipynb"]["unmarked"] == "0"
    assert "All points are in." in (out / "feedback" / "ada.ipynb.html").read_text()
    assert "0 marks taken, 14 known already" in report(out, "--marks", sheet, "--marker", "Tina")
    assert "nothing waits" in report(out, "--marking-sheet", tmp_path / "empty.csv")


def test_a_bad_sheet_changes_nothing(out: Path, tmp_path: Path):
    report(out)
    before = (out / "gradebook.csv").read_bytes()
    marks = tmp_path / "marks.csv"
    marks.write_text(
        "submission,question,item,points,comment,marker\n"
        "ada.ipynb,q1_1,*,2,,Tina\n"
        "ada.ipynb,q2_1,*,7,,Tina\n"
    )

    with pytest.raises(MarksError) as error:
        report(out, "--marks", marks)
    assert error.value.where == f"{marks}:3"
    assert (out / "gradebook.csv").read_bytes() == before
    with store_of(out) as store:
        assert store.mark_history("ada.ipynb") == ()


def test_the_views_of_another_database_go_where_they_are_wanted(out: Path, tmp_path: Path):
    report(tmp_path / "views", "--store", f"sqlite:///{out / 'grades.sqlite'}")
    assert len(gradebook(tmp_path / "views")) == 4


def test_a_folder_without_grades_is_told(tmp_path: Path):
    with pytest.raises(StoreError, match="no grades here"):
        report(tmp_path)


def test_an_error_is_printed_without_a_traceback(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "report", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no grades here" in done.stderr
    assert "autograder grade NAME DIR --out OUT" in done.stderr
    assert "Traceback" not in done.stderr
