"""The tables of the gradebook database.

Everything that a report needs is in them: a folder of results stands without its assignment.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import JSON, Double, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

FORMAT = 2
"""The version of these tables; a store of another version is refused, never guessed at."""


class Base(DeclarativeBase):
    """All tables of a store."""

    # Double, because Float is single precision on PostgreSQL.
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        float: Double(),
        dict[str, Any]: JSON(),
    }


class FormatRow(Base):
    """One row: which version of these tables the database holds."""

    __tablename__ = "autograder_format"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class AssignmentRow(Base):
    """One row: the assignment as it was when last graded."""

    __tablename__ = "assignment"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    title: Mapped[str]
    course: Mapped[str]
    deadline: Mapped[str]
    """ISO 8601 with its time zone."""
    late_policy: Mapped[str]
    build_hash: Mapped[str]


class QuestionRow(Base):
    """A question with its points, and what its markers go by."""

    __tablename__ = "questions"

    id: Mapped[str] = mapped_column(String(50), primary_key=True)
    position: Mapped[int]
    title: Mapped[str]
    kind: Mapped[str]
    auto: Mapped[float]
    manual: Mapped[float]
    reference: Mapped[str]
    rubric: Mapped[list[RubricItemRow]] = relationship(
        order_by="RubricItemRow.position", cascade="all, delete-orphan", passive_deletes=True
    )


class RubricItemRow(Base):
    """One thing that a marker looks for."""

    __tablename__ = "rubric_items"

    question: Mapped[str] = mapped_column(
        ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    position: Mapped[int]
    text: Mapped[str]
    points: Mapped[float]
    look_for: Mapped[str]


class SubmissionRow(Base):
    """A submission and the result of its latest grading."""

    __tablename__ = "submissions"
    __table_args__ = (Index("submissions_by_content", "content_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    """Stands for the submission where a marker must not see whose it is."""
    student_id: Mapped[str]
    name: Mapped[str]
    status: Mapped[str] = mapped_column(String(30))
    wall: Mapped[str] = mapped_column(String(30))
    note: Mapped[str]
    late_days: Mapped[float | None]
    content_hash: Mapped[str] = mapped_column(String(128))
    build_hash: Mapped[str] = mapped_column(String(128))
    seconds: Mapped[float]
    student_seconds: Mapped[float]
    peak_memory_mb: Mapped[float]
    timings: Mapped[dict[str, Any]]
    graded_at: Mapped[str]
    """ISO 8601, UTC, to the microsecond: a new grading has a new moment."""
    questions: Mapped[list[QuestionResultRow]] = relationship(
        order_by="QuestionResultRow.position", cascade="all, delete-orphan", passive_deletes=True
    )
    flags: Mapped[list[FlagRow]] = relationship(
        order_by="FlagRow.position", cascade="all, delete-orphan", passive_deletes=True
    )
    marks: Mapped[list[MarkRow]] = relationship(order_by="MarkRow.id", viewonly=True)


class QuestionResultRow(Base):
    """What grading says of one question of one submission."""

    __tablename__ = "question_results"
    __table_args__ = (UniqueConstraint("submission_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id", ondelete="CASCADE"))
    position: Mapped[int]
    question: Mapped[str] = mapped_column(String(50))
    kind: Mapped[str] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(30))
    auto_score: Mapped[float]
    auto_max: Mapped[float]
    manual_max: Mapped[float]
    answer: Mapped[str]
    note: Mapped[str]
    build_hash: Mapped[str] = mapped_column(String(128))
    verdicts: Mapped[list[VerdictRow]] = relationship(
        order_by="VerdictRow.position", cascade="all, delete-orphan", passive_deletes=True
    )


class VerdictRow(Base):
    """The outcome of one check, or of one row of a quiz item."""

    __tablename__ = "verdicts"

    id: Mapped[int] = mapped_column(primary_key=True)
    question_result_id: Mapped[int] = mapped_column(
        ForeignKey("question_results.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    name: Mapped[str]
    title: Mapped[str]
    points: Mapped[float]
    max_points: Mapped[float]
    passed: Mapped[bool]
    hidden: Mapped[bool]
    message: Mapped[str]
    hint: Mapped[str]
    seconds: Mapped[float]
    stand_in: Mapped[bool]


class FlagRow(Base):
    """Something that the instructor should look at."""

    __tablename__ = "flags"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(
        ForeignKey("submissions.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    question: Mapped[str]
    text: Mapped[str]


class MarkRow(Base):
    """One decision of a marker: an event, which is never changed and never deleted.

    Of a submission, question and item, the latest one stands.
    """

    __tablename__ = "marks"
    __table_args__ = (Index("marks_by_answer", "submission_id", "question", "item"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    question: Mapped[str] = mapped_column(String(50))
    item: Mapped[str] = mapped_column(String(200))
    points: Mapped[float | None]
    comment: Mapped[str]
    marker: Mapped[str]
    at: Mapped[str]
    """ISO 8601, UTC."""
    answer_hash: Mapped[str] = mapped_column(String(64))
    """Of the answer that was marked: tells whether the student has changed it since."""
    before: Mapped[int | None] = mapped_column(ForeignKey("marks.id"))
    """The mark that stood until this one."""
