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
    row = tables.MarkRow(
        submission_id=submission_id,
        question=mark.question,
        item=mark.item,
        points=_points(mark, standing),
        comment=mapping.storable(mark.comment),
        marker=mapping.storable(mark.marker),
        at=moment,
        answer_hash=hash_of_answer(answer),
        before=standing.id if standing else None,
    )
    if _says(row) == (_says(standing) if standing else (None, "", "", "")):
        return None
    session.add(row)
    session.flush()
    return row


def _points(mark: NewMark, standing: tables.MarkRow | None) -> float | None:
    if mark.withdrawn:
        return None
    if mark.points is None and standing is not None:
        return standing.points
    return None if mark.points is None else float(mark.points)


def _says(mark: tables.MarkRow) -> tuple[float | None, str, str, str]:
    if mark.points is None and not mark.comment:
        return (None, "", "", "")  # Nothing is decided, whoever says so.
    return (mark.points, mark.comment, mark.marker, mark.answer_hash)
