"""What an instructor should look at in a submission."""

from __future__ import annotations

from autograder.report import words
from autograder.report.clean import line, text
from autograder.results import Ending
from autograder.store import SubmissionRecord


def remarks(record: SubmissionRecord) -> tuple[str, ...]:
    """What an instructor should look at: flags, our own faults, answers changed since marked."""
    result = record.result
    found = [text(result.note, 1000)] if result.note and result.status is not Ending.GRADED else []
    for flag in result.flags:
        about = f"{line(flag.question)}: " if flag.question else ""
        found.append(f"{about}{text(flag.text, 1000)}")
    found += [
        f"{question.id}: {words.STATUS[question.status]}: {text(question.note, 1000)}"
        for question in result.questions
        if question.status is Ending.GRADER_ERROR
    ]
    found += [
        f"{question}: the answer has changed since it was marked"
        for question in record.changed_since_marked
    ]
    return tuple(found)
