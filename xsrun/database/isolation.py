"""Throw-away databases for tests: empty, with the same tables, gone afterwards."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from xsrun.database.connection_pool import ConnectionPool
from xsrun.database.database import Database
from xsrun.database.handlers import open_session
from xsrun.database.seeding import restore
from xsrun.database.session import Session
from xsrun.database.tables import logical_name
from xsrun.running.context import Context
from xsrun.values.conversion import Value

_numbers = itertools.count(1)


@contextmanager
def throw_away(database: Database, source: str | None = None) -> Iterator[Database]:
    """A database for one test, with the same tables as another and no rows, gone afterwards.

    `source` names a datasource whose rows it starts with (semantics 8.1). It lives in memory, except on PostgreSQL,
    where it is a schema of its own.
    """
    with _in_memory(database) if database.url.startswith("sqlite:") else _schema(database) as other:
        if source:
            copy_rows(database, other, source)
        yield other


@contextmanager
def _in_memory(database: Database) -> Iterator[Database]:
    other = _empty(database, "sqlite://")
    try:
        yield other
    finally:
        other.close()


@contextmanager
def _schema(database: Database) -> Iterator[Database]:
    """A database that is a new schema on the same server."""
    name = f"xsrun_{os.getpid()}_{threading.get_native_id()}_{next(_numbers)}"
    connections = database.connections
    connection = connections.take()
    try:
        ((path,),) = connection.execute("SHOW search_path")
        connection.execute(f"CREATE SCHEMA {name}")
    finally:
        connections.give_back(connection)
    other = _empty(database, database.url)
    other.use(ConnectionPool(partial(database.backend.connect, database.url, f"{name}, {path}")))
    try:
        yield other
    finally:
        other.close()
        connection = connections.take()
        try:
            connection.execute(f"DROP SCHEMA {name} CASCADE")
        finally:
            connections.give_back(connection)


def _empty(database: Database, url: str) -> Database:
    """A database with the tables of another, which begin without the rows that their files list."""
    other = Database(url, database.nodes, strict=database.strict, read_committed=database.read_committed)
    other.share(database)
    other.fills = False
    return other


def copy_rows(source: Database, target: Database, datasource: str) -> None:
    """Copy the rows of a datasource, with their ids."""
    reading = open_session(source, Context(datasource=datasource))
    writing = open_session(target, Context(datasource=datasource))
    try:
        for name in table_names(reading):
            rows = every_row(reading, name)
            if rows:
                restore(writing, name, rows)
    finally:
        reading.close()
        writing.close()


def table_names(session: Session) -> list[str]:
    """The tables of the session's datasource: declared ones, then the others that the database has."""
    session.transaction.connect()
    datasource = session.context.datasource or "live"
    there = [logical_name(stored) for stored in session.database.physical]
    others = sorted(name for name, source in there if source == datasource)
    return list(dict.fromkeys([*session.backend.declared_names, *others]))


def every_row(session: Session, name: str) -> list[dict[str, Value]]:
    """All rows of a table as they are, in the order of their ids."""
    table = session.catalog.table(name)
    if not table.exists:
        return []
    backend = session.backend
    reader, names = backend.reader(table, hidden=True), backend.stored_names(table)
    columns = ", ".join(backend.quote(names[column]) for column in reader.names)
    text = f"SELECT {columns} FROM {backend.quote(table.physical)} ORDER BY id"
    return [reader.read(row) for row in session.transaction.execute(text)]
