"""The rows of a database out and in again, and single statements typed at a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.database.isolation import every_row, table_names
from xsrun.database.raw_sql import direct_query
from xsrun.database.seeding import restore
from xsrun.database.session import Session
from xsrun.database.tables import hint_of
from xsrun.errors import UsageError
from xsrun.values.conversion import Value

Rows = dict[str, list[dict[str, Value]]]


def dump(session: Session, names: list[str] | None = None) -> Rows:
    """All rows of some or all tables, internal columns and hashes as they are. Raises UsageError for an unknown one."""
    known = table_names(session)
    for name in names or ():
        if name not in known:
            raise no_table(name, known)
    rows = {name: every_row(session, name) for name in names or known}
    return {name: found for name, found in rows.items() if found or names}


def check_tables(session: Session, names: Iterable[str]) -> None:
    """Refuse names of tables that neither a file declares nor the database has, where files declare any.

    Raises UsageError.
    """
    known = [*table_names(session), *session.database.broken]
    for name in names:
        if session.backend.declares_any and name not in known:
            raise no_table(name, known)


def no_table(name: str, known: list[str]) -> UsageError:
    """The error of a table that is not there."""
    listed = f"there are: {', '.join(known)}" if known else "there is none"
    return UsageError(f"there is no table `{name}`", hint=hint_of(name, known, listed))


def has_rows(session: Session, name: str) -> bool:
    """Whether a table has any row; one that was not made yet has none."""
    table = session.catalog.table(name)
    quoted = session.backend.quote(table.physical)
    return table.exists and bool(session.transaction.execute(f"SELECT 1 FROM {quoted} LIMIT 1"))


def has_row(session: Session, name: str, key: Value) -> bool:
    """Whether a table has a row with this id; one that was not made yet has none."""
    table = session.catalog.table(name)
    quoted = name.replace('"', '""')
    return table.exists and bool(direct_query.run(session, f'SELECT id FROM "{quoted}" WHERE id = ?', [key]))


def load(session: Session, rows: Rows, *, replace: bool = False) -> dict[str, int]:
    """Put dumped rows back, all or none; with `replace` the tables are emptied first. Returns their number by table."""
    with session.transaction.atomic():
        for name, items in rows.items():
            table = session.catalog.table(name)
            if replace and table.exists:
                for text, parameters in session.backend.truncation(table.physical, True):
                    session.transaction.execute(text, parameters, writes=True)
            restore(session, name, items)
    return {name: len(items) for name, items in rows.items()}


def run_sql(session: Session, sql: str) -> list[dict[str, Value]]:
    """Run one statement in PostgreSQL's dialect. Raises XanoScriptError for what the database refuses."""
    return direct_query.run(session, sql.strip().rstrip(";"), [])


def rows_of_csv(text: str, name: str) -> list[dict[str, Value]]:
    """The rows of a CSV file; one that is too short lacks columns. Raises UsageError for one that is too long."""
    import csv
    import io

    rows: list[dict[str, Value]] = []
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    for row in csv.DictReader(io.StringIO(text, newline="")):  # which may end in `\r`, too
        if None in row:  # where the reader puts what has no column
            columns = len(row) - 1
            raise UsageError(f"{name}: row {len(rows) + 1} has {columns + len(row[None])} values for {columns} columns")
        rows.append({column: value for column, value in row.items() if value is not None})
    return rows
