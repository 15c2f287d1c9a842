"""New rows and changes of rows: what is converted, what is filled in, and the INSERT (semantics 4.1)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import sqlalchemy as sa

from xsrun.database.backend import type_of
from xsrun.database.columns import DOCUMENTS, ColumnDefinition
from xsrun.database.prepared import Insertion
from xsrun.database.stored_files import with_addresses
from xsrun.database.tables import Table, unknown_column
from xsrun.errors import InputError, XanoScriptError
from xsrun.fields.declared import default_value, zero_value
from xsrun.values.conversion import Value, as_object

if TYPE_CHECKING:
    from xsrun.database.session import Session
    from xsrun.running.context import Context

_UNIT = Decimal("0.00001")
#: A decimal column has nine digits before the point (semantics 4.1).
_MOST = 1e9


def rounded(value: float) -> float:
    """A decimal as a column keeps it: five places. Raises the engine's error for more than nine digits before them.

    The test comes after the rounding: 999999999.999999 is too big.
    """
    if round(value, 5) != value and -_MOST <= value <= _MOST:
        value = float(Decimal(repr(value)).quantize(_UNIT, ROUND_HALF_UP))
    if not -_MOST < value < _MOST:
        raise XanoScriptError("SQL Error: 0", hint=f"{value:g} has more than nine digits before the point")
    return value


def column_value(column: ColumnDefinition, value: Value, context: Context) -> Value:
    """A value that is not null as a column keeps it. Raises InputError that names the column."""
    declared = column.declared
    if declared is not None:
        value = declared.write(value, context, column.name)
    if column.kind == "decimal" and value is not None:
        return rounded(value)
    return value


def encoded(table: Table, column: ColumnDefinition, value: Value, session: Session) -> Value:
    """A value as the database takes it. Raises InputError that names the column."""
    if value is None and table.declared:
        return None
    encode = session.backend.codecs.encode.get(column.kind)
    if encode is None:
        return value
    try:
        return encode(value)
    except InputError as error:
        raise InputError(error.message, column.name, hint=error.hint) from None


def check_keys(table: Table, data: dict[str, Value]) -> None:
    """Refuse keys that a declared table has no column for: in rows that come from a file."""
    if table.declared:
        for key in data:
            if key not in table.by_name:
                raise unknown_column(table, key)


def drop_keys(session: Session, table: Table, data: dict[str, Value]) -> None:
    """Warn of keys that a declared table has no column for; they are dropped (semantics 4.1). Strictly, refuse them."""
    if not table.declared:
        return
    for key in data:
        if key in table.by_name:
            continue
        error = unknown_column(table, key)
        if session.database.strict:
            raise error
        message = f'`{key}` is dropped: the table "{table.name}" has no such column'
        session.warn("XS716", message, error.hint or "", f"{table.name}.{key}")


def object_of(data: Value) -> dict[str, Value]:
    """The data of a statement, which must be an object."""
    if data.__class__ is dict:
        return data
    if data is None:
        return {}
    return as_object(data)


def complete(session: Session, table: Table, data: dict[str, Value], *, stamped: bool = True) -> dict[str, Value]:
    """A whole new row but for its id: what is given, converted, and what the columns hold by default."""
    context = session.context
    if not table.declared:
        row = {key: value for key, value in data.items() if key != "id"}
        if stamped and "created_at" not in row:
            return {"created_at": context.now(), **row}
        return row
    drop_keys(session, table, data)
    row = {}
    for column in table.columns:
        name, declared = column.name, column.declared
        if name == "id" or declared is None:
            continue
        value = data.get(name)
        if value is not None:
            row[name] = column_value(column, value, context)
        elif declared.nullable and name in data:
            row[name] = None
        else:
            row[name] = default_value(declared, context, column=True)
    return row


def changes(session: Session, table: Table, data: dict[str, Value], *, nulls: bool) -> dict[str, Value]:
    """The columns that an update sets. A null for a column that takes none is left out, or (`nulls`) clears it."""
    drop_keys(session, table, data)
    found: dict[str, Value] = {}
    for name, value in data.items():
        column = table.by_name.get(name)
        if column is None and table.declared:
            continue
        if column is None or column.declared is None:
            if name != "id":
                found[name] = value
        elif name == "id":
            continue
        elif value is not None:
            found[name] = column_value(column, value, session.context)
        elif column.declared.nullable:
            found[name] = None
        elif nulls:
            found[name] = zero_value(column.declared, session.context, column=True)
    return found


def has_text_id(row: dict[str, Value]) -> bool:
    """Whether a row comes with an id that is a text, and no number written as one."""
    value = row.get("id")
    return value.__class__ is str and bool(value) and not value.isdigit()


def explicit_id(table: Table, data: dict[str, Value], session: Session) -> Value:
    """The id that a new row asks for, or None to take the next."""
    value = data.get("id")
    column = table.id
    if value is None or value in (0, ""):
        return str(uuid.uuid4()) if column.kind == "text" else None
    if column.declared is not None:
        return column.declared.write(value, session.context, "id")
    if column.kind == "int":
        if value.__class__ is str and value.isdigit():
            return int(value)  # rows of a CSV file are all text
        if value.__class__ is not int:
            raise InputError("Value is not a valid integer", "id", hint=f'the ids of table "{table.name}" are numbers')
        return value
    return str(value)


def insert(
    session: Session, table: Table, data: dict[str, Value], *, stamped: bool = True
) -> tuple[Table, dict[str, Value]]:
    """Insert a row; returns the table as it is then, and the whole row as it is kept."""
    if not table.exists and has_text_id(data):
        table = session.backend.undeclared_table(table.name, table.datasource, (), "text", exists=False)
    row = complete(session, table, data, stamped=stamped)
    identity = explicit_id(table, data, session)
    if not table.declared:
        table = session.grown(table, row)
    return table, write_row(session, table, row, identity)


def write_row(session: Session, table: Table, row: dict[str, Value], identity: Value) -> dict[str, Value]:
    """The INSERT of a row whose values are those of its columns; the row as it is kept."""
    by_name, backend = table.by_name, session.backend
    given = {name: encoded(table, by_name[name], value, session) for name, value in row.items()}
    if identity is not None:
        given["id"] = identity
    key = tuple(given)
    found = table.insertions.get(key)
    if found is None:
        found = table.insertions[key] = insertion(session, table, list(given))
    text, order = found
    ((new_id,),) = session.execute(text, [given[name] for name in order], writes=True)
    if identity is not None and not backend.follows_ids and table.id.kind == "int":
        session.execute(*backend.follow_id(table.physical, identity))
    decode = backend.codecs.decode["json"]
    whole = {"id": new_id}
    for name, value in row.items():
        # what is kept as JSON comes back as JSON can say it
        plain = value is None or value.__class__ in (str, int, bool) or by_name[name].kind not in DOCUMENTS
        whole[name] = value if plain else decode(given[name])
    if table.declared and table.columns[0].name != "id":
        whole = {column.name: whole[column.name] for column in table.columns}
    return with_addresses(session, table, whole)


def restore_row(session: Session, table: Table, item: dict[str, Value]) -> None:
    """Insert a row that was read from a table, as it is; a column that it leaves out gets its default.

    Raises XanoScriptError for a column that a declared table does not have.
    """
    row = {name: value for name, value in item.items() if name != "id"}
    if table.declared:
        check_keys(table, row)
        for column in table.columns:
            if column.declared is not None and column.name not in item and column.name != "id":
                row[column.name] = default_value(column.declared, session.context, column=True)
    else:
        if not table.exists and has_text_id(item):
            table = session.backend.undeclared_table(table.name, table.datasource, (), "text", exists=False)
        table = session.grown(table, row)
    write_row(session, table, row, item.get("id"))


def insertion(session: Session, table: Table, names: list[str]) -> Insertion:
    """The text that inserts a row of these columns, and the order in which it takes them."""
    stored = session.backend.stored(table)
    given = {
        name: sa.bindparam(f"c{position}", type_=type_of(table.by_name[name].kind))
        for position, name in enumerate(names)
    }
    statement = sa.insert(stored).values(given) if given else sa.insert(stored)
    text = session.backend.text(statement.returning(stored.c.id))
    return Insertion(text.sql, [names[int(name[1:])] for name in text.order])


def insert_seed(session: Session, table: Table, items: Iterable[dict[str, Value]]) -> None:
    """Insert rows with the ids they have; an undeclared table gets no other columns than theirs."""
    for item in items:
        data = object_of(item)
        check_keys(table, data)
        table, _ = insert(session, table, data, stamped=False)
    if not table.exists:
        session.grown(table, ())
