"""What `write_views` leaves in a folder of results."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.report import up_to_date_views, write_views
from autograder.report.files import write_whole
from autograder.store import NewMark
from tests.report.classroom import ADA, BROKEN, EVERYBODY, store_of


def gradebook(out: Path) -> dict[str, dict[str, str]]:
    with (out / "gradebook.csv").open(encoding="utf-8", newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    with store_of(tmp_path, *EVERYBODY) as store:
        write_views(store, tmp_path)
    return tmp_path


def test_the_gradebook_has_its_columns_in_order(out: Path):
    first = (out / "gradebook.csv").read_text().splitlines()[0]
    assert first == (
        "submission,student_id,name,status,late_days,score,unmarked,max_score,"
        "q1_1,q1_2,q1_4,q2_1,q3_2,q3_3,q3_6"
    )


def test_a_question_that_nobody_has_marked_is_empty(out: Path):
    ada = gradebook(out)["ada.ipynb"]
    assert (ada["q1_1"], ada["q1_4"], ada["q2_1"]) == ("", "", "")
    assert (ada["q1_2"], ada["q3_6"]) == ("2.5", "6.5")
    assert (ada["score"], ada["unmarked"], ada["max_score"]) == ("16", "9", "31")
    assert (ada["student_id"], ada["name"], ada["late_days"]) == ("10012345", "Ada Lovelace", "0")


def test_ends_are_kept_apart(out: Path):
    rows = gradebook(out)
    assert {path: row["status"] for path, row in rows.items()} == {
        "ada.ipynb": "graded",
        "ben.zip": "graded",
        "broken.ipynb": "unreadable",
        "dora.ipynb": "grader_error",
    }
    assert rows["ben.zip"]["q3_6"] == "0"
    assert rows["ben.zip"]["q3_3"] == ""
    assert rows["ben.zip"]["late_days"] == "1.5"
    assert rows["broken.ipynb"]["late_days"] == ""
    assert rows["dora.ipynb"]["score"] == ""


def test_a_name_that_is_a_formula_is_none_in_the_gradebook(tmp_path: Path):
    bad = replace(ADA, submission="=1+1.ipynb", name='=HYPERLINK("http://x")', student_id="@1\t2")
    with store_of(tmp_path, bad) as store:
        write_views(store, tmp_path)

    [row] = gradebook(tmp_path).values()
    assert row["submission"] == "'=1+1.ipynb"
    assert row["name"] == '\'=HYPERLINK("http://x")'
    assert row["student_id"] == "'@1 2"


def test_results_say_everything_for_scripts(out: Path):
    result = json.loads((out / "results" / "ada.ipynb.json").read_text())

    assert (result["submission"], result["status"], result["wall"]) == (
        "ada.ipynb",
        "graded",
        "bubblewrap",
    )
    assert (result["score"], result["unmarked"], result["max_score"]) == (16, 9, 31)
    assert result["flags"] == [
        {"question": "q3_6", "text": "accuracy on lightly perturbed reviews falls by 9 points"}
    ]
    questions = {question["id"]: question for question in result["questions"]}
    q1_4 = questions["q1_4"]
    assert (q1_4["auto_score"], q1_4["auto_max"], q1_4["manual_max"]) == (1, 1, 1)
    assert q1_4["manual_score"] is None
    assert q1_4["score"] is None
    assert questions["q3_2"]["checks"][4] == {
        "name": "test_gradient",
        "title": "No NaN reaches a gradient where a query may attend to nothing",
        "points": 0,
        "max_points": 1,
        "passed": False,
        "hidden": True,
        "message": "",
        "hint": "A softmax over nothing but minus infinity is not a number, and replacing it "
        "afterwards does not help its gradient. What could you fill in before?",
        "seconds": 0.0,
        "stand_in": False,
    }


def test_results_of_our_own_fault_have_no_score(out: Path):
    result = json.loads((out / "results" / "dora.ipynb.json").read_text())
    assert result["score"] is None
    assert result["questions"] == []
    ben = json.loads((out / "results" / "ben.zip.json").read_text())
    questions = {question["id"]: question for question in ben["questions"]}
    assert questions["q3_3"]["status"] == "grader_error"
    assert questions["q3_3"]["auto_score"] is None


def test_marks_reach_gradebook_and_results(out: Path):
    with store_of(out) as store:
        store.add_marks([NewMark("ada.ipynb", "q1_4", "reason", 0.5, "Nearly.", "Tina")])
        write_views(store, out)

    assert gradebook(out)["ada.ipynb"]["q1_4"] == "1.5"
    assert gradebook(out)["ada.ipynb"]["score"] == "16.5"
    result = json.loads((out / "results" / "ada.ipynb.json").read_text())
    [q1_4] = [question for question in result["questions"] if question["id"] == "q1_4"]
    assert (q1_4["manual_score"], q1_4["score"]) == (0.5, 1.5)
    assert q1_4["marks"][0]["marker"] == "Tina"


def test_every_submission_has_its_own_files(tmp_path: Path):
    paths = ["a.ipynb", "a.zip", "A.ipynb", "sub/a.ipynb", "sub_a.ipynb", "x" * 300 + ".ipynb"]
    with store_of(tmp_path, *(replace(ADA, submission=path) for path in paths)) as store:
        write_views(store, tmp_path)

    for folder in ("results", "feedback"):
        assert len({path.name.lower() for path in (tmp_path / folder).iterdir()}) == len(paths)


def test_what_did_not_change_is_not_written_again(out: Path):
    files = [path for path in out.rglob("*") if path.suffix in (".csv", ".json", ".html")]
    before = {path: path.stat().st_mtime_ns for path in files}
    with store_of(out) as store:
        write_views(store, out)

    assert {path: path.stat().st_mtime_ns for path in files} == before


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path):
    file = tmp_path / "gradebook.csv"
    write_whole(file, "before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "\ud800")

    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_whole(tmp_path / "folder", "text")
    assert file.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "gradebook.csv"]


def test_views_are_written_anew_only_where_the_store_has_changed(tmp_path: Path) -> None:
    with store_of(tmp_path, ADA, BROKEN) as store:
        summary = up_to_date_views(store, tmp_path)
        page = next((tmp_path / "feedback").iterdir())
        before = page.stat().st_mtime_ns
        page.write_text("not ours")
        assert up_to_date_views(store, tmp_path) == summary
        assert page.read_text() == "not ours"
        store.record(ADA)
        assert up_to_date_views(store, tmp_path) == summary
        assert page.read_text() != "not ours"
        assert page.stat().st_mtime_ns > before


def test_a_view_that_is_missing_is_written_again(tmp_path: Path) -> None:
    with store_of(tmp_path, ADA) as store:
        up_to_date_views(store, tmp_path)
        (tmp_path / "gradebook.csv").unlink()
        up_to_date_views(store, tmp_path)
    assert (tmp_path / "gradebook.csv").is_file()
