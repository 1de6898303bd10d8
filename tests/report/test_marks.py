"""A marking sheet goes out blind and comes back whole, or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.errors import MarksError
from autograder.report.marks import read_marks, write_marking_sheet
from autograder.store import NewMark, Store, score_submission
from tests.report.classroom import ADA, BEN, EVERYBODY, question, store_of

NEEDED = ("submission", "question", "item", "points", "comment", "marker")
HEADER = ",".join(NEEDED)


@pytest.fixture
def store(tmp_path: Path) -> Iterable[Store]:
    with store_of(tmp_path / "out", *EVERYBODY) as store:
        yield store


def sheet_rows(store: Store, path: Path) -> list[dict[str, str]]:
    write_marking_sheet(store, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def save(rows: list[dict[str, str]], path: Path, delimiter: str = ",", bom: bool = False) -> None:
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(("\ufeff" if bom else "") + file.getvalue(), encoding="utf-8", newline="")


def take(store: Store, tmp_path: Path, *lines: str, header: str = HEADER) -> list[NewMark]:
    path = tmp_path / "marks.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return read_marks(store, path)


def fault(store: Store, tmp_path: Path, *lines: str, header: str = HEADER) -> MarksError:
    with pytest.raises(MarksError) as error:
        take(store, tmp_path, *lines, header=header)
    assert error.value.remedy
    return error.value


# Out


def test_the_sheet_has_a_row_for_each_item_that_waits(store: Store, tmp_path: Path):
    rows = sheet_rows(store, tmp_path / "sheet.csv")

    assert set(NEEDED) <= set(rows[0])
    assert len(rows) == 2 * (2 + 1 + 4)
    row = next(row for row in rows if row["item"] == "bottleneck")
    assert row["max_points"] == "1"
    assert row["item_text"] == "Says that one fixed-length vector has to hold the whole input"
    assert row["look_for"] == "long inputs, forgetting, a vector of constant size"
    assert {row["points"] for row in rows} == {""}
    assert {row["answer"] for row in rows if row["question"] == "q1_1"} == {
        ADA.questions[0].answer,
        "(no answer)",
    }


def test_the_sheet_is_blind(tmp_path: Path):
    answer = "I, ada  lovelace (10012345), think so. Adaptive softmax it is."
    ada = replace(
        ADA,
        submission="ada_lovelace_10012345.ipynb",
        questions=(question("q1_1", answer=answer),),
    )
    path = tmp_path / "sheet.csv"
    with store_of(tmp_path, ada, BEN) as store:
        rows = sheet_rows(store, path)

    text = path.read_text(encoding="utf-8-sig").lower()
    for secret in ("lovelace", "10012345", "ben", "müller", ".ipynb", ".zip"):
        assert secret not in text
    assert "I, [name] ([number]), think so. Adaptive softmax it is." in {
        row["answer"] for row in rows
    }


def test_the_order_is_stable_and_another_for_each_question(tmp_path: Path):
    class_ = [replace(ADA, submission=f"{number:02}.ipynb") for number in range(12)]
    with store_of(tmp_path, *class_) as store:
        rows = sheet_rows(store, tmp_path / "one.csv")
        assert sheet_rows(store, tmp_path / "two.csv") == rows
        by_path = [record.code for record in store.submissions()]

    orders = {
        id: list(dict.fromkeys(row["submission"] for row in rows if row["question"] == id))
        for id in ("q1_1", "q1_4", "q2_1")
    }
    assert all(sorted(order) == sorted(by_path) for order in orders.values())
    assert len({tuple(order) for order in [by_path, *orders.values()]}) == 4


def test_an_answer_is_never_a_formula(tmp_path: Path):
    ada = replace(ADA, questions=(question("q1_1", answer="=cmd|' /C calc'!A0\n@SUM(1)"),))
    with store_of(tmp_path, ada) as store:
        rows = sheet_rows(store, tmp_path / "sheet.csv")
    assert rows[0]["answer"] == "'=cmd|' /C calc'!A0\n'@SUM(1)"


def test_what_is_decided_is_not_asked_again(store: Store, tmp_path: Path):
    store.add_marks([NewMark("ada.ipynb", "q1_1", "access", 1)])
    store.add_marks([NewMark("ada.ipynb", "q2_1", "*", 3)])
    rows = sheet_rows(store, tmp_path / "sheet.csv")
    code = store.submission("ada.ipynb").code

    asked = [(row["question"], row["item"]) for row in rows if row["submission"] == code]
    assert asked == [("q1_1", "bottleneck"), ("q1_4", "reason")]


def test_a_sheet_that_someone_has_begun_is_not_replaced(store: Store, tmp_path: Path):
    path = tmp_path / "sheet.csv"
    rows = sheet_rows(store, path)
    assert sheet_rows(store, path) == rows
    rows[0]["points"] = "1"
    save(rows, path)
    before = path.read_bytes()

    with pytest.raises(MarksError, match="--marks"):
        write_marking_sheet(store, path)
    assert path.read_bytes() == before


def test_another_file_is_not_replaced(store: Store, tmp_path: Path):
    path = tmp_path / "grades.csv"
    path.write_text("name,grade\nAda,1\n")
    with pytest.raises(MarksError):
        write_marking_sheet(store, path)
    assert path.read_text() == "name,grade\nAda,1\n"


# And back


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [True, False])
@pytest.mark.parametrize("decimal", [".", ","])
def test_a_filled_sheet_comes_back(
    store: Store, tmp_path: Path, delimiter: str, bom: bool, decimal: str
):
    path = tmp_path / "sheet.csv"
    rows = sheet_rows(store, path)
    for row in rows:
        half = float(row["max_points"]) / 2
        row |= {"points": f"{half:g}".replace(".", decimal), "comment": "Über", "marker": "Tina"}
    save(rows, path, delimiter, bom)

    assert len(store.add_marks(read_marks(store, path))) == 14
    score = score_submission(store.assignment(), store.submission("ada.ipynb"))
    assert score.question("q1_1").score == 1
    assert score.question("q1_4").score == 1.5
    assert score.question("q2_1").score == 2.5
    assert (score.score, score.unmarked) == (20, 0)
    # The same sheet again changes nothing.
    assert store.add_marks(read_marks(store, path)) == []
    rows[0]["points"] = "0"
    save(rows, path, delimiter, bom)
    [changed] = store.add_marks(read_marks(store, path))
    assert changed.points == 0
    assert changed.before is not None


@pytest.mark.parametrize(
    "name", [lambda store: "ada.ipynb", lambda store: store.submission("ada.ipynb").code]
)
def test_path_and_code_name_a_submission(
    store: Store, tmp_path: Path, name: Callable[[Store], str]
):
    [mark] = take(store, tmp_path, f"{name(store)},q1_1,access,0.5,good,Tina")
    assert mark == NewMark("ada.ipynb", "q1_1", "access", 0.5, "good", "Tina")


def test_a_path_may_be_written_as_the_gradebook_shows_it(tmp_path: Path):
    with store_of(tmp_path, replace(ADA, submission="=1+1.ipynb")) as store:
        [mark] = take(store, tmp_path, "'=1+1.ipynb,q1_1,access,1,,")
    assert mark.submission == "=1+1.ipynb"


def test_paths_that_look_alike_are_told_apart_by_code(tmp_path: Path):
    class_ = [replace(ADA, submission=path) for path in ("a\x01b.ipynb", "a\x02b.ipynb")]
    with store_of(tmp_path, *class_) as store:
        assert "several submissions" in fault(store, tmp_path, "ab.ipynb,q1_1,access,1,,").what
        code = store.submission("a\x02b.ipynb").code
        [mark] = take(store, tmp_path, f"{code},q1_1,access,1,,")
        assert mark.submission == "a\x02b.ipynb"

        store.record(replace(ADA, submission="ab.ipynb"))
        [mark] = take(store, tmp_path, "ab.ipynb,q1_1,access,1,,")
        assert mark.submission == "ab.ipynb"


def test_the_whole_answer_can_be_marked_at_once(store: Store, tmp_path: Path):
    store.add_marks(take(store, tmp_path, 'ada.ipynb,q2_1,*,"4,5",Clear.,Tina'))
    score = score_submission(store.assignment(), store.submission("ada.ipynb"))
    assert score.question("q2_1").score == 4.5


def test_rows_without_points_and_comment_decide_nothing(store: Store, tmp_path: Path):
    assert take(store, tmp_path, "ada.ipynb,q1_1,access,,,Tina", ",,,,,", "") == []


def test_a_comment_alone_is_taken(store: Store, tmp_path: Path):
    [mark] = take(store, tmp_path, "ada.ipynb,q1_1,access,,Look again.,Tina")
    assert (mark.points, mark.comment) == (None, "Look again.")


def test_a_mark_can_be_withdrawn(store: Store, tmp_path: Path):
    store.add_marks(take(store, tmp_path, "ada.ipynb,q1_1,*,2,,Tina"))
    store.add_marks(take(store, tmp_path, "ada.ipynb,q1_1,*,withdraw,,Tina"))
    score = score_submission(store.assignment(), store.submission("ada.ipynb"))
    assert score.question("q1_1").score is None


def test_a_deduction_goes_down_to_its_points(store: Store, tmp_path: Path):
    [mark] = take(store, tmp_path, "ada.ipynb,q2_1,pixels,−1,,Tina")
    assert mark.points == -1
    assert "-1 to 0" in fault(store, tmp_path, "ada.ipynb,q2_1,pixels,1,,").remedy


def test_who_marked_can_be_said_once_for_all(store: Store, tmp_path: Path):
    path = tmp_path / "marks.csv"
    path.write_text(f"{HEADER}\nada.ipynb,q1_1,access,1,,\nada.ipynb,q1_4,reason,1,,Tom\n")
    assert [mark.marker for mark in read_marks(store, path, "Tina")] == ["Tina", "Tom"]


def test_columns_may_stand_in_any_order_among_others(store: Store, tmp_path: Path):
    header = "Marker,remark,POINTS,item,question,submission,comment"
    [mark] = take(store, tmp_path, "Tina,x,1,access,q1_1,ada.ipynb,good,,,", header=header)
    assert mark == NewMark("ada.ipynb", "q1_1", "access", 1, "good", "Tina")


def test_excels_own_first_line_is_understood(store: Store, tmp_path: Path):
    lines = [";".join(NEEDED), "ada.ipynb;q1_1;access;0,5;;Tina"]
    [mark] = take(store, tmp_path, *lines, header="sep=;")
    assert mark.points == 0.5


@pytest.mark.parametrize(
    ("row", "what", "remedy"),
    [
        ("nobody.ipynb,q1_1,access,1,,", "no submission 'nobody.ipynb'", "gradebook.csv"),
        (",q1_1,access,1,,", "no submission is named", "code"),
        ("broken.ipynb,q1_1,access,1,,", "was not graded", "readable"),
        ("ada.ipynb,q9_9,access,1,,", "no question 'q9_9'", "q1_1, q1_4, q2_1"),
        ("ada.ipynb,q3_2,access,1,,", "no points for a marker", "q1_1, q1_4, q2_1"),
        ("ada.ipynb,q1_1,reason,1,,", "no rubric item 'reason'", "bottleneck, access; or *"),
        ("ada.ipynb,q1_1,access,1.5,,", "out of range", "0 to 1"),
        ("ada.ipynb,q1_1,access,-0.5,,", "out of range", "0 to 1"),
        ("ada.ipynb,q1_1,*,2.5,,", "out of range", "0 to 2"),
        ("ada.ipynb,q1_1,access,full,,", "'full' is not a number", "0 to 1"),
        ("ada.ipynb,q1_1,access,nan,,", "'nan' is not a number", "0 to 1"),
        ("ada.ipynb,q1_1,access,1e9,,", "'1e9' is not a number", "0 to 1"),
        ("ada.ipynb,q1_1,access,٣,,", "is not a number", "0 to 1"),
    ],
)
def test_a_row_at_fault_names_line_and_remedy(
    store: Store, tmp_path: Path, row: str, what: str, remedy: str
):
    error = fault(store, tmp_path, "ada.ipynb,q1_4,reason,1,,Tina", row)
    assert what in error.what
    assert remedy in error.remedy
    assert error.where == f"{tmp_path / 'marks.csv'}:3"


def test_all_faults_are_told_at_once(store: Store, tmp_path: Path):
    error = fault(
        store, tmp_path, "nobody,q1_1,access,1,,", "ada.ipynb,q1_1,access,1,,", "ada.ipynb,q1,x,1,,"
    )
    assert error.what == "2 lines can't be taken, so nothing was"
    assert "line 2: there is no submission 'nobody'" in error.remedy
    assert "line 4: there is no question 'q1'" in error.remedy


def test_lines_are_counted_as_in_the_file_and_as_in_the_spreadsheet(store: Store, tmp_path: Path):
    error = fault(
        store, tmp_path, 'ada.ipynb,q1_4,reason,1,"two\nlines",', "ada.ipynb,q1_1,access,9,,"
    )
    assert error.where.endswith(":4")
    assert "row 3 of the spreadsheet" in error.what


def test_rows_that_disagree_are_refused_and_equal_ones_are_one(store: Store, tmp_path: Path):
    code = store.submission("ada.ipynb").code
    twice = ("ada.ipynb,q1_1,access,1,,Tina", f"{code},q1_1,access,1.0,,Tina")
    assert len(take(store, tmp_path, *twice)) == 1
    error = fault(store, tmp_path, twice[0], f"{code},q1_1,access,0,,Tina")
    assert "line 2 decides the same item" in error.what


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("submission,question,item,points,marker", "column comment is missing"),
        ("submission,question,item", "columns points, comment, marker are missing"),
        (HEADER + ",points", "column points stands twice"),
        ("", "are missing"),
    ],
)
def test_a_header_at_fault_is_told(store: Store, tmp_path: Path, header: str, what: str):
    error = fault(store, tmp_path, header=header)
    assert what in error.what
    assert error.where.endswith(":1")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "are missing"),
        (HEADER.encode() + b"\nada.ipynb,q1_1,access,1,\xfcber,\n", "not UTF-8"),
        (HEADER.encode() + b'\nada.ipynb,q1_1,access,1,"open,\n', "not CSV"),
        (b"PK\x03\x04workbook", "workbook"),
        (HEADER.encode() + b'\nada.ipynb,q1_1,access,1,"' + b"x" * 1_100_000 + b'",', "not CSV"),
    ],
)
def test_a_file_that_is_no_sheet_is_told(store: Store, tmp_path: Path, content: bytes, what: str):
    path = tmp_path / "marks.csv"
    path.write_bytes(content)
    with pytest.raises(MarksError, match=what) as error:
        read_marks(store, path)
    assert error.value.remedy


def test_a_missing_file_is_told(store: Store, tmp_path: Path):
    with pytest.raises(MarksError, match="can't be read"):
        read_marks(store, tmp_path / "nothing.csv")
