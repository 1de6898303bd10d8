"""Opening a database: where it is, how SQLite behaves, and whether it is one of ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from autograder.errors import StoreError
from autograder.store.tables import FORMAT, Base, FormatRow

FILE_NAME = "grades.sqlite"
"""The default store in a folder of results."""

WRITING = {"sqlite_begin": "BEGIN IMMEDIATE"}
"""Execution options of a transaction that writes."""


def connect(location: Path | str, *, create: bool) -> Engine:
    """An engine on the store at ``location``: a file of SQLite, or any URL of SQLAlchemy.

    With ``create`` an empty or missing database gets the tables. Raises StoreError where there
    is no store, or something else.
    """
    url = _url(location)
    where = url.render_as_string(hide_password=True)
    file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    if file:
        where = str(file)
        if create:
            file.parent.mkdir(parents=True, exist_ok=True)
        elif not file.is_file():
            raise StoreError(
                "no grades here",
                where=where,
                remedy="Grade a class first: `autograder grade NAME DIR --out OUT`.",
            )
    engine = _engine(url)
    try:
        with engine.execution_options(**WRITING if create else {}).begin() as connection:
            _check_format(connection, where, create=create)
        return engine
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreError(
            f"the gradebook database can't be opened: {cause}",
            where=where,
            remedy="Name a file that `autograder grade` wrote, or a database that can be reached.",
        ) from error


def _url(location: Path | str) -> URL:
    if isinstance(location, Path):
        return URL.create("sqlite", database=str(location))
    try:
        return make_url(location)
    except ArgumentError as error:
        raise StoreError(
            f"{location!r} is not the URL of a database",
            remedy="Write it like sqlite:///grades.sqlite or "
            "postgresql+psycopg://user@host/database.",
        ) from error


def _engine(url: URL) -> Engine:
    try:
        # Connections stay open: a new one for each result costs four times what writing it does.
        # No process that has a store forks; workers come from a fork server. A connection that
        # a database server has dropped meanwhile is made anew.
        engine = create_engine(url, pool_pre_ping=True)
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(
            f"the driver of this database is not installed: {error}",
            where=url.render_as_string(hide_password=True),
            remedy="Install it, for PostgreSQL with `pip install 'psycopg[binary]'`.",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions late, and never for a SELECT: we say BEGIN ourselves.
    connection.isolation_level = None
    # FULL writes the log to the disk at each commit: NORMAL could lose the last marks where the
    # machine's power fails. https://www.sqlite.org/pragma.html#pragma_synchronous
    settings = (
        "busy_timeout = 30000",
        "foreign_keys = ON",
        "journal_mode = WAL",
        "synchronous = FULL",
    )
    for setting in settings:
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads and then writes would fail at its first write, without waiting,
    # where another has written meanwhile; so a writer takes the lock at once.
    begin = connection.get_execution_options().get("sqlite_begin", "BEGIN")
    connection.exec_driver_sql(begin)


def _check_format(connection: Connection, where: str, *, create: bool) -> None:
    names = set(inspect(connection).get_table_names())
    if FormatRow.__tablename__ in names:
        version = connection.scalar(select(FormatRow.version))
        if version != FORMAT:
            raise StoreError(
                f"this store has format {version}, and this version reads format {FORMAT}",
                where=where,
                remedy="Use the version of autograder that wrote it, or grade into a new folder.",
            )
    elif names or not create:
        raise StoreError(
            "this database holds something else than grades",
            where=where,
            remedy="Name another file or database; nothing was changed.",
        )
    else:
        Base.metadata.create_all(connection)
        connection.execute(insert(FormatRow).values(version=FORMAT))
