"""Bringing the tables of a database in line with what the files declare.

A change is destructive when it loses what rows hold: a column or table that no file declares any more, or a column
whose type changed and some of whose values do not fit. Those are only done when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from xsrun.database.columns import ColumnDefinition, decode_loose
from xsrun.database.row_values import column_value, encoded
from xsrun.database.session import Session
from xsrun.database.sql import type_of
from xsrun.database.tables import Table, logical_name
from xsrun.errors import XanoScriptError
from xsrun.values.conversion import Value

#: Columns of a database by name, with their types.
Columns = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Change:
    """One step: what it does in a few words, whether it loses anything, and how it is done."""

    text: str
    destructive: bool
    perform: Callable[[Session], None]


def changes(session: Session) -> list[Change]:
    """Everything in which the database differs from the files, in the order to do it."""
    session.transaction.connect()
    backend = session.backend
    physical = session.database.physical
    found: list[Change] = []
    declared = set(backend.declared_names)
    for name in backend.declared_names:
        for datasource in datasources(name, physical):
            table = backend.declared_table(name, datasource)
            assert table is not None
            found += table_changes(session, table, physical.get(table.physical))
    for stored, columns in physical.items():
        name, _ = logical_name(stored)
        if name not in declared and not is_undeclared(session, columns):
            found.append(Change(f"drop table {stored}", True, runner(f"DROP TABLE {backend.quote(stored)}")))
    return found


def datasources(name: str, physical: dict[str, Columns]) -> list[str]:
    """The datasources that have a table of this name, the live one in any case."""
    there = [logical_name(stored) for stored in physical]
    return ["live", *(source for table, source in there if table == name and source != "live")]


def is_undeclared(session: Session, columns: Columns) -> bool:
    """Whether a table looks like one that writes made: an id, and JSON in all other columns."""
    plain = session.backend.plain_type
    kind = plain(session.backend.stored_type("json"))
    return all(name == "id" or plain(one) == kind for name, one in columns)


def table_changes(session: Session, table: Table, columns: Columns | None) -> list[Change]:
    """The changes of one declared table."""
    if columns is None:
        return [Change(f"create table {table.physical}", False, lambda session: session.catalog.make(table))]
    there, plain = dict(columns), session.backend.plain_type
    names = session.backend.stored_names(table)
    found = []
    for column in table.columns:
        wanted, name = session.backend.stored_type(column.kind), names[column.name]
        if name not in there:
            found.append(Change(f"add column {table.physical}.{name}", False, adder(table, column)))
        elif column.name != "id" and plain(there[name]) != plain(wanted):
            text = f"change column {table.physical}.{name} from {there[name]} to {wanted}"
            found.append(Change(text, True, converter(table, column)))
    extra = [name for name in there if name not in names.values()]
    found += [Change(f"drop column {table.physical}.{name}", True, column_dropper(table, name)) for name in extra]
    return [*found, *index_changes(session, table)]


def index_changes(session: Session, table: Table) -> list[Change]:
    """Indexes to make and to drop. Their names tell what they are over."""
    backend = session.backend
    wanted = backend.index_statements(table)
    there = backend.index_names(session.transaction.execute, table.physical)
    ours = f"{table.physical[:30]}~"
    old = [name for name in there if name not in wanted and name.startswith(ours)]
    return [
        *(Change(f"create index {name}", False, runner(text)) for name, text in wanted.items() if name not in there),
        *(Change(f"drop index {name}", False, runner(f"DROP INDEX {backend.quote(name)}")) for name in old),
    ]


# Steps ---------------------------------------------------------------------------------------------------------------


def runner(statement: str) -> Callable[[Session], None]:
    """A step that is one statement."""

    def perform(session: Session) -> None:
        session.transaction.execute(statement, writes=True)

    return perform


def column_dropper(table: Table, name: str) -> Callable[[Session], None]:
    def perform(session: Session) -> None:
        quote = session.backend.quote
        for index in session.backend.indexes_over(session.transaction.execute, table.physical, name):
            session.transaction.execute(f"DROP INDEX {quote(index)}", writes=True)
        session.transaction.execute(f"ALTER TABLE {quote(table.physical)} DROP COLUMN {quote(name)}", writes=True)

    return perform


def adder(table: Table, column: ColumnDefinition) -> Callable[[Session], None]:
    """A step that adds a column; the rows that are there get its default."""
    return lambda session: session.catalog.add_column(table, column)


def converter(table: Table, column: ColumnDefinition) -> Callable[[Session], None]:
    """A step that gives a column its new type, its values converted where they can be."""

    def perform(session: Session) -> None:
        backend = session.backend
        quote, quoted = backend.quote, backend.quote(table.physical)
        name, new = backend.stored_names(table)[column.name], f"{column.name[:40]}~new"
        session.catalog.add_column(table, column, new)
        stored = sa.table(table.physical, sa.column("id"), sa.column(new, type_of(column.kind)))
        value = sa.bindparam("value", type_=type_of(column.kind))
        text = backend.text(
            sa.update(stored).values({new: value}).where(stored.c.id == sa.bindparam("row", type_=None))
        )
        for row_id, old in session.transaction.execute(f"SELECT id, {quote(name)} FROM {quoted}"):
            given = converted(session, column, decode_loose(old))
            if given is not None:
                values = {"value": encoded(backend, table, column, given), "row": row_id}
                session.transaction.execute(text.sql, [values[name] for name in text.order], writes=True)
        column_dropper(table, name)(session)
        session.transaction.execute(f"ALTER TABLE {quoted} RENAME COLUMN {quote(new)} TO {quote(name)}", writes=True)

    return perform


def converted(session: Session, column: ColumnDefinition, old: Value) -> Value:
    """An old value as the column takes it now; None when it does not fit."""
    if old is None:
        return None
    try:
        return column_value(column, old, session.context)
    except XanoScriptError:
        return None


# All of it -----------------------------------------------------------------------------------------------------------


def migrate(session: Session, *, force: bool = False) -> tuple[list[Change], list[Change]]:
    """Make the changes, all or none; those that lose something only with `force`. Returns (done, left)."""
    wanted = changes(session)
    done = [change for change in wanted if force or not change.destructive]
    if done:
        with session.transaction.atomic():
            for change in done:
                change.perform(session)
        session.database.forget_tables()
    return done, [change for change in wanted if change not in done]
