"""Between the tables' rows and plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from autograder.assignment.models import Assignment, RubricItem, Rubrics
from autograder.results import Ending, Flag, QuestionResult, SubmissionResult, Verdict
from autograder.store import tables
from autograder.store.records import AssignmentRecord, Mark, QuestionRecord, SubmissionRecord


def storable(text: str) -> str:
    """Text that every database takes: no NUL, and no halves of surrogate pairs.

    A file name that is not UTF-8 reaches Python with such halves; each is written as ``\\udcff``.
    """
    return text.replace("\0", "").encode(errors="backslashreplace").decode()


def question_rows(assignment: Assignment, rubrics: Rubrics) -> list[tables.QuestionRow]:
    """The rows of an assignment's questions and their rubrics."""
    rows = []
    for position, question in enumerate(assignment.questions):
        rubric = rubrics.rubrics.get(question.id)
        row = tables.QuestionRow(
            id=question.id,
            position=position,
            title=storable(question.title),
            kind=str(question.kind),
            auto=question.auto,
            manual=question.manual,
            reference=storable(rubric.reference) if rubric else "",
        )
        row.rubric = [
            tables.RubricItemRow(
                id=item.id,
                position=place,
                text=storable(item.text),
                points=item.points,
                look_for=storable(item.look_for),
            )
            for place, item in enumerate(rubric.items if rubric else ())
        ]
        rows.append(row)
    return rows


def assignment_record(
    row: tables.AssignmentRow, questions: list[tables.QuestionRow]
) -> AssignmentRecord:
    """The assignment's rows as plain data."""
    return AssignmentRecord(
        name=row.name,
        title=row.title,
        course=row.course,
        deadline=datetime.fromisoformat(row.deadline),
        late_policy=row.late_policy,
        build_hash=row.build_hash,
        questions=tuple(
            QuestionRecord(
                id=question.id,
                title=question.title,
                kind=question.kind,
                auto=question.auto,
                manual=question.manual,
                reference=question.reference,
                rubric=tuple(
                    RubricItem(
                        id=item.id, text=item.text, points=item.points, look_for=item.look_for
                    )
                    for item in question.rubric
                ),
            )
            for question in questions
        ),
    )


def submission_values(result: SubmissionResult) -> dict[str, Any]:
    """The columns of a submission's row that a result fills."""
    return {
        "student_id": storable(result.student_id),
        "name": storable(result.name),
        "status": str(result.status),
        "wall": result.wall,
        "note": storable(result.note),
        "late_days": result.late_days,
        "content_hash": result.content_hash,
        "build_hash": result.build_hash,
        "seconds": result.seconds,
        "student_seconds": result.student_seconds,
        "peak_memory_mb": result.peak_memory_mb,
        "timings": dict(result.timings),
    }


def question_values(submission: int, result: SubmissionResult) -> list[dict[str, Any]]:
    """The rows of a result's questions; ``submission`` is the id of its own row."""
    return [
        {
            "submission_id": submission,
            "position": position,
            "question": question.id,
            "kind": str(question.kind),
            "status": str(question.status),
            "auto_score": question.auto_score,
            "auto_max": question.auto_max,
            "manual_max": question.manual_max,
            "answer": storable(question.answer),
            "note": storable(question.note),
            "build_hash": question.build_hash,
        }
        for position, question in enumerate(result.questions)
    ]


def verdict_values(ids: Sequence[int], result: SubmissionResult) -> list[dict[str, Any]]:
    """The rows of all checks of a result; ``ids`` are those of its questions' rows, in order."""
    return [
        {"question_result_id": id, "position": place, **_storable_fields(verdict)}
        for id, question in zip(ids, result.questions, strict=True)
        for place, verdict in enumerate(question.checks)
    ]


def flag_values(submission: int, result: SubmissionResult) -> list[dict[str, Any]]:
    """The rows of a result's flags."""
    return [
        {"submission_id": submission, "position": position, **_storable_fields(flag)}
        for position, flag in enumerate(result.flags)
    ]


def _storable_fields(item: Verdict | Flag) -> dict[str, Any]:
    return {
        field.name: storable(value) if isinstance(value, str) else value
        for field in dataclasses.fields(item)
        for value in (getattr(item, field.name),)
    }


def submission_result(row: tables.SubmissionRow) -> SubmissionResult:
    """A submission's rows as the result that grading gave."""
    return SubmissionResult(
        submission=row.submission,
        student_id=row.student_id,
        name=row.name,
        status=Ending(row.status),
        wall=row.wall,
        questions=tuple(_question_result(question) for question in row.questions),
        flags=tuple(Flag(flag.question, flag.text) for flag in row.flags),
        note=row.note,
        late_days=row.late_days,
        content_hash=row.content_hash,
        build_hash=row.build_hash,
        seconds=row.seconds,
        student_seconds=row.student_seconds,
        peak_memory_mb=row.peak_memory_mb,
        timings=dict(row.timings),
    )


def _question_result(row: tables.QuestionResultRow) -> QuestionResult:
    return QuestionResult(
        id=row.question,
        kind=row.kind,
        status=Ending(row.status),
        auto_score=row.auto_score,
        auto_max=row.auto_max,
        manual_max=row.manual_max,
        checks=tuple(
            Verdict(
                name=verdict.name,
                title=verdict.title,
                points=verdict.points,
                max_points=verdict.max_points,
                passed=verdict.passed,
                hidden=verdict.hidden,
                message=verdict.message,
                hint=verdict.hint,
                seconds=verdict.seconds,
                stand_in=verdict.stand_in,
            )
            for verdict in row.verdicts
        ),
        answer=row.answer,
        note=row.note,
        build_hash=row.build_hash,
    )


def mark_record(row: tables.MarkRow, submission: str) -> Mark:
    """A mark's row as plain data."""
    return Mark(
        id=row.id,
        submission=submission,
        question=row.question,
        item=row.item,
        points=row.points,
        comment=row.comment,
        marker=row.marker,
        at=datetime.fromisoformat(row.at),
        answer_hash=row.answer_hash,
        before=row.before,
    )


def submission_record(row: tables.SubmissionRow) -> SubmissionRecord:
    """A submission's rows as plain data, with the marks that stand."""
    standing = {(mark.question, mark.item): mark for mark in row.marks}
    return SubmissionRecord(
        result=submission_result(row),
        code=row.code,
        marks=tuple(mark_record(mark, row.submission) for mark in standing.values()),
    )
