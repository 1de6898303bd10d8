"""Results and marks in a real SQLite file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.errors import StoreError
from autograder.results import Ending
from autograder.store import NewMark, open_store
from tests.report.classroom import ADA, ASSIGNMENT, BEN, BROKEN, EVERYBODY, RUBRICS, store_of

ROOT = Path(__file__).resolve().parents[2]


def test_a_result_comes_back_as_it_was_recorded(tmp_path: Path):
    with store_of(tmp_path, *EVERYBODY) as store:
        assert [record.result for record in store.submissions()] == list(EVERYBODY)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
@given(name=st.text(), note=st.text(), answer=st.text())
def test_any_text_can_be_recorded(tmp_path: Path, name: str, note: str, answer: str):
    questions = (replace(ADA.questions[0], answer=answer), *ADA.questions[1:])
    with store_of(tmp_path) as store:
        store.record(replace(ADA, name=name, note=note, questions=questions))
        result = store.submission("ada.ipynb").result

    assert result.name == name.replace("\0", "")
    assert result.note == note.replace("\0", "")
    assert result.questions[0].answer == answer.replace("\0", "")


def test_a_file_name_that_is_not_utf_8_can_be_recorded(tmp_path: Path):
    path = os.fsdecode(b"r\xe9sum\xe9.ipynb")
    with store_of(tmp_path, replace(ADA, submission=path)) as store:
        assert store.submission(path).result.name == "Ada Lovelace"


def test_a_new_result_replaces_the_old_and_keeps_marks_and_code(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        before = store.submission("ada.ipynb")
        store.add_marks([NewMark("ada.ipynb", "q1_1", "access", 1, "good", "Tina")])
        store.record(replace(BEN, submission="ada.ipynb"))
        after = store.submission("ada.ipynb")

    assert after.result == replace(BEN, submission="ada.ipynb")
    assert after.code == before.code
    assert [(mark.points, mark.comment, mark.marker) for mark in after.marks] == [
        (1, "good", "Tina")
    ]


def test_nothing_of_a_replaced_result_is_left_behind(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        store.record(replace(BROKEN, submission="ada.ipynb"))

    with sqlite3.connect(tmp_path / "grades.sqlite") as database:
        for table in ("question_results", "verdicts", "flags"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_changed_answer_is_told_after_it_was_marked(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        store.add_marks([NewMark("ada.ipynb", "q1_1", "*", 2)])
        assert store.submission("ada.ipynb").changed_since_marked == ()

        rewritten = replace(ADA.questions[0], answer="Something else.")
        store.record(replace(ADA, questions=(rewritten, *ADA.questions[1:])))
        assert store.submission("ada.ipynb").changed_since_marked == ("q1_1",)

        store.add_marks([NewMark("ada.ipynb", "q1_1", "*", 2)])
        assert store.submission("ada.ipynb").changed_since_marked == ()


def test_the_same_mark_again_adds_nothing_and_another_one_appends(tmp_path: Path):
    mark = NewMark("ada.ipynb", "q1_1", "access", 1, "good", "Tina")
    with store_of(tmp_path, ADA) as store:
        [first] = store.add_marks([mark])
        assert store.add_marks([mark]) == []
        [second] = store.add_marks([replace(mark, points=0.5, marker="Tom")])
        history = store.mark_history("ada.ipynb")
        standing = store.submission("ada.ipynb").marks

    assert (first.before, second.before) == (None, first.id)
    assert history == (first, second)
    assert standing == (second,)
    assert (history[0].points, history[0].marker) == (1, "Tina")


def test_what_a_mark_leaves_empty_stays_as_it_was(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        mark = NewMark("ada.ipynb", "q1_1", "access", 1, "good", "Tina")
        store.add_marks([mark])
        [commented] = store.add_marks([replace(mark, points=None, comment="very good")])
        [repriced] = store.add_marks([replace(mark, points=0.5, comment="")])

    assert (commented.points, commented.comment) == (1, "very good")
    assert (repriced.points, repriced.comment) == (0.5, "very good")


def test_a_withdrawn_mark_decides_nothing_and_stays_in_the_history(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        mark = NewMark("ada.ipynb", "q1_1", "access", 1, "good", "Tina")
        store.add_marks([mark])
        [withdrawn] = store.add_marks([replace(mark, points=None, comment="", withdrawn=True)])
        assert store.add_marks([replace(mark, points=None, comment="", withdrawn=True)]) == []
        history = store.mark_history("ada.ipynb")

    assert (withdrawn.points, withdrawn.comment) == (None, "")
    assert [mark.points for mark in history] == [1, None]


def test_marks_are_added_all_or_none(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        good = NewMark("ada.ipynb", "q1_1", "access", 1)
        with pytest.raises(StoreError, match="nobody"):
            store.add_marks([good, NewMark("nobody.ipynb", "q1_1", "access", 1)])
        assert store.mark_history("ada.ipynb") == ()


def test_codes_say_nothing_of_the_path_and_never_repeat(tmp_path: Path):
    results = [replace(BROKEN, submission=f"{number}.ipynb") for number in range(60)]
    with store_of(tmp_path, *results) as store:
        codes = [record.code for record in store.submissions()]

    assert len(set(codes)) == 60
    assert all(code.isalpha() and len(code) == 6 for code in codes)


def test_what_was_graded_is_told_in_short(tmp_path: Path):
    question = replace(ADA.questions[0], build_hash="q1")
    ada = replace(ADA, questions=(question,), late_days=1.5)
    with store_of(tmp_path, ada, BROKEN) as store:
        found = {it.submission: it for it in store.graded()}

    assert set(found) == {ADA.submission, BROKEN.submission}
    known = found[ADA.submission]
    assert (known.content_hash, known.build_hash, known.late_days) == ("c-ada", "b1", 1.5)
    assert known.question_hashes == {question.id: "q1"}
    assert (known.status, known.spoilt) == (ADA.status, False)
    assert found[BROKEN.submission].status is Ending.UNREADABLE


def test_a_revision_changes_with_results_marks_and_the_assignment(tmp_path: Path):
    with store_of(tmp_path, ADA) as store:
        first = store.revision()
        assert store.revision() == first
        store.record(ADA)
        second = store.revision()
        store.add_marks([NewMark(ADA.submission, "q1_1", "*", 1.0)])
        assert len({first, second, store.revision()}) == 3


def test_what_our_own_fault_spoilt_is_marked(tmp_path: Path):
    spoilt = replace(ADA.questions[4], status=Ending.GRADER_ERROR)
    in_a_question = replace(ADA, content_hash="question", questions=(spoilt,))
    as_a_whole = replace(
        ADA, submission="b", content_hash="whole", questions=(), status=Ending.GRADER_ERROR
    )
    with store_of(tmp_path, in_a_question, as_a_whole) as store:
        assert [it.spoilt for it in store.graded()] == [True, True]


def test_the_assignment_is_kept_as_it_was_last_graded(tmp_path: Path):
    with store_of(tmp_path) as store:
        store.save_assignment(
            ASSIGNMENT.model_copy(update={"questions": ASSIGNMENT.questions[:4]}), RUBRICS, "b2"
        )
        assignment = store.assignment()

    assert [question.id for question in assignment.questions] == ["q1_1", "q1_2", "q1_4", "q2_1"]
    assert assignment.max_score == 13
    assert assignment.build_hash == "b2"
    assert assignment.deadline == ASSIGNMENT.deadline
    assert assignment.question("q1_1").rubric == RUBRICS.rubrics["q1_1"].items
    assert assignment.question("q1_1").reference == RUBRICS.rubrics["q1_1"].reference


def test_another_assignment_is_refused(tmp_path: Path):
    other = ASSIGNMENT.model_copy(update={"name": "a04-lstm"})
    with store_of(tmp_path) as store:
        with pytest.raises(StoreError, match="a07-attention, not of a04-lstm"):
            store.save_assignment(other, RUBRICS, "b1")
        assert store.assignment().name == "a07-attention"


def test_an_empty_store_says_that_nothing_was_graded(tmp_path: Path):
    with open_store(tmp_path, create=True) as store, pytest.raises(StoreError, match="nothing"):
        store.assignment()


def test_reading_goes_on_while_another_writes(tmp_path: Path):
    with store_of(tmp_path, ADA, BEN) as store, open_store(tmp_path) as other:
        records = store.submissions()
        first = next(records)
        other.record(replace(BROKEN, submission="ben.zip"))
        second = next(records)

        assert (first.result, second.result) == (ADA, BEN)
        assert store.submission("ben.zip").result.status is Ending.UNREADABLE


WRITER = """
    import sys
    from dataclasses import replace
    from pathlib import Path
    from autograder.store import NewMark
    from tests.report.classroom import ADA, store_of

    store = store_of(Path(sys.argv[1]))
    print("ready", flush=True)
    number = 0
    while True:
        number += 1
        store.record(replace(ADA, submission=f"{number % 20}.ipynb", name=f"run {number}"))
        store.add_marks([
            NewMark(f"{number % 20}.ipynb", "q1_1", item, number % 2 / 2, f"run {number}")
            for item in ("bottleneck", "access")
        ])
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_whole_results_only(tmp_path: Path):
    for attempt in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(0.15 + 0.057 * attempt)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()

        with open_store(tmp_path) as store:
            records = list(store.submissions())
            assert records
            for record in records:
                name = record.result.name
                assert record.result == replace(ADA, submission=record.submission, name=name)
                # Of the two marks of one call, both are there or neither.
                comments = [mark.comment for mark in record.marks]
                assert len(comments) in (0, 2)
                assert len(set(comments)) <= 1
        with sqlite3.connect(tmp_path / "grades.sqlite") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []
