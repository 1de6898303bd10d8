"""Points, totals and question ids by otter's own rules."""

from __future__ import annotations

from pathlib import Path

from autograder.bundle.foreign.assignment import assignment_of, question_ids
from autograder.bundle.foreign.model import OtterBundle, OtterCase, OtterTest, totals


def case(points: float, hidden: bool = False) -> OtterCase:
    return OtterCase("c", hidden, points)


def test_all_or_nothing_gives_no_part_of_the_points():
    some = OtterTest("q1", "q1", (case(1), case(2)), all_or_nothing=True)
    assert some.scored([True, False], ["", ""]).score == 0
    assert some.scored([True, True], ["", ""]).score == 3


def test_points_possible_scales_the_total_and_not_the_questions():
    test = OtterTest("q1", "q1", (case(1), case(3, hidden=True)))
    results = totals([test.scored([True, False], ["", "bad"])], {"points_possible": 20})
    assert results["score"] == 5
    assert [it["score"] for it in results["tests"] if "score" in it] == [1]


def test_hidden_outcomes_are_not_in_what_students_see():
    test = OtterTest("q1", "q1", (case(1), case(3, hidden=True)))
    results = totals([test.scored([True, False], ["", "SECRET"])], {})
    visible = [it for it in results["tests"] if it["visibility"] == "visible"]
    assert "SECRET" not in str(visible)


def test_two_tests_of_one_name_are_two_questions():
    tests = (OtterTest("a", "q1", (case(1),)), OtterTest("b", "q1", (case(1),)))
    assert question_ids(tests) == ("q1 (a)", "q1 (b)")


def test_an_assignment_takes_ids_and_points_that_a_master_may_not_have():
    tests = (OtterTest("warm up", "warm up", (case(0),)),)
    bundle = OtterBundle(Path("hw 01-autograder_2026_01_02T03_04_05_6.zip"), "", {})
    assignment = assignment_of(bundle, tests, {}, 10)
    assert assignment.title == "hw 01"
    assert assignment.name == "hw-01"
    assert assignment.questions[0].id == "warm up"
