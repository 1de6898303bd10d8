"""Between the tables' rows and plain data."""

from __future__ import annotations

import dataclasses
from datetime import datetime

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


def fill_submission(row: tables.SubmissionRow, result: SubmissionResult) -> None:
    """Write a result into its submission's row; rows below it are to be new."""
    row.student_id = storable(result.student_id)
    row.name = storable(result.name)
    row.status = str(result.status)
    row.wall = result.wall
    row.note = storable(result.note)
    row.late_days = result.late_days
    row.content_hash = result.content_hash
    row.build_hash = result.build_hash
    row.seconds = result.seconds
    row.student_seconds = result.student_seconds
    row.peak_memory_mb = result.peak_memory_mb
    row.timings = dict(result.timings)
    row.questions = [
        _question_result_row(position, question)
        for position, question in enumerate(result.questions)
    ]
    row.flags = [
        tables.FlagRow(
            position=position, question=storable(flag.question), text=storable(flag.text)
        )
        for position, flag in enumerate(result.flags)
    ]


def _question_result_row(position: int, question: QuestionResult) -> tables.QuestionResultRow:
    row = tables.QuestionResultRow(
        position=position,
        question=question.id,
        kind=str(question.kind),
        status=str(question.status),
        auto_score=question.auto_score,
        auto_max=question.auto_max,
        manual_max=question.manual_max,
        answer=storable(question.answer),
        note=storable(question.note),
        build_hash=question.build_hash,
    )
    row.verdicts = []
    for place, verdict in enumerate(question.checks):
        fields = dataclasses.asdict(verdict)
        texts = {name: storable(text) for name, text in fields.items() if isinstance(text, str)}
        row.verdicts.append(tables.VerdictRow(position=place, **fields | texts))
    return row


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
