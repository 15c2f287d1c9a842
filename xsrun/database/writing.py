"""New rows and changes of rows: which columns they set, and what is filled in (semantics 4.1)."""

from __future__ import annotations

from xsrun.database.row_values import column_value, explicit_id, has_text_id, whole_row, write_row
from xsrun.database.session import Session
from xsrun.database.tables import Table, unknown_column
from xsrun.fields.declared import zero_value
from xsrun.hints import NamedTuple
from xsrun.values.conversion import Value


class NewRow(NamedTuple):
    """A row that is to be inserted: its table, the values of its columns, and the id that it asks for, if it does."""

    table: Table
    row: dict[str, Value]
    identity: Value


def drop_keys(session: Session, table: Table, data: dict[str, Value]) -> None:
    """Warn of keys that a declared table has no column for; they are dropped (semantics 4.1). Strictly, refuse them."""
    if not table.declared or data.keys() <= table.by_name.keys():
        return
    for key in data:
        if key in table.by_name:
            continue
        error = unknown_column(table, key)
        if session.database.strict:
            raise error
        message = f'`{key}` is dropped: the table "{table.name}" has no such column'
        session.catalog.warn("XS716", message, error.hint or "", f"{table.name}.{key}")


def complete(session: Session, table: Table, data: dict[str, Value]) -> dict[str, Value]:
    """A whole new row of a declared table but for its id."""
    drop_keys(session, table, data)
    return whole_row(table, data, session.context)


def changes(session: Session, table: Table, data: dict[str, Value], *, nulls: bool) -> dict[str, Value]:
    """The columns that an update sets. A null for a column that takes none is left out, or (`nulls`) clears it."""
    drop_keys(session, table, data)
    found: dict[str, Value] = {}
    for name, value in data.items():
        column = table.by_name.get(name)
        if name == "id" or (column is None and table.declared):
            continue
        if column is None or column.declared is None:
            found[name] = value
        elif value is not None:
            found[name] = column_value(column, value, session.context)
        elif column.declared.nullable:
            found[name] = None
        elif nulls:
            found[name] = zero_value(column.declared, session.context, column=True)
    return found


def begun(session: Session, table: Table, data: dict[str, Value]) -> Table:
    """A table before a row goes into it: one that is yet to be made has the kind of ids that its first row has."""
    if table.exists or not has_text_id(data):
        return table
    return session.backend.undeclared_table(table.name, table.datasource, (), "text", exists=False)


def insert(
    session: Session, table: Table, data: dict[str, Value], *, stamped: bool = True
) -> tuple[Table, dict[str, Value]]:
    """Insert a row; returns the table as it is then, and the whole row as it is kept."""
    made = new_row(session, table, data, stamped=stamped)
    return made.table, write_row(session.transaction, session.context, *made)


def new_row(session: Session, table: Table, data: dict[str, Value], *, stamped: bool = True) -> NewRow:
    """A row that is to be inserted; an undeclared table gets the columns that it lacks."""
    if table.declared:
        drop_keys(session, table, data)
        row = whole_row(table, data, session.context)
        return NewRow(table, row, explicit_id(table, data, session.context))
    table = begun(session, table, data)
    row = {key: value for key, value in data.items() if key != "id"}
    if stamped and "created_at" not in row:
        row = {"created_at": session.context.now(), **row}
    identity = explicit_id(table, data, session.context)
    table = session.catalog.grown(table, row)
    return NewRow(table, row, identity)
