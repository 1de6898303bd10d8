"""What the tests said, as students and the store get it."""

from __future__ import annotations

from otter.test_files.ok_test import run_doctest

from autograder.bundle.foreign.model import OtterCase, OtterTest
from autograder.bundle.foreign.verdicts import Claim, readable, verdicts

CASES = (OtterCase("a", False, 1, "Well done."), OtterCase("b", True, 2, "", "Think again."))


def test_a_doctests_report_has_the_failed_example_alone():
    _, message = run_doctest("q1 0", ">>> 1\n1\n>>> x + 1\n3\n>>> 5\n6\n", {"x": 1})
    assert readable(message).split("\n") == [
        "Failed example:",
        "    x + 1",
        "Expected:",
        "    3",
        "Got:",
        "    2",
        "",
        "Failed example:",
        "    5",
        "Expected:",
        "    6",
        "Got:",
        "    5",
        "",
    ]


def test_a_traceback_has_no_frame_of_doctest():
    _, message = run_doctest("q1 0", ">>> assert nothing\n", {})
    assert "doctest.py" not in readable(message)
    assert "NameError: name 'nothing' is not defined" in readable(message)


def test_own_messages_come_first_and_hidden_ones_not_at_all():
    test = OtterTest("q1", "q1", CASES)
    claim = Claim(((True, "✅ Test case passed"), (False, "❌ Test case failed\nSECRET")))
    public, hidden = verdicts(test, claim, show_hidden=False)
    assert (public.message, public.points) == ("Well done.", 1)
    assert (hidden.title, hidden.message, hidden.points) == ("Hidden test 2", "", 0)
    _, shown = verdicts(test, claim, show_hidden=True)
    assert (shown.title, shown.message) == ("b", "Think again.\n\nSECRET")


def test_all_or_nothing_leaves_no_points_on_the_cases():
    test = OtterTest("q1", "q1", CASES, all_or_nothing=True)
    claim = Claim(((True, ""), (False, "")))
    assert [it.points for it in verdicts(test, claim, show_hidden=False)] == [0, 0]


def test_without_an_outcome_every_case_has_failed():
    test = OtterTest("q1", "q1", CASES)
    assert [it.passed for it in verdicts(test, Claim(), show_hidden=False)] == [False, False]
