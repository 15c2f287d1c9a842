"""Statements about one row: what goes into a table, and what comes back (semantics 4.1, 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from xsrun.database.addons import add_on
from xsrun.database.backend import Condition, Sql, type_of
from xsrun.database.expressions import ExpressionCompiler
from xsrun.database.operands import code_of, flag
from xsrun.database.outputs import pick
from xsrun.database.plans import Column, Operand, RowPlan, setting
from xsrun.database.prepared import Prepared, Reader, prepared
from xsrun.database.stored_files import with_addresses
from xsrun.database.tables import Table
from xsrun.database.typed import Source
from xsrun.database.writing import changes, encoded, insert, object_of
from xsrun.errors import MissingParamError, NotFoundError
from xsrun.syntax.nodes import Binary
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.session import Session
    from xsrun.running.context import Context

# Finding by one field ------------------------------------------------------------------------------------------------


def lookup_value(value: Value) -> Value:
    """The value to look for, which may not be null (semantics 4.2)."""
    if value is None:
        raise MissingParamError("field_value", hint="the value to look for is null; test it before")
    return value


def field_of(value: Value) -> str:
    """The field to look in: `id` when none is named."""
    return "id" if value is None or value == "" else str(value)


def finder(session: Session, table: Table, field: str, value: Value) -> tuple[Condition, ExpressionCompiler]:
    """The condition `field == value` on a table, and the compiler that holds its parameters."""
    columns = session.backend.source(table)
    compiler = ExpressionCompiler(session.backend, {table.name: Source(table, columns)}, table.name, (value,))
    names = [field] if field in table.by_name else [table.name, field]
    if "." in field and names[0] == table.name:
        names = [table.name, *field.split(".")]
    condition = compiler.condition(Binary(Column(names), "==", Operand(0)))
    assert condition is not None  # only an operator with `?` drops its clause
    return condition, compiler


def first_id(session: Session, table: Table, condition: Condition) -> Sql:
    """The id of the first row that meets a condition, as a subquery."""
    stored = session.backend.stored(table).alias("found")
    moved = sa.sql.visitors.replacement_traverse(
        condition, {}, lambda element, **_: stored.c.get(element.key) if isinstance(element, sa.Column) else None
    )
    return sa.select(stored.c.id).where(moved).order_by(stored.c.id).limit(1).scalar_subquery()


def matched(session: Session, table: Table, field: str, condition: Condition) -> Condition:
    """The condition that holds for one row only: the first that meets a condition."""
    return condition if field == "id" else session.backend.stored(table).c.id == first_id(session, table, condition)


def find(
    session: Session, table: Table, field: str, value: Value, reader: Reader, lock: bool = False
) -> dict[str, Value] | None:
    """The first row whose field has a value, as the reader reads it; None when there is none."""
    key = ("find", field, code_of(value), reader, lock and session.depth > 0)
    statement = table.prepared.get(key)
    if statement is None:
        condition, compiler = finder(session, table, field, value)
        columns = compiler.sources[table.name].columns
        query = sa.select(*(columns.c[name] for name in reader.names)).where(condition)
        if field != "id":
            query = query.order_by(columns.c.id).limit(1)
        if lock and session.depth and table.exists:
            query = query.with_for_update()
        statement = table.prepared[key] = prepared(session.backend, query, compiler)
    rows = session.execute(statement.sql, statement.parameters((value,), session.context))
    return with_addresses(session, table, reader.read(rows[0])) if rows else None


def whole_reader(session: Session, table: Table) -> Reader:
    """Reads every column of a table, hidden ones too."""
    found = table.readers.get("whole")
    if found is None:
        found = table.readers["whole"] = Reader(session.backend, table, list(table.columns))
    return found


def visible(table: Table, row: dict[str, Value]) -> dict[str, Value]:
    """A row without internal columns (semantics 4.1)."""
    if any(column.hidden for column in table.columns):
        return {name: value for name, value in row.items() if not table.by_name[name].hidden}
    return row


def answer(session: Session, plan: RowPlan, operands: tuple[Value, ...], table: Table, row: dict[str, Value]) -> Value:
    """The row that a statement binds: what `output` names, or all that is not internal, and the addons."""
    output = setting(plan.output, operands)
    shown = pick(row, output) if output else visible(table, row)
    if plan.addons:
        shown = dict(shown)
        add_on(session, plan.addons, operands, [(row, shown)])
    return shown


def value_of(plan: RowPlan, operands: tuple[Value, ...], name: str) -> Value:
    """The value of an attribute; null when it is not written."""
    index = plan.given.get(name)
    return None if index is None else operands[index]


# The statements ------------------------------------------------------------------------------------------------------


def get(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.get`: the first row whose field has the value, or null."""
    table = session.table(plan.table)
    value = lookup_value(value_of(plan, operands, "field_value"))
    field = field_of(value_of(plan, operands, "field_name"))
    lock = flag(value_of(plan, operands, "lock"), "lock")
    if plan.output is None and not plan.addons:
        return find(session, table, field, value, visible_reader(session, table), lock)
    row = find(session, table, field, value, whole_reader(session, table), lock)
    return None if row is None else answer(session, plan, operands, table, row)


def visible_reader(session: Session, table: Table) -> Reader:
    """Reads the columns of a table that are not internal."""
    found = table.readers.get("visible")
    if found is None:
        columns = [column for column in table.columns if not column.hidden]
        found = table.readers["visible"] = Reader(session.backend, table, columns)
    return found


def has(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> bool:
    """`db.has`: whether there is a row whose field has the value."""
    table = session.table(plan.table)
    value = lookup_value(value_of(plan, operands, "field_value"))
    field = field_of(value_of(plan, operands, "field_name"))
    key = ("has", field, code_of(value))
    statement = table.prepared.get(key)
    if statement is None:
        condition, compiler = finder(session, table, field, value)
        source = compiler.sources[table.name].columns
        query: sa.ClauseElement = sa.select(sa.literal_column("1")).select_from(source).where(condition).limit(1)
        statement = table.prepared[key] = prepared(session.backend, query, compiler)
    return bool(session.execute(statement.sql, statement.parameters((value,), session.context)))


def add(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.add`: insert a row and bind it."""
    table, row = insert(session, session.table(plan.table), object_of(value_of(plan, operands, "data")))
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
    value = lookup_value(value_of(plan, operands, "field_value"))
    field = field_of(value_of(plan, operands, "field_name"))
    data = object_of(value_of(plan, operands, "data"))
    table = session.table(plan.table)
    table, row = update_row(session, table, field, value, data, nulls=nulls)
    if row is None:
        raise missing_row(table, field, value)
    return answer(session, plan, operands, table, row)


def missing_row(table: Table, field: str, value: Value) -> NotFoundError:
    """The error of an edit, patch or del that finds no row (semantics 10, row 22)."""
    return NotFoundError(hint=f'no row of table "{table.name}" has {field} = {value!r}')


def update_row(
    session: Session, table: Table, field: str, value: Value, data: dict[str, Value], *, nulls: bool
) -> tuple[Table, dict[str, Value] | None]:
    """Change the first row whose field has a value; returns the table as it is then, and the row after it."""
    new = changes(session, table, data, nulls=nulls)
    if not table.exists:
        return table, None
    if not table.declared:
        table = session.grown(table, new)
    if not watched(session, table):
        return table, change(session, table, field, value, new)
    with session.atomic():
        old = find(session, table, field, value, whole_reader(session, table))
        row = None if old is None else change(session, table, "id", old["id"], new)
    if old is not None and row is not None:
        after_write(session, table, "update", row, old)
    return table, row


def change(session: Session, table: Table, field: str, value: Value, new: dict[str, Value]) -> dict[str, Value] | None:
    """The UPDATE of one row; the row after it, or None when there is none."""
    reader = whole_reader(session, table)
    if not new:
        return find(session, table, field, value, reader)
    names = tuple(new)
    key = ("update", field, code_of(value), names)
    statement = table.prepared.get(key)
    if statement is None:
        statement = table.prepared[key] = updating(session, table, field, value, names, reader)
    given = [encoded(table, table.by_name[name], one, session) for name, one in new.items()]
    rows = session.execute(statement.sql, statement.parameters((value, *given), session.context), writes=True)
    return with_addresses(session, table, reader.read(rows[0])) if rows else None


def updating(
    session: Session, table: Table, field: str, value: Value, names: tuple[str, ...], reader: Reader
) -> Prepared:
    """The statement that sets columns of one row and gives the row."""
    stored = session.backend.stored(table)
    condition, compiler = finder(session, table, field, value)
    given = {
        name: sa.bindparam(compiler.new_bind(position, as_given), type_=type_of(table.by_name[name].kind))
        for position, name in enumerate(names, 1)
    }
    statement = sa.update(stored).where(matched(session, table, field, condition)).values(given)
    return prepared(session.backend, statement.returning(*(stored.c[name] for name in reader.names)), compiler)


def as_given(value: Value, _context: Context) -> Value:
    """A parameter that is encoded already."""
    return value


def add_or_edit(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """`db.add_or_edit`: change the row whose field has the value, or insert one that has it."""
    value = lookup_value(value_of(plan, operands, "field_value"))
    field = field_of(value_of(plan, operands, "field_name"))
    data = object_of(value_of(plan, operands, "data"))
    table = session.table(plan.table)
    with session.atomic():
        table, row = update_row(session, table, field, value, data, nulls=False)
        if row is None:
            table, row = insert(session, table, {field: value, **data})
            after_write(session, table, "insert", row, {})
    return answer(session, plan, operands, table, row)


def delete(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> None:
    """`db.del`: delete one row; 404 when there is none."""
    value = lookup_value(value_of(plan, operands, "field_value"))
    field = field_of(value_of(plan, operands, "field_name"))
    table = session.table(plan.table)
    if not table.exists:
        finder(session, table, field, value)
        raise missing_row(table, field, value)
    key = ("delete", field, code_of(value))
    statement = table.prepared.get(key)
    if statement is None:
        stored = session.backend.stored(table)
        condition, compiler = finder(session, table, field, value)
        query = sa.delete(stored).where(matched(session, table, field, condition)).returning(*stored.c)
        statement = table.prepared[key] = prepared(session.backend, query, compiler)
    rows = session.execute(statement.sql, statement.parameters((value,), session.context), writes=True)
    if not rows:
        raise missing_row(table, field, value)
    if watched(session, table):
        old = with_addresses(session, table, whole_reader(session, table).read(rows[0]))
        after_write(session, table, "delete", {}, old)


def truncate(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> None:
    """`db.truncate`: delete all rows; with `reset` the ids start from 1 again."""
    table = session.table(plan.table)
    if table.exists:
        reset = flag(value_of(plan, operands, "reset"), "reset")
        for text, parameters in session.backend.truncation(table.physical, reset):
            session.execute(text, parameters, writes=True)
    after_write(session, table, "truncate", {}, {})


# Triggers ------------------------------------------------------------------------------------------------------------


def watched(session: Session, table: Table) -> bool:
    """Whether somebody wants to know of the writes to a table."""
    workspace = session.context.workspace
    tells = getattr(workspace, "is_watched", None)
    return bool(tells(table.name)) if tells is not None else hasattr(workspace, "after_write")


def after_write(session: Session, table: Table, action: str, new: dict[str, Value], old: dict[str, Value]) -> None:
    """Tell the workspace of a write: it runs the table's triggers."""
    tell = getattr(session.context.workspace, "after_write", None)
    if tell is not None:
        tell(session.context, table.name, action, new, old)
