"""The store: results and marks, written in single transactions and read back as plain data."""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update
from sqlalchemy.orm import Session, selectinload

from autograder.assignment.models import Assignment, Rubrics
from autograder.errors import StoreError
from autograder.results import Ending, SubmissionResult
from autograder.store import mapping, tables
from autograder.store.engine import FILE_NAME, WRITING, connect
from autograder.store.marking import append_mark
from autograder.store.records import AssignmentRecord, Graded, Mark, NewMark, SubmissionRecord

CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that a code is no word; no digits, so that a spreadsheet makes no number of it."""

_EVERYTHING = (
    selectinload(tables.SubmissionRow.questions).selectinload(tables.QuestionResultRow.verdicts),
    selectinload(tables.SubmissionRow.flags),
    selectinload(tables.SubmissionRow.marks),
)


class Store:
    """The gradebook database of one assignment and one class."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**WRITING)

    @property
    def where(self) -> str:
        """File or URL, without a password."""
        url = self._engine.url
        return url.database or url.render_as_string(hide_password=True)

    def save_assignment(self, assignment: Assignment, rubrics: Rubrics, build_hash: str) -> None:
        """Keep what reports need of the assignment; replaces an earlier snapshot of it.

        Raises StoreError where the store holds another assignment's grades.
        """
        with Session(self._writer) as session, session.begin():
            row = session.scalars(select(tables.AssignmentRow)).first()
            if row is not None and row.name != assignment.name:
                raise StoreError(
                    f"this store holds the grades of {row.name}, not of {assignment.name}",
                    where=self.where,
                    remedy="Name another folder with --out, or another --store.",
                )
            session.execute(delete(tables.QuestionRow))
            session.add_all(mapping.question_rows(assignment, rubrics))
            session.merge(
                tables.AssignmentRow(
                    name=assignment.name,
                    title=mapping.storable(assignment.title),
                    course=mapping.storable(assignment.course),
                    deadline=assignment.deadline.isoformat(),
                    late_policy=mapping.storable(assignment.late_policy),
                    build_hash=build_hash,
                )
            )

    def assignment(self) -> AssignmentRecord:
        """The assignment as it was when last graded. Raises StoreError where nothing was graded."""
        with Session(self._engine) as session:
            row = session.scalars(select(tables.AssignmentRow)).first()
            if row is None:
                raise StoreError(
                    "nothing was graded into this store yet",
                    where=self.where,
                    remedy="Run `autograder grade NAME DIR --out OUT`.",
                )
            questions = session.scalars(
                select(tables.QuestionRow)
                .order_by(tables.QuestionRow.position)
                .options(selectinload(tables.QuestionRow.rubric))
            )
            return mapping.assignment_record(row, list(questions))

    def record(self, result: SubmissionResult) -> None:
        """Keep a result, whole or not at all.

        It replaces an earlier result of the same submission; that one's marks and code stay.
        """
        row, question = tables.SubmissionRow, tables.QuestionResultRow
        path = mapping.storable(result.submission)
        values = mapping.submission_values(result)
        values["graded_at"] = datetime.now(UTC).isoformat(timespec="microseconds")
        # Statements in place of objects: a class is graded no faster than its results are kept.
        with self._writer.begin() as connection:
            id = connection.scalar(select(row.id).where(_is_at(path)))
            if id is None:
                new = insert(row).values(submission=path, code=_new_code(connection), **values)
                id = connection.execute(new.returning(row.id)).scalar_one()
            else:
                for table in (question, tables.FlagRow):
                    connection.execute(delete(table).where(table.submission_id == id))
                connection.execute(update(row).where(row.id == id).values(**values))
            if result.questions:
                ids = connection.scalars(
                    insert(question).returning(question.id, sort_by_parameter_order=True),
                    mapping.question_values(id, result),
                ).all()
                if verdicts := mapping.verdict_values(ids, result):
                    connection.execute(insert(tables.VerdictRow), verdicts)
            if flags := mapping.flag_values(id, result):
                connection.execute(insert(tables.FlagRow), flags)

    def graded(self) -> list[Graded]:
        """What was graded, by path, in short: two light queries, whatever the class's size."""
        row, question = tables.SubmissionRow, tables.QuestionResultRow
        hashes: dict[int, dict[str, str]] = defaultdict(dict)
        spoilt: set[int] = set()
        with self._engine.begin() as connection:
            for id, name, status, build in connection.execute(
                select(
                    question.submission_id, question.question, question.status, question.build_hash
                )
            ):
                hashes[id][name] = build
                if status == Ending.GRADER_ERROR:
                    spoilt.add(id)
            return [
                Graded(
                    path,
                    Ending(status),
                    content,
                    build,
                    hashes[id],
                    late,
                    id in spoilt or status == Ending.GRADER_ERROR,
                )
                for id, path, status, content, build, late in connection.execute(
                    select(
                        row.id,
                        row.submission,
                        row.status,
                        row.content_hash,
                        row.build_hash,
                        row.late_days,
                    ).order_by(row.submission)
                )
            ]

    def revision(self) -> str:
        """Changes whenever a result, a mark or the assignment does."""
        row = tables.SubmissionRow
        digest = hashlib.sha256(repr(self.assignment()).encode())
        with self._engine.begin() as connection:
            for table, columns in (
                (row, (row.submission, row.graded_at, row.late_days)),
                (tables.MarkRow, (tables.MarkRow.id,)),
            ):
                for values in connection.execute(select(*columns).order_by(table.id)):
                    digest.update(repr(tuple(values)).encode())
        return digest.hexdigest()

    def submission(self, path: str) -> SubmissionRecord | None:
        """One submission, if it is there."""
        with Session(self._engine) as session:
            row = session.scalars(
                select(tables.SubmissionRow)
                .where(_is_at(mapping.storable(path)))
                .options(*_EVERYTHING)
            ).one_or_none()
            return mapping.submission_record(row) if row else None

    def submissions(self) -> Iterator[SubmissionRecord]:
        """All submissions by path, a few in memory at a time, as of one moment."""
        with Session(self._engine) as session:
            rows = session.scalars(
                select(tables.SubmissionRow)
                .order_by(tables.SubmissionRow.submission)
                .options(*_EVERYTHING)
                .execution_options(yield_per=50)
            )
            for row in rows:
                yield mapping.submission_record(row)

    def add_marks(self, marks: Iterable[NewMark], at: datetime | None = None) -> list[Mark]:
        """Append the decisions that say something new, all or none, and return them.

        A decision equal to the one that stands (points, comment, marker, of the same answer) adds
        nothing.
        Raises StoreError for a submission or question without a result.
        """
        moment = at.astimezone(UTC).isoformat(timespec="seconds") if at else _now()
        with Session(self._writer) as session, session.begin():
            return [
                mapping.mark_record(row, mark.submission)
                for mark in marks
                if (row := append_mark(session, mark, moment)) is not None
            ]

    def mark_history(self, path: str) -> tuple[Mark, ...]:
        """All marks that a submission ever had, first to last."""
        with Session(self._engine) as session:
            row = session.scalars(
                select(tables.SubmissionRow)
                .where(_is_at(mapping.storable(path)))
                .options(selectinload(tables.SubmissionRow.marks))
            ).one_or_none()
            marks = row.marks if row else []
            return tuple(mapping.mark_record(mark, path) for mark in marks)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(out: Path, url: str | None = None, *, create: bool = False) -> Store:
    """The store of a folder of results: its SQLite file, or the database that ``url`` names.

    ``url`` is a URL of SQLAlchemy, or the path of an SQLite file. With ``create`` a missing store
    is made. Raises StoreError where there is none, or something else.
    """
    if url is None:
        return Store(connect(out / FILE_NAME, create=create))
    return Store(connect(url if "://" in url else Path(url), create=create))


def _is_at(path: str) -> ColumnElement[bool]:
    return tables.SubmissionRow.submission == path


def _new_code(connection: Connection) -> str:
    while True:
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(6))
        taken = select(tables.SubmissionRow.id).where(tables.SubmissionRow.code == code)
        if connection.scalar(taken) is None:
            return code


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
