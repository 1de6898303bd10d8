"""Our results in otter's terms: one test file a question, one test case a check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from otter.test_files import TestCase
from otter.test_files.abstract_test import TestCaseResult
from otter.test_files.exception_test import ExceptionTestFile

from autograder.assignment.loading import QUIZ_KINDS
from autograder.results import Ending, QuestionResult, SubmissionResult, Verdict
from autograder.submission.text import one_line, readable

PASSED = "✅ Test case passed"
FAILED = "❌ Test case failed"

ENDINGS = {
    Ending.TIMED_OUT: "The time limit was reached.",
    Ending.OUT_OF_MEMORY: "The memory limit was reached.",
    Ending.CRASHED: "The Python process ended before its time.",
    Ending.TOO_MUCH_OUTPUT: "The notebook printed more than is allowed.",
    Ending.UNREADABLE: "This hand-in can't be graded.",
}


def fill_in(results: Any, result: SubmissionResult) -> None:
    """Replace the content of otter's GradingResults by ours.

    otter shows public cases to everyone and hidden ones to instructors; scores are exactly ours.
    """
    results.clear_results()
    for question in result.questions:
        if question.auto_max:
            results.results[question.id] = test_file_of(question, result)
    if result.note:
        results.set_output(readable(result.note))


def test_file_of(question: QuestionResult, result: SubmissionResult) -> Any:
    """One question as otter's result of one test file."""
    # Students may read this before the deadline, and of a quiz item even a tick tells the answer.
    quiz = question.kind in QUIZ_KINDS
    outcomes = [
        _outcome(replace(verdict, hidden=verdict.hidden or quiz)) for verdict in question.checks
    ]
    missing = question.auto_max - sum(verdict.max_points for verdict in question.checks)
    if missing > 1e-6:
        reason = result.note or ENDINGS.get(question.status, "It was not judged.")
        outcomes.append(_case("not judged", missing, False, False, reason))
    if question.note or question.status in ENDINGS:
        note = question.note or ENDINGS[question.status]
        outcomes.append(
            _case("what happened", 0, question.auto_score >= question.auto_max, False, note)
        )
    file = ExceptionTestFile(
        question.id,
        f"tests/{question.id}.py",
        [outcome.test_case for outcome in outcomes],
        all_or_nothing=False,
    )
    file.test_case_results = outcomes
    file.update_score(_plain(question.auto_score))
    return file


def report_of(result: SubmissionResult) -> str:
    """What the instructor reads: how it ended, behind which wall, and what to look at."""
    who = ", ".join(part for part in (result.name, result.student_id) if part) or "no name given"
    lines = [
        f"{one_line(result.submission, 200)} ({who}): {result.status.value}, "
        f"{result.auto_score:g} of {result.auto_max:g} automatic points",
        f"wall: {result.wall}; {result.seconds:.1f} s, of which student code "
        f"{result.student_seconds:.1f} s",
    ]
    if result.note:
        lines.append(result.note)
    lines += [f"look at {flag.question or 'the submission'}: {flag.text}" for flag in result.flags]
    return readable("\n".join(lines))


def _outcome(verdict: Verdict) -> Any:
    lines = [verdict.message]
    if 0 < verdict.points < verdict.max_points:
        lines.append(f"{verdict.points:g} of {verdict.max_points:g} points")
    if verdict.stand_in:
        lines.append("Judged with a stand-in for an earlier question.")
    if not verdict.passed and verdict.hint:
        lines.append(f"Hint: {verdict.hint}")
    text = "\n".join(line for line in lines if line)
    return _case(verdict.title, verdict.max_points, verdict.passed, verdict.hidden, text)


def _case(title: str, points: float, passed: bool, hidden: bool, text: str) -> Any:
    case = TestCase(
        name=title,
        body="",
        hidden=hidden,
        points=_plain(points),
        success_message=None,
        failure_message=None,
    )
    head = PASSED if passed else FAILED
    return TestCaseResult(case, f"{head}\n{readable(text)}".rstrip(), passed)


def _plain(points: float) -> float:
    """Whole points without a decimal point, as otter prints them."""
    return int(points) if points == int(points) else round(points, 6)
