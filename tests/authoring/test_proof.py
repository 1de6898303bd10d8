"""What a proof makes of results: pure data, so every fault is tried here."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from autograder.authoring.entries import Entry, Sort
from autograder.authoring.leaks import Leak
from autograder.authoring.proof import Proof, QuestionHead, row_of, tallies
from autograder.report.proof_json import proof_json
from autograder.report.proof_page import proof_html
from autograder.report.proof_table import proof_table
from autograder.results import (
    Ending,
    Evidence,
    Failure,
    Fault,
    QuestionResult,
    Redrawn,
    SubmissionResult,
    Verdict,
)

RIGHT = Entry("fine", Sort.RIGHT, "Another way.", {})
WRONG = Entry("slip", Sort.WRONG, "A slip.", {}, expected="q1_1")


def verdict(name: str, passed: bool, *, hidden: bool = True, stand_in: bool = False) -> Verdict:
    return Verdict(name, "Title", float(passed), 1.0, passed, hidden, stand_in=stand_in)


def result(
    first: tuple[Verdict, ...], second: tuple[Verdict, ...] = (), note: str = ""
) -> SubmissionResult:
    second = second or (verdict("test_b", True),)
    questions = tuple(
        QuestionResult(
            id, "code", Ending.GRADED, sum(v.points for v in checks), len(checks), 0, checks
        )
        for id, checks in (("q1_1", first), ("q1_2", second))
    )
    questions = (replace(questions[0], note=note), questions[1])
    evidence = Evidence((), ())
    return SubmissionResult("x", "1", "N", Ending.GRADED, "none", questions, evidence=evidence)


def with_evidence(
    of: SubmissionResult, *redrawn: Redrawn, failures: tuple[Failure, ...] = ()
) -> SubmissionResult:
    return replace(of, evidence=Evidence(failures, redrawn))


CAUGHT = result((verdict("test_a", False),))
PASSED = result((verdict("test_a", True),))


def test_wrong_solution_that_loses_points_at_its_question_alone_is_as_it_must_be() -> None:
    helped = result((verdict("test_a", False),), (verdict("test_b", True, stand_in=True),))
    row = row_of(WRONG, helped)
    assert row.faults == ()
    assert row.caught
    assert row.caught_by == {"q1_1": ("test_a",)}
    assert row.stand_ins == {"q1_2": ("test_b",)}


def test_wrong_solution_that_passes_is_a_fault() -> None:
    row = row_of(WRONG, PASSED)
    assert row.faults == ("q1_1 does not catch it",)
    assert not row.caught


def test_points_lost_elsewhere_are_a_fault() -> None:
    row = row_of(WRONG, result((verdict("test_a", False),), (verdict("test_b", False),)))
    assert row.faults == ("q1_2 takes 1 points for it, by test_b",)


def test_wrong_solution_that_escapes_with_some_seeds_is_a_fault() -> None:
    some = Redrawn("q1_1", "test_a", failed=(2, 3), passed=(4, 5))
    last = Redrawn("q1_1", "test_c", failed=(4,), passed=(5,))
    first = result((verdict("test_a", False), verdict("test_c", False)))
    row = row_of(WRONG, with_evidence(first, some, last))
    assert row.missed == (5,)
    assert row.faults == ("q1_1 does not catch it with the seeds 5",)


def test_right_solution_that_loses_points_is_a_fault_that_names_the_check() -> None:
    row = row_of(RIGHT, CAUGHT)
    assert row.faults == ("q1_1: a right solution fails test_a",)


def test_right_solution_that_fails_with_another_seed_is_a_fault() -> None:
    redrawn = Redrawn("q1_1", "test_a", failed=(7,), passed=(8, 9))
    row = row_of(RIGHT, with_evidence(PASSED, redrawn))
    assert row.faults == ("q1_1: test_a fails with 1 of 3 other seeds (7)",)


def test_right_solution_whose_cell_raises_is_a_fault() -> None:
    row = row_of(RIGHT, result((verdict("test_a", True),), note="Cell 3 raised KeyError"))
    assert row.faults == ("q1_1: Cell 3 raised KeyError",)


@pytest.mark.parametrize(
    ("bug", "fault", "expected"),
    [
        ("value", Fault.VALUE, ""),
        ("value", Fault.RAISED, "it raises, which is not its bug: see test_a"),
        ("value", Fault.ENDED, "it raises, which is not its bug: see test_a"),
        ("value", Fault.FORM, "it returns another shape or type"),
        ("raises", Fault.RAISED, ""),
        ("raises", Fault.VALUE, "its bug is to raise, and nothing saw it raise"),
        ("shape", Fault.FORM, ""),
        ("shape", Fault.VALUE, "its bug is a shape or type, and no check saw one"),
    ],
)
def test_wrong_solution_must_fail_in_the_way_that_it_declares(
    bug: str, fault: Fault, expected: str
) -> None:
    failure = Failure("q1_1", "test_a", fault, stand_in=False)
    entry = replace(WRONG, bug=bug)
    row = row_of(entry, with_evidence(CAUGHT, failures=(failure,)))
    assert len(row.faults) == bool(expected)
    assert all(found.startswith(expected) for found in row.faults)


def test_wrong_solution_whose_cell_raises_is_a_fault() -> None:
    row = row_of(WRONG, result((verdict("test_a", False),), note="Cell 3 raised KeyError"))
    assert row.faults == ("a cell raises, which is not its bug: Cell 3 raised KeyError",)


def test_solution_that_was_not_graded_is_a_fault() -> None:
    failed = replace(PASSED, status=Ending.GRADER_ERROR, note="The grader failed: why")
    assert row_of(RIGHT, failed).faults == (
        "it was not graded: grader_error. The grader failed: why",
    )


def test_catch_by_public_checks_alone_is_a_remark() -> None:
    row = row_of(WRONG, result((verdict("test_p", False, hidden=False), verdict("test_h", True))))
    assert row.faults == ()
    assert row.remarks == ("only public checks catch it, and those can be answered by heart",)


def test_check_that_catches_nothing_that_another_does_not_is_found() -> None:
    both = result((verdict("test_a", False), verdict("test_c", False)))
    only_a = result((verdict("test_a", False), verdict("test_c", True)))
    entries = [(WRONG, both), (replace(WRONG, name="other"), only_a)]
    found = {it.check: (it.catches, it.alone) for it in tallies(entries)}
    assert found == {"test_a": (2, 1), "test_c": (1, 0), "test_b": (0, 0)}


def test_public_checks_are_not_compared_with_hidden_ones() -> None:
    both = result((verdict("test_p", False, hidden=False), verdict("test_h", False)))
    found = {it.check: it.alone for it in tallies([(WRONG, both)])}
    assert (found["test_p"], found["test_h"]) == (1, 1)


def proof(*rows: tuple[Entry, SubmissionResult], leaks: tuple[Leak, ...] = ()) -> Proof:
    return Proof(
        name="tiny",
        title="Tiny <b>",
        questions=(QuestionHead("q1_1", "One", 1), QuestionHead("q1_2", "Two", 1)),
        rows=tuple(row_of(entry, it) for entry, it in rows),
        checks=tallies(rows),
        leaks=leaks,
        seeds=3,
        partial=False,
    )


def test_proof_holds_only_without_faults_and_leaks() -> None:
    leak = Leak("the seed", "a.txt", None, "123")
    assert proof((RIGHT, PASSED), (WRONG, CAUGHT)).holds
    assert not proof((RIGHT, CAUGHT)).holds
    assert not proof((RIGHT, PASSED), leaks=(leak,)).holds


def test_json_keeps_the_names_that_scripts_rely_on() -> None:
    import json

    record = json.loads(proof_json(proof((RIGHT, PASSED), (WRONG, CAUGHT))))
    (right,), (wrong,) = record["right"], record["wrong"]
    assert (right["name"], right["score"], right["max_score"]) == ("fine", 2, 2)
    assert wrong["name"] == "slip"
    assert wrong["expected"] == "q1_1"
    assert wrong["caught_by"] == {"q1_1": ["test_a"]}
    assert wrong["caught"] is True
    assert record["leaks"] == []
    assert [it["check"] for it in record["checks_that_catch_nothing"]] == ["test_b"]


def test_page_escapes_and_says_what_signs_mean() -> None:
    page = proof_html(proof((RIGHT, PASSED), (WRONG, PASSED)))
    assert "Tiny &lt;b&gt;" in page
    assert "Not proved" in page
    assert 'aria-hidden="true">missed</span><span class="unseen">not caught' in page


@pytest.mark.parametrize(
    ("seconds", "kept", "shown"),
    [
        (2.04, False, "2.0"),
        (99.9, False, "99.9"),
        (99.96, False, "100"),
        (1399.6, False, "1400"),
        (2.04, True, "kept"),
    ],
)
def test_seconds_fit_where_the_terminal_is_narrow(seconds: float, kept: bool, shown: str) -> None:
    row = row_of(RIGHT, replace(PASSED, seconds=seconds), kept=kept)
    console = Console(width=80, file=io.StringIO())
    console.print(proof_table(replace(proof((RIGHT, PASSED)), rows=(row,))))
    assert isinstance(console.file, io.StringIO)
    line = next(it for it in console.file.getvalue().splitlines() if it.startswith("fine"))
    assert line.split()[-1] == shown
