"""Rows that are not written by a program's statements: seeds, and rows that are put back as they were read."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.database.many_rows import Naming, insert_all
from xsrun.database.row_values import check_keys, object_of
from xsrun.database.session import Session
from xsrun.database.tables import Table
from xsrun.database.writing import NewRow, begun, new_row
from xsrun.errors import XanoScriptError
from xsrun.fields.declared import default_value
from xsrun.values.conversion import Value


def seed(session: Session, rows: dict[str, list[dict[str, Value]]]) -> None:
    """Put rows into tables, keeping explicit ids; the ids that follow come after them. Undeclared tables get no other
    columns than those of their rows.

    Errors name the row, as those of `restore` do.
    """

    def make(name: str) -> Callable[[Value], NewRow]:
        def made(item: Value) -> NewRow:
            data = object_of(item)
            table = session.catalog.table(name)
            check_keys(table, data)
            return new_row(session, table, data, stamped=False)

        return made

    with session.transaction.atomic():
        for name, items in rows.items():
            insert_all(session, items, make(name), _naming(name))
            table = session.catalog.table(name)
            if not table.exists:
                session.catalog.grown(table, ())


def restore(session: Session, name: str, rows: list[dict[str, Value]]) -> None:
    """Put rows back as they were read: nothing is converted or hashed again, and no trigger runs."""
    with session.transaction.atomic():
        insert_all(session, rows, lambda item: _as_it_was(session, session.catalog.table(name), item), _naming(name))


def _as_it_was(session: Session, table: Table, item: dict[str, Value]) -> NewRow:
    """A row as it is; a column that it leaves out gets its default.

    Raises XanoScriptError for a column that a declared table does not have.
    """
    row = {name: value for name, value in item.items() if name != "id"}
    if table.declared:
        check_keys(table, row)
        for column in table.columns:
            if column.declared is not None and column.name not in item and column.name != "id":
                row[column.name] = default_value(column.declared, session.context, column=True)
    else:
        table = session.catalog.grown(begun(session, table, item), row)
    return NewRow(table, row, item.get("id"))


def _naming(table: str) -> Naming:
    """Names the row in an error."""

    def name(number: int, error: XanoScriptError) -> None:
        error.message = f'row {number} of table "{table}": {error.message}'

    return name
