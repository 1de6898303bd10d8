"""Appending marks: a decision becomes an event where it says something new."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from autograder.errors import StoreError
from autograder.store import mapping, tables
from autograder.store.records import NewMark, hash_of_answer


def append_mark(session: Session, mark: NewMark, moment: str) -> tables.MarkRow | None:
    """Append ``mark``, or return None where it says what stands already.

    Raises StoreError for a submission or question without a result.
    """
    path = mapping.storable(mark.submission)
    answers = session.execute(
        select(tables.SubmissionRow.id, tables.QuestionResultRow.answer)
        .join(tables.SubmissionRow.questions)
        .where(tables.SubmissionRow.submission == path)
        .where(tables.QuestionResultRow.question == mark.question)
    ).one_or_none()
    if answers is None:
        raise StoreError(
            f"there is no answer to {mark.question} of {path}",
            remedy="Mark submissions that were graded.",
        )
    submission_id, answer = answers
    standing = session.scalars(
        select(tables.MarkRow)
        .where(tables.MarkRow.submission_id == submission_id)
        .where(tables.MarkRow.question == mark.question)
        .where(tables.MarkRow.item == mark.item)
        .order_by(tables.MarkRow.id.desc())
        .limit(1)
    ).first()
    points, comment = _merged(mark, standing)
    row = tables.MarkRow(
        submission_id=submission_id,
        question=mark.question,
        item=mark.item,
        points=points,
        comment=comment,
        marker=mapping.storable(mark.marker),
        at=moment,
        answer_hash=hash_of_answer(answer),
        before=standing.id if standing else None,
    )
    if not _is_new(row, standing):
        return None
    session.add(row)
    session.flush()
    return row


def _merged(mark: NewMark, standing: tables.MarkRow | None) -> tuple[float | None, str]:
    """Points and comment; what the new decision leaves empty stays as it was."""
    if mark.withdrawn:
        return None, mapping.storable(mark.comment)
    points = mark.points if mark.points is not None or not standing else standing.points
    comment = mapping.storable(mark.comment) or (standing.comment if standing else "")
    return None if points is None else float(points), comment


def _is_new(row: tables.MarkRow, standing: tables.MarkRow | None) -> bool:
    if standing is None:
        return row.points is not None or bool(row.comment)
    if row.points is None and standing.points is None and row.comment == standing.comment:
        return False
    return (
        (row.points, row.comment, row.answer_hash)
        != (standing.points, standing.comment, standing.answer_hash)
    ) or (bool(row.marker) and row.marker != standing.marker)
