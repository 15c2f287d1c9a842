"""Throw-away databases for tests: empty, with the same tables, gone afterwards."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.database.engine import Database
    from xsrun.database.session import Session
    from xsrun.values.conversion import Value

_numbers = itertools.count(1)


@contextmanager
def isolated(database: Database) -> Iterator[Database]:
    """An empty database with the tables of another: in memory, or on PostgreSQL a schema of its own."""
    from xsrun.database.engine import Database

    if database.url.startswith("sqlite:"):
        other = Database("sqlite://", database.nodes, strict=database.strict)
        other.share(database)
        other.fills = False
        try:
            yield other
        finally:
            other.close()
        return
    with _schema(database) as other:
        yield other


@contextmanager
def _schema(database: Database) -> Iterator[Database]:
    """A database that is a new schema on the same server."""
    from xsrun.database.connections import Pool
    from xsrun.database.engine import Database

    name = f"xsrun_{os.getpid()}_{threading.get_native_id()}_{next(_numbers)}"
    connections = database.connections
    connection = connections.take()
    try:
        ((path,),) = connection.execute("SHOW search_path")
        connection.execute(f"CREATE SCHEMA {name}")
    finally:
        connections.give_back(connection)
    other = Database(database.url, database.nodes, strict=database.strict)
    other.share(database)
    other.fills = False
    other.use(Pool(database.backend, database.url, f"{name}, {path}"))
    try:
        yield other
    finally:
        other.close()
        connection = connections.take()
        try:
            connection.execute(f"DROP SCHEMA {name} CASCADE")
        finally:
            connections.give_back(connection)


def copy_rows(source: Database, target: Database, datasource: str) -> None:
    """Copy the rows of a datasource, with their ids."""
    from xsrun.database.session import logical_name
    from xsrun.running.context import Context

    reading, writing = Context(datasource=datasource), Context(datasource=datasource)
    session, other = source.session(reading), target.session(writing)
    try:
        names = [*source.backend.declared_names]
        session.connection  # noqa: B018 - looks for the tables that are there
        for physical in source.physical:
            name, owner = logical_name(physical)
            if owner == datasource and name not in names:
                names.append(name)
        for name in names:
            rows = every_row(session, name)
            if rows:
                other.restore(name, rows)
    finally:
        session.close()
        other.close()


def every_row(session: Session, name: str) -> list[dict[str, Value]]:
    """All rows of a table as they are, in the order of their ids."""
    import sqlalchemy as sa

    from xsrun.database.rows import whole_reader

    table = session.table(name)
    if not table.exists:
        return []
    stored = session.backend.stored(table)
    reader = whole_reader(session, table)
    text = session.backend.text(sa.select(*(stored.c[column] for column in reader.names)).order_by(stored.c.id))
    return [reader.read(row) for row in session.execute(text.sql, [])]
