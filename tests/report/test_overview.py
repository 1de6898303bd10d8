"""The class at a glance: page, statistics, and tables on the terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

from rich.console import Console, RenderableType

from autograder.report import summary_table, write_views
from autograder.report.statistics import QuestionTally, spread
from autograder.report.tables import marks_table
from autograder.results import Flag, SubmissionResult
from autograder.store import NewMark, score_submission
from tests.report.classroom import ADA, BEN, BROKEN, EVERYBODY, store_of
from tests.report.page import Page, harmless


def overview(tmp_path: Path, *results: SubmissionResult) -> Page:
    with store_of(tmp_path, *results) as store:
        write_views(store, tmp_path)
    return Page((tmp_path / "index.html").read_text())


def printed(table: RenderableType) -> str:
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_the_page_lists_the_class_with_links_that_lead_somewhere(tmp_path: Path):
    odd = replace(ADA, submission="group A/Åse #1?.ipynb")
    page = overview(tmp_path, *EVERYBODY, odd)

    links = {
        attributes["href"] for tag, attributes in page.tags if tag == "a" and "href" in attributes
    }
    pages = {link for link in links if link.startswith("feedback/")}
    assert len(pages) == 5
    assert all((tmp_path / link).is_file() for link in pages)
    for words in ("Ada Lovelace", "not readable", "not graded: our fault", "our fault"):
        assert words in page.text


def test_the_page_shows_what_to_look_at(tmp_path: Path):
    page = overview(tmp_path, *EVERYBODY)
    assert "q3_6: accuracy on lightly perturbed reviews falls by 9 points" in page.text
    assert "q3_3: not graded: our fault: KeyError in our own code" in page.text
    assert "this is not a notebook" in page.text
    assert "ran behind: bubblewrap" in page.text


def test_a_class_graded_without_a_wall_says_so(tmp_path: Path):
    page = overview(tmp_path, replace(ADA, wall="none"))
    assert "student code ran unprotected" in page.text


def test_markup_on_the_page_is_only_text(tmp_path: Path):
    attack = "<script>alert(1)</script>"
    bad = replace(
        ADA,
        name=attack,
        student_id=attack,
        submission=attack,
        flags=(Flag(attack, attack),),
        note=attack,
    )
    harmless(overview(tmp_path, bad, replace(BROKEN, note=attack)))


def test_an_empty_class_has_a_page(tmp_path: Path):
    assert "Nothing was handed in." in overview(tmp_path).text


def test_scores_are_spread_over_ten_equal_parts():
    found = spread([0, 0.9, 5, 9.99, 10], 10)
    assert found.counts == (2, 0, 0, 0, 0, 1, 0, 0, 0, 2)
    assert (round(found.mean, 3), found.median) == (5.178, 5)
    assert spread([], 10) is None


def test_a_question_is_tallied_over_what_is_known(tmp_path: Path):
    with store_of(tmp_path, ADA, BEN) as store:
        store.add_marks([NewMark("ada.ipynb", "q1_1", "*", 2)])
        assignment = store.assignment()
        tallies = {asked.id: QuestionTally(asked) for asked in assignment.questions}
        for record in store.submissions():
            for score in score_submission(assignment, record).questions:
                tallies[score.result.id].add(score)

    assert (tallies["q1_1"].mean, tallies["q1_1"].waiting) == (2, 1)
    assert (tallies["q3_2"].mean, tallies["q3_2"].pass_rate) == (1.5, 0.5)
    # Our own fault counts for nobody.
    assert (tallies["q3_3"].scores, tallies["q2_1"].mean) == ([3], None)
    small = tallies["q3_2"].checks["test_small"]
    assert (small.passed, small.seen, small.rate) == (1, 2, 0.5)


def test_the_table_names_each_submission_with_its_points(tmp_path: Path):
    with store_of(tmp_path, *EVERYBODY) as store:
        lines = printed(summary_table(write_views(store, tmp_path))).splitlines()
    rows = [[cell.strip() for cell in re.split(" {2,}", line.strip())] for line in lines]

    assert ["ada.ipynb", "Ada Lovelace", "graded", "16", "9", "1"] in rows
    assert ["ben.zip", "Ben Müller", "graded", "3", "9", "1"] in rows
    assert ["broken.ipynb", "not readable", "–", "1"] in rows
    assert "2 graded" in lines[-1]
    assert "18 points to be marked" in lines[-1]


def test_markup_and_escapes_in_the_table_are_only_text(tmp_path: Path):
    bad = replace(ADA, submission="[red]a[/red].ipynb", name="\x1b[2J[bold]Ada\u202e")
    with store_of(tmp_path, bad) as store:
        text = printed(summary_table(write_views(store, tmp_path)))
    assert "[red]a[/red].ipynb" in text
    assert "[bold]Ada" in text
    assert "\x1b" not in text


def test_of_a_large_class_the_table_shows_what_to_look_at(tmp_path: Path):
    many = [replace(ADA, submission=f"{number}.ipynb", flags=()) for number in range(8)]
    with store_of(tmp_path, *many, BROKEN) as store:
        text = printed(summary_table(write_views(store, tmp_path), most_rows=5))
    assert "broken.ipynb" in text
    assert "3.ipynb" not in text
    assert "1 of 9 submissions shown" in text


def test_the_table_of_marks_says_what_was_marked_and_what_waits(tmp_path: Path):
    with store_of(tmp_path, ADA, BEN) as store:
        store.add_marks([NewMark("ada.ipynb", "q1_4", "*", 0)])
        added = store.add_marks(
            [NewMark("ada.ipynb", "q1_1", "*", 2), NewMark("ada.ipynb", "q1_4", "*", 1)]
        )
        lines = printed(marks_table(store, added)).splitlines()
    rows = {line.split()[0]: line.split() for line in lines}
    # New, marked and waiting; changed, marked and waiting.
    assert rows["q1_1"][-3:] == ["1", "1", "1"]
    assert rows["q1_4"][-3:] == ["1", "1", "1"]
    assert rows["q2_1"][-1] == "2"
