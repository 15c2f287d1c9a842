"""The values of a row on their way into a table: conversion, rounding, defaults, and the INSERT (semantics 4.1)."""

from __future__ import annotations

from collections.abc import Mapping

from xsrun.database.columns import DOCUMENTS, ColumnDefinition
from xsrun.database.prepared import ColumnFiller
from xsrun.database.stored_files import with_addresses
from xsrun.database.tables import Table, unknown_column
from xsrun.errors import InputError, XanoScriptError
from xsrun.fields.declared import Declared, default_value, fixed_default
from xsrun.hints import TYPE_CHECKING
from xsrun.values.conversion import Value, as_object, as_utf8
from xsrun.values.digits import whole_of_digits

if TYPE_CHECKING:
    from xsrun.database.backend import Backend
    from xsrun.database.transaction import Transaction
    from xsrun.running.context import Context

#: Classes of values that rows may share.
_UNCHANGING = frozenset((int, float, str, bool, type(None)))
#: A decimal column has nine digits before the point (semantics 4.1).
_MOST = 1e9


def rounded(value: float, column: str) -> float:
    """A decimal as a column keeps it: five places. Raises the engine's error for more than nine digits before them.

    The test comes after the rounding: 999999999.999999 is too big.
    """
    if round(value, 5) != value and -_MOST <= value <= _MOST:
        from decimal import ROUND_HALF_UP, Decimal

        value = float(Decimal(repr(value)).quantize(Decimal("0.00001"), ROUND_HALF_UP))
    if not -_MOST < value < _MOST:
        raise XanoScriptError("SQL Error: 0", hint=f"{column}: {value:g} has more than nine digits before the point")
    return value


def column_value(column: ColumnDefinition, value: Value, context: Context) -> Value:
    """A value that is not null as a column keeps it. Raises InputError that names the column."""
    declared = column.declared
    if declared is not None:
        value = declared.write(value, context, column.name)
    if column.kind == "decimal" and value is not None:
        return rounded(value, column.name)
    return value


def encoded(backend: Backend, table: Table, column: ColumnDefinition, value: Value) -> Value:
    """A value as the database takes it. Raises InputError that names the column."""
    if value is None and table.declared:
        return None
    encode = backend.codecs.encode.get(column.kind)
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


def object_of(data: Value) -> dict[str, Value]:
    """The data of a statement, which must be an object."""
    if data.__class__ is dict:
        return data
    if data is None:
        return {}
    return as_object(data)


def fillers(table: Table) -> list[ColumnFiller]:
    """How the columns of a declared table are filled, but for its id."""
    if table.fillers is None:
        table.fillers = [
            ColumnFiller(name, one, one.write, column.kind == "decimal", one.nullable, *_lasting_default(one))
            for column in table.columns
            if (name := column.name) != "id" and (one := column.declared) is not None
        ]
    return table.fillers


def _lasting_default(declared: Declared) -> tuple[Value, bool]:
    """The default of a column, and whether every row may have this very value."""
    default = fixed_default(declared)
    return default, default.__class__ in _UNCHANGING and (default is not None or not declared.has_default)


def whole_row(table: Table, data: dict[str, Value], context: Context) -> dict[str, Value]:
    """A whole new row of a declared table but for its id: what is given, converted, and the defaults."""
    row = {}
    for name, declared, write, rounds, nullable, default, fixed in fillers(table):
        value = data.get(name)
        if value is not None:
            value = write(value, context, name)
            row[name] = rounded(value, name) if rounds and value is not None else value
        elif nullable and name in data:
            row[name] = None
        else:
            row[name] = default if fixed else default_value(declared, context, column=True)
    return row


def has_text_id(row: dict[str, Value]) -> bool:
    """Whether a row comes with an id that is a text, not a number written as one."""
    value = row.get("id")
    return value.__class__ is str and bool(value) and not value.isdigit()


def explicit_id(table: Table, data: dict[str, Value], context: Context) -> Value:
    """The id that a new row asks for, or None to take the next."""
    value = data.get("id")
    column = table.id
    if value is None and column.kind == "int":
        return None
    if value is None or value in (0, ""):
        return _new_uuid() if column.kind == "text" else None
    if column.declared is not None:
        return column.declared.write(value, context, "id")
    if column.kind == "int":
        if value.__class__ is str and (number := whole_of_digits(value)) is not None:
            return number  # rows of a CSV file are all text
        if value.__class__ is not int:
            raise InputError("Value is not a valid integer", "id", hint=f'the ids of table "{table.name}" are numbers')
        return value
    return as_utf8(value)


def _new_uuid() -> str:
    import uuid

    return str(uuid.uuid4())


def write_row(
    transaction: Transaction, context: Context, table: Table, row: dict[str, Value], identity: Value
) -> dict[str, Value]:
    """The INSERT of a row whose values are those of its columns; the row as it is kept."""
    by_name, backend = table.by_name, transaction.database.backend
    given = {name: encoded(backend, table, by_name[name], value) for name, value in row.items()}
    if identity is not None:
        given["id"] = identity
    key = tuple(given)
    found = table.insertions.get(key)
    if found is None:
        found = table.insertions.put(key, backend.insertion(table, key))
    ((new_id,),) = transaction.execute(found, list(given.values()), writes=True)
    if identity is not None and table.id.kind == "int" and (step := backend.follow_id(table.physical, identity)):
        transaction.execute(*step)
    return as_kept(transaction, context, table, new_id, row, given)


def as_kept(
    transaction: Transaction,
    context: Context,
    table: Table,
    identity: Value,
    row: dict[str, Value],
    given: Mapping[str, Value],
) -> dict[str, Value]:
    """A row that was inserted, as it would be read; `given` is what the database was given."""
    by_name = table.by_name
    decode = transaction.database.backend.codecs.decode["json"]
    whole = {"id": identity}
    for name, value in row.items():
        # what is kept as JSON comes back as JSON can say it
        plain = value is None or value.__class__ in (str, int, bool) or by_name[name].kind not in DOCUMENTS
        whole[name] = value if plain else decode(given[name])
    if table.declared and table.columns[0].name != "id":
        whole = {column.name: whole[column.name] for column in table.columns}
    return with_addresses(context, table, whole)


def insert_whole(transaction: Transaction, context: Context, table: Table, data: dict[str, Value]) -> dict[str, Value]:
    """Insert a row of a declared table: what is given, converted, and what the columns hold by default."""
    row = whole_row(table, data, context)
    return write_row(transaction, context, table, row, explicit_id(table, data, context))
