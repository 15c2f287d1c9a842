"""Bringing the tables of a database in line with what the files declare.

A change is destructive when it loses what rows hold: a column or table that no file declares any more, or a column
whose type changed and some of whose values would not come back as they were. Those are only done when they are asked
for. `follow` does the others by itself: a server calls it at its start and when a table file was saved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import sqlalchemy as sa

from xsrun.database.columns import DOCUMENTS, NUMBERS, TEXTS, ColumnDefinition, decode_loose
from xsrun.database.row_values import column_value, encoded
from xsrun.database.session import Session
from xsrun.database.sql import type_of
from xsrun.database.tables import Table, logical_name
from xsrun.dates.calendar import moment
from xsrun.errors import XanoScriptError
from xsrun.values.conversion import Value, to_json

#: What a column that gets another type is called until the old one is gone.
_NEW = "~new"
#: Milliseconds: a smaller number is not taken for a timestamp.
_DAY = 86_400_000
#: Columns of a database by name, with their types.
Columns = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Change:
    """One step: what it does in a few words, whether it loses anything, and how it is done; the table that it makes."""

    text: str
    destructive: bool
    perform: Callable[[Session], None]
    makes: str | None = None


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
    return all(name == "id" or session.backend.holds_documents(kind) for name, kind in columns)


def table_changes(session: Session, table: Table, columns: Columns | None) -> list[Change]:
    """The changes of one declared table: what stands in the way goes first, and indexes come back last."""
    if columns is None:
        return [
            Change(f"create table {table.physical}", False, lambda session: session.catalog.make(table), table.name)
        ]
    backend, there = session.backend, dict(columns)
    names, plain = backend.stored_names(table), session.backend.plain_type
    found, changed = [], set()
    for column in table.columns:
        wanted, name = backend.stored_type(column.kind), names[column.name]
        if name not in there:
            found.append(Change(f"add column {table.physical}.{name}", False, adder(table, column)))
        elif column.name != "id" and plain(there[name]) != plain(wanted):
            text = f"change column {table.physical}.{name} from {there[name]} to {wanted}"
            loses = not keeps_all(session, table, column, there[name])
            found.append(Change(text, loses, converter(table, column, plain(there[name]))))
            changed.add(column.name)
    extra = [name for name in there if name not in names.values()]
    found += [Change(f"drop column {table.physical}.{name}", True, column_dropper(table, name)) for name in extra]
    return [*old_indexes(session, table), *found, *new_indexes(session, table, changed)]


def old_indexes(session: Session, table: Table) -> list[Change]:
    """Indexes to drop. Their names tell what they are over."""
    backend = session.backend
    wanted, ours = backend.indexes(table), backend.index_prefix(table)
    there = backend.index_names(session.transaction.execute, table.physical)
    old = [name for name in there if name not in wanted and name.startswith(ours)]
    return [Change(f"drop index {name}", False, runner(f"DROP INDEX {backend.quote(name)}")) for name in old]


def new_indexes(session: Session, table: Table, changed: Collection[str]) -> list[Change]:
    """Indexes to make: those that are not there, and those over columns that get another type, which go with them."""
    backend, definitions = session.backend, session.backend.indexes(table)
    there = backend.index_names(session.transaction.execute, table.physical)
    return [
        Change(f"create index {name}", False, runner(text))
        for name, text in backend.index_statements(table).items()
        if name not in there or any(column in changed for column, _ in definitions[name].columns)
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


def converter(table: Table, column: ColumnDefinition, before: str) -> Callable[[Session], None]:
    """A step that gives a column its new type; `before` is the one it had. Values are converted where they can be, and
    become the default where they cannot."""

    def perform(session: Session) -> None:
        backend = session.backend
        quote, quoted = backend.quote, backend.quote(table.physical)
        name = backend.stored_names(table)[column.name]
        session.catalog.add_column(table, column, _NEW)
        stored = sa.table(table.physical, sa.column("id"), sa.column(_NEW, type_of(column.kind)))
        value = sa.bindparam("value", type_=type_of(column.kind))
        text = backend.writer.text(
            sa.update(stored).values({_NEW: value}).where(stored.c.id == sa.bindparam("row", type_=None))
        )
        for row_id, old in session.transaction.execute(f"SELECT id, {quote(name)} FROM {quoted}"):
            fits, given = converted(session, table, column, backend.stored_value(before, old))
            if fits:
                values = {"value": given, "row": row_id}
                session.transaction.execute(text.sql, [values[name] for name in text.order], writes=True)
        column_dropper(table, name)(session)
        session.transaction.execute(f"ALTER TABLE {quoted} RENAME COLUMN {quote(_NEW)} TO {quote(name)}", writes=True)

    return perform


def converted(session: Session, table: Table, column: ColumnDefinition, old: Value) -> tuple[bool, Value]:
    """Whether the column can hold an old value, and what the database is then given."""
    if old is None:
        return column.declared is not None and column.declared.nullable, None
    try:
        return True, encoded(session.backend, table, column, column_value(column, recast(column, old), session.context))
    except XanoScriptError:
        return False, None


def keeps_all(session: Session, table: Table, column: ColumnDefinition, stored: str) -> bool:
    """Would all values of a column come back as they are if it got its declared type and then its own one again?"""
    backend, before = session.backend, session.backend.any_column(column.name, stored)
    name, kind = backend.stored_names(table)[column.name], backend.plain_type(stored)
    decode, decode_before = (backend.codecs.decode.get(one.kind, _as_it_is) for one in (column, before))
    seen = f"SELECT DISTINCT {backend.quote(name)} FROM {backend.quote(table.physical)}"
    for (raw,) in session.transaction.execute(seen):
        old = backend.stored_value(kind, raw)
        fits, given = converted(session, table, column, old)
        if fits and given is not None:
            fits, back = converted(session, table, before, decode(given))
            fits = fits and decode_before(back) == old
        if not fits:
            return False
    return True


def _as_it_is(value: Value) -> Value:
    return value


def recast(column: ColumnDefinition, old: Value) -> Value:
    """An old value in the form in which a column of another kind takes it: documents as JSON text, and back; the day of
    a timestamp."""
    if column.kind == "date" and old.__class__ is int and abs(old) >= _DAY and (when := moment(old)) is not None:
        return when.date().isoformat()
    if column.kind in TEXTS:
        return to_json(old) if old.__class__ in (list, dict) else old
    if old.__class__ is str and (column.kind == "vector" or column.kind in DOCUMENTS):
        document = decode_loose(old)
        return document if document.__class__ in (list, dict) else old
    return int(old) if old.__class__ is bool and column.kind in NUMBERS else old


# All of it -----------------------------------------------------------------------------------------------------------


def migrate(session: Session, *, force: bool = False) -> tuple[list[Change], list[Change]]:
    """Make the changes, all or none; those that lose something only with `force`. Returns (done, left)."""
    wanted = changes(session)
    done = [change for change in wanted if force or not change.destructive]
    if done:
        with session.transaction.atomic():
            for change in done:
                change.perform(session)
            session.catalog.tell_others()
        session.database.forget_tables()
    return done, [change for change in wanted if change not in done]


@dataclass(slots=True)
class Followed:
    """What was done, what is left because it loses something, and what cannot be done, with the reason."""

    done: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)
    failed: list[tuple[Change, XanoScriptError]] = field(default_factory=list)


def follow(session: Session) -> Followed:
    """Make all changes that lose nothing, each for itself, and let runs add columns from now on.

    Several processes may do this at the same time: they take turns, and the second finds nothing to do.
    """
    database, transaction = session.database, session.transaction
    database.follows_files = True
    database.look(transaction)
    found, wanted = Followed(), changes(session)
    if any(not change.destructive for change in wanted):
        with transaction.atomic():
            for text in session.backend.locking:
                transaction.execute(text)
            database.look(transaction)
            wanted = changes(session)
            for change in wanted:
                if not change.destructive:
                    _try(session, change, found)
            session.catalog.tell_others()
        database.forget_tables()
    found.left = [change for change in wanted if change.destructive]
    return found


def _try(session: Session, change: Change, found: Followed) -> None:
    """Make a change, or note why it cannot be made."""
    try:
        with session.transaction.atomic():
            change.perform(session)
        found.done.append(change)
    except XanoScriptError as error:
        found.failed.append((change, error))
