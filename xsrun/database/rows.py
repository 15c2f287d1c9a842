"""Statements about one row: what goes into a table, and what comes back (semantics 4.1, 4.2)."""

from __future__ import annotations

from collections.abc import Hashable

from xsrun.database.addons import add_on
from xsrun.database.connection import Row
from xsrun.database.kept_sql import written_once
from xsrun.database.operands import code_of, flag
from xsrun.database.outputs import pick
from xsrun.database.plans import RowPlan, setting, value_of
from xsrun.database.prepared import RowReader, WrittenSql
from xsrun.database.ready_sql import ready
from xsrun.database.row_values import encoded, object_of
from xsrun.database.session import Session
from xsrun.database.stored_files import with_addresses
from xsrun.database.tables import Table
from xsrun.database.writing import changes, insert
from xsrun.errors import MissingParamError, NotFoundError
from xsrun.running.at_once import TakesLonger
from xsrun.values.conversion import Value, as_utf8, describe

# Finding by one field ------------------------------------------------------------------------------------------------


def looked_for(plan: RowPlan, operands: tuple[Value, ...]) -> tuple[str, Value]:
    """The field to look in, else `id`, and the value to look for, which may not be null (semantics 4.2)."""
    field, value = value_of(plan, operands, "field_name"), value_of(plan, operands, "field_value")
    if value is None:
        raise MissingParamError("field_value", hint="the value to look for is null; test it before")
    return "id" if field is None or field == "" else as_utf8(field), value


def by_field(
    session: Session, table: Table, field: str, values: tuple[Value, ...], build: str, *what: Hashable
) -> list[Row]:
    """Execute what `build` makes for a field that has the first of the values; made once for its type.

    `build` is the name of a function of `row_statements`; `what` goes to it.
    """
    key = (build, field, code_of(values[0]), *what)
    statement = table.prepared.get(key)
    if statement is None:
        if not may_have(table, field):
            return []
        if session.context.at_once:
            raise TakesLonger  # to write a statement takes its time

        def write() -> WrittenSql:
            from xsrun.database.row_statements import written

            return written(session.backend, table, field, values[0], build, what)

        found = written_once(session.backend, (build, field, key[2], table.facts(), *what), write)
        statement = table.prepared.put(key, ready(session.backend, found))
    parameters = statement.parameters(values, session.context)
    return session.transaction.execute(statement.sql, parameters, writes=build in ("setting_columns", "deleting"))


def may_have(table: Table, field: str) -> bool:
    """Can a row of the table have this field? Those of an undeclared table have no others than were written."""
    return table.declared or field.partition(".")[0] in table.by_name


def find(
    session: Session, table: Table, field: str, value: Value, reader: RowReader, lock: bool = False
) -> dict[str, Value] | None:
    """The first row whose field has a value, as the reader reads it; None when there is none."""
    lock = lock and session.transaction.depth > 0 and table.exists
    if lock:
        session.transaction.hold()
    rows = by_field(session, table, field, (value,), "finding", reader.names, lock)
    return with_addresses(session.context, table, reader.read(rows[0])) if rows else None


def visible(table: Table, row: dict[str, Value]) -> dict[str, Value]:
    """A row without internal columns (semantics 4.1)."""
    return {name: value for name, value in row.items() if name not in table.hidden} if table.hidden else row


def answer(session: Session, plan: RowPlan, operands: tuple[Value, ...], table: Table, row: dict[str, Value]) -> Value:
    """The row that a statement binds: what `output` names, or all that is not internal, and the addons."""
    output = setting(plan.output, operands)
    shown = pick(row, output) if output else visible(table, row)
    if plan.addons:
        shown = dict(shown)
        add_on(session, plan.addons, operands, [(row, shown)])
    return shown


# The statements ------------------------------------------------------------------------------------------------------


def get(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.get`: the first row whose field has the value, or null."""
    table = session.catalog.table(plan.table)
    field, value = looked_for(plan, operands)
    lock = flag(value_of(plan, operands, "lock"), "lock")
    if plan.output is None and not plan.addons:
        return find(session, table, field, value, session.backend.reader(table, hidden=False), lock)
    row = find(session, table, field, value, session.backend.reader(table, hidden=True), lock)
    return None if row is None else answer(session, plan, operands, table, row)


def has(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> bool:
    """`db.has`: whether there is a row whose field has the value."""
    table = session.catalog.table(plan.table)
    field, value = looked_for(plan, operands)
    return bool(by_field(session, table, field, (value,), "testing"))


def add(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.add`: insert a row and bind it."""
    table, row = insert(session, session.catalog.table(plan.table), object_of(value_of(plan, operands, "data")))
    after_write(session, table, "insert", row, {})
    return answer(session, plan, operands, table, row)


def edit(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.edit`: change the listed columns of one row; a null for a column that takes none is ignored."""
    return update(session, plan, operands, nulls=False)


def patch(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.patch`: change every column that the data has, with nulls and blanks."""
    return update(session, plan, operands, nulls=True)


def update(session: Session, plan: RowPlan, operands: tuple[Value, ...], *, nulls: bool) -> Value:
    """Change one row, found by a field; 404 when there is none."""
    field, value = looked_for(plan, operands)
    data = object_of(value_of(plan, operands, "data"))
    table = session.catalog.table(plan.table)
    table, row = update_row(session, table, field, value, data, nulls=nulls)
    if row is None:
        raise missing_row(table, field, value)
    return answer(session, plan, operands, table, row)


def missing_row(table: Table, field: str, value: Value) -> NotFoundError:
    """The error of an edit, patch or del that finds no row (semantics 10, row 22)."""
    shown = describe(value) if value.__class__ is list or value.__class__ is dict else repr(value)
    return NotFoundError(hint=f'no row of table "{table.name}" has {field} = {shown}')


def update_row(
    session: Session, table: Table, field: str, value: Value, data: dict[str, Value], *, nulls: bool
) -> tuple[Table, dict[str, Value] | None]:
    """Change the first row whose field has a value; returns the table as it is then, and the row after it."""
    new = changes(session, table, data, nulls=nulls)
    if not table.exists:
        return table, None
    if not table.declared:
        table = session.catalog.grown(table, new)
    if not watched(session, table):
        return table, change(session, table, field, value, new)
    with session.transaction.atomic():
        old = find(session, table, field, value, session.backend.reader(table, hidden=True))
        row = None if old is None else change(session, table, "id", old["id"], new)
    if old is not None and row is not None:
        after_write(session, table, "update", row, old)
    return table, row


def change(session: Session, table: Table, field: str, value: Value, new: dict[str, Value]) -> dict[str, Value] | None:
    """The UPDATE of one row; the row after it, or None when there is none."""
    reader = session.backend.reader(table, hidden=True)
    if not new:
        return find(session, table, field, value, reader)
    given = [encoded(session.backend, table, table.by_name[name], one) for name, one in new.items()]
    rows = by_field(session, table, field, (value, *given), "setting_columns", reader.names, *new)
    return with_addresses(session.context, table, reader.read(rows[0])) if rows else None


def add_or_edit(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.add_or_edit`: change the row whose field has the value, or insert one that has it."""
    field, value = looked_for(plan, operands)
    data = object_of(value_of(plan, operands, "data"))
    table = session.catalog.table(plan.table)
    with session.transaction.atomic():
        table, row = update_row(session, table, field, value, data, nulls=False)
        if row is None:
            table, row = insert(session, table, {field: value, **data})
            after_write(session, table, "insert", row, {})
    return answer(session, plan, operands, table, row)


def delete(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> None:
    """`db.del`: delete one row; 404 when there is none."""
    field, value = looked_for(plan, operands)
    table = session.catalog.table(plan.table)
    if not table.exists:
        from xsrun.database.row_statements import Finder

        Finder(session.backend, table, field, value)
        raise missing_row(table, field, value)
    rows = by_field(session, table, field, (value,), "deleting")
    if not rows:
        raise missing_row(table, field, value)
    if watched(session, table):
        old = with_addresses(session.context, table, session.backend.reader(table, hidden=True).read(rows[0]))
        after_write(session, table, "delete", {}, old)


def truncate(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> None:
    """`db.truncate`: delete all rows; with `reset` the ids start from 1 again."""
    table = session.catalog.table(plan.table)
    if table.exists:
        reset = flag(value_of(plan, operands, "reset"), "reset")
        for text, parameters in session.backend.truncation(table.physical, reset):
            session.transaction.execute(text, parameters, writes=True)
    after_write(session, table, "truncate", {}, {})


# Triggers ------------------------------------------------------------------------------------------------------------


def watched(session: Session, table: Table) -> bool:
    """Does anything wait for writes to this table?"""
    workspace = session.context.workspace
    return workspace is not None and workspace.is_watched(table.name)


def after_write(session: Session, table: Table, action: str, new: dict[str, Value], old: dict[str, Value]) -> None:
    """Tell the workspace about a write, so that it runs the table's triggers."""
    workspace = session.context.workspace
    if workspace is not None:
        workspace.after_write(session.context, table.name, action, new, old)
