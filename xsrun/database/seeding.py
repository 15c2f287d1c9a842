"""Rows that are not written by a program's statements: seeds, and rows that are put back as they were read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xsrun.database.row_values import check_keys, object_of, write_row
from xsrun.database.session import Session
from xsrun.database.tables import Table
from xsrun.database.writing import begun, insert
from xsrun.errors import XanoScriptError
from xsrun.fields.declared import default_value
from xsrun.values.conversion import Value


def seed(session: Session, rows: dict[str, list[dict[str, Value]]]) -> None:
    """Put rows into tables, keeping explicit ids; the ids that follow come after them. Undeclared tables get no other
    columns than those of their rows.

    Errors name the row, as those of `restore` do.
    """
    with session.transaction.atomic():
        for name, items in rows.items():
            for number, item in enumerate(items, 1):
                with _row(name, number):
                    data = object_of(item)
                    table = session.catalog.table(name)
                    check_keys(table, data)
                    insert(session, table, data, stamped=False)
            table = session.catalog.table(name)
            if not table.exists:
                session.catalog.grown(table, ())


def restore(session: Session, name: str, rows: list[dict[str, Value]]) -> None:
    """Put rows back as they were read: nothing is converted or hashed again, and no trigger runs."""
    with session.transaction.atomic():
        for number, row in enumerate(rows, 1):
            with _row(name, number):
                _restore_row(session, session.catalog.table(name), row)


def _restore_row(session: Session, table: Table, item: dict[str, Value]) -> None:
    """Insert a row as it is; a column that it leaves out gets its default.

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
    write_row(session.transaction, session.context, table, row, item.get("id"))


@contextmanager
def _row(table: str, number: int) -> Iterator[None]:
    """Errors raised inside name the row."""
    try:
        yield
    except XanoScriptError as error:
        error.message = f'row {number} of table "{table}": {error.message}'
        raise
