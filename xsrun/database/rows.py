"""Statements about one row: what goes into a table, and what comes back (semantics 4.1, 4.2)."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xsrun.database.addons import add_on
from xsrun.database.backend import type_of
from xsrun.database.columns import DOCUMENTS, ColumnDefinition
from xsrun.database.expressions import ExpressionCompiler, Source, unknown_column
from xsrun.database.operands import code_of
from xsrun.database.outputs import pick
from xsrun.database.plans import Column, Operand, RowPlan, setting
from xsrun.database.prepared import Prepared, Reader, prepared
from xsrun.database.tables import Table
from xsrun.errors import InputError, NotFoundError, XanoScriptError
from xsrun.fields import default_value
from xsrun.runtime.values import Value, as_object
from xsrun.syntax.nodes import Binary

if TYPE_CHECKING:
    from xsrun.database.session import Session

_UNIT = Decimal("0.00001")
#: A decimal column has nine digits before the point (semantics 4.1).
_MOST = 1e9


# What is written -----------------------------------------------------------------------------------------------------


def rounded(value: float) -> float:
    """A decimal as a column keeps it: five places. Raises the engine's error for more than nine digits before them."""
    if not -_MOST < value < _MOST:
        raise XanoScriptError("SQL Error: 0", hint=f"{value:g} has more than nine digits before the point")
    short = round(value, 5)
    return value if short == value else float(Decimal(repr(value)).quantize(_UNIT, ROUND_HALF_UP))


def column_value(column: ColumnDefinition, value: Value, context: Any) -> Value:
    """A value that is not null as a column keeps it. Raises InputError that names the column."""
    declared = column.declared
    if declared is not None:
        value = declared.write(value, context, column.name)
    if column.kind == "decimal" and value is not None:
        return rounded(value)
    return value


def encoded(table: Table, column: ColumnDefinition, value: Value, session: Session) -> Any:
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
    """Refuse keys that a declared table has no column for (semantics 4.1)."""
    if table.declared:
        for key in data:
            if key not in table.by_name:
                raise unknown_column(table, key)


def object_of(data: Value) -> dict[str, Value]:
    """The data of a statement, which must be an object."""
    if data.__class__ is dict:
        return data  # type: ignore[no-any-return]
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
    check_keys(table, data)
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
    check_keys(table, data)
    found: dict[str, Value] = {}
    for name, value in data.items():
        column = table.by_name.get(name)
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
            from xsrun.fields import zero_value

            found[name] = zero_value(column.declared, session.context, column=True)
    return found


def explicit_id(table: Table, data: dict[str, Value], session: Session) -> Value:
    """The id that a new row asks for, or None to take the next."""
    value = data.get("id")
    column = table.id
    if value is None or value in (0, ""):
        return str(uuid.uuid4()) if column.kind == "text" else None
    if column.declared is not None:
        return column.declared.write(value, session.context, "id")
    if column.kind == "int":
        if value.__class__ is not int:
            raise InputError("Value is not a valid integer", "id", hint=f'the ids of table "{table.name}" are numbers')
        return value
    return str(value)


# Inserting -----------------------------------------------------------------------------------------------------------


def insert(session: Session, table: Table, data: dict[str, Value], *, stamped: bool = True) -> tuple[Table, dict[str, Value]]:
    """Insert a row; returns the table as it is then, and the whole row as it is kept."""
    if not table.exists and data.get("id").__class__ is str and data["id"]:
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
    key = ("insert", tuple(given))
    found = table.prepared.get(key)
    if found is None:
        found = table.prepared[key] = insertion(session, table, list(given))
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
    return whole


def restore_rows(session: Session, table: Table, items: Iterable[dict[str, Any]]) -> None:
    """Insert rows that were read from a table, as they are."""
    for item in items:
        row = {name: value for name, value in item.items() if name != "id"}
        if table.declared:
            row = {name: value for name, value in row.items() if name in table.by_name}
        else:
            if not table.exists and item.get("id").__class__ is str:
                table = session.backend.undeclared_table(table.name, table.datasource, (), "text", exists=False)
            table = session.grown(table, row)
        write_row(session, table, row, item.get("id"))


def insertion(session: Session, table: Table, names: list[str]) -> tuple[str, list[str]]:
    """The text that inserts a row of these columns, and the order in which it takes them."""
    stored = session.backend.stored(table)
    given = {
        name: sa.bindparam(f"c{position}", type_=type_of(table.by_name[name].kind)) for position, name in enumerate(names)
    }
    statement = sa.insert(stored).values(given) if given else sa.insert(stored)
    text = session.backend.text(statement.returning(stored.c.id))
    return text.sql, [names[int(name[1:])] for name in text.order]


def insert_seed(session: Session, table: Table, items: Iterable[dict[str, Any]]) -> None:
    """Insert rows with the ids they have; an undeclared table gets no other columns than theirs."""
    for item in items:
        table, _ = insert(session, table, object_of(item), stamped=False)
    if not table.exists:
        session.grown(table, ())


# Finding by one field ------------------------------------------------------------------------------------------------


def lookup_value(value: Value) -> Value:
    """The value to look for, which may not be null (semantics 4.2)."""
    if value is None:
        raise InputError(
            "Missing param: field_value", "field_value", hint="the value to look for is null; test it before"
        )
    return value


def field_of(value: Value) -> str:
    """The field to look in: `id` when none is named."""
    return "id" if value is None or value == "" else str(value)


def finder(session: Session, table: Table, field: str, value: Value) -> tuple[Any, ExpressionCompiler]:
    """The condition `field == value` on a table, and the compiler that holds its parameters."""
    columns = session.backend.source(table)
    compiler = ExpressionCompiler(session.backend, {table.name: Source(table, columns)}, table.name, (value,))
    names = [field] if field in table.by_name else [table.name, field]
    if "." in field and names[0] == table.name:
        names = [table.name, *field.split(".")]
    return compiler.condition(Binary(Column(names), "==", Operand(0))), compiler


def first_id(session: Session, table: Table, condition: Any) -> Any:
    """The id of the first row that meets a condition, as a subquery."""
    stored = session.backend.stored(table).alias("found")
    moved = sa.sql.visitors.replacement_traverse(
        condition, {}, lambda element, **_: stored.c.get(element.key) if isinstance(element, sa.Column) else None
    )
    return sa.select(stored.c.id).where(moved).order_by(stored.c.id).limit(1).scalar_subquery()


def matched(session: Session, table: Table, field: str, condition: Any) -> Any:
    """The condition that holds for one row only: the first that meets a condition."""
    return condition if field == "id" else session.backend.stored(table).c.id == first_id(session, table, condition)


def find(session: Session, table: Table, field: str, value: Value, reader: Reader, lock: bool = False) -> Any:
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
    return reader.read(rows[0]) if rows else None


def whole_reader(session: Session, table: Table) -> Reader:
    """Reads every column of a table, hidden ones too."""
    found = table.prepared.get("whole")
    if found is None:
        found = table.prepared["whole"] = Reader(session.backend, table, list(table.columns))
    return found  # type: ignore[no-any-return]


def visible(table: Table, row: dict[str, Value]) -> dict[str, Value]:
    """A row without internal columns (semantics 4.1)."""
    if any(column.hidden for column in table.columns):
        return {name: value for name, value in row.items() if not table.by_name[name].hidden}
    return row


def answer(session: Session, plan: RowPlan, operands: tuple[Any, ...], table: Table, row: dict[str, Value]) -> Value:
    """The row that a statement binds: what `output` names, or all that is not internal, and the addons."""
    output = setting(plan.output, operands)
    shown = pick(row, output) if output else visible(table, row)
    if plan.addons:
        shown = dict(shown)
        add_on(session, plan.addons, operands, [(row, shown)])
    return shown


def value_of(plan: RowPlan, operands: tuple[Any, ...], name: str) -> Value:
    """The value of an attribute; null when it is not written."""
    index = plan.given.get(name)
    return None if index is None else operands[index]


# The statements ------------------------------------------------------------------------------------------------------


def get(session: Session, plan: RowPlan, operands: tuple[Any, ...]) -> Value:
    """`db.get`: the first row whose field has the value, or null."""
    table = session.table(plan.table)
    value = lookup_value(value_of(plan, operands, "field_value"))
    field = field_of(value_of(plan, operands, "field_name"))
    lock = bool(value_of(plan, operands, "lock"))
    if plan.output is None and not plan.addons:
        return find(session, table, field, value, visible_reader(session, table), lock)
    row = find(session, table, field, value, whole_reader(session, table), lock)
    return None if row is None else answer(session, plan, operands, table, row)


def visible_reader(session: Session, table: Table) -> Reader:
    """Reads the columns of a table that are not internal."""
    found = table.prepared.get("visible")
    if found is None:
        columns = [column for column in table.columns if not column.hidden]
        found = table.prepared["visible"] = Reader(session.backend, table, columns)
    return found  # type: ignore[no-any-return]


def has(session: Session, plan: RowPlan, operands: tuple[Any, ...]) -> bool:
    """`db.has`: whether there is a row whose field has the value."""
    table = session.table(plan.table)
    value = lookup_value(value_of(plan, operands, "field_value"))
    field = field_of(value_of(plan, operands, "field_name"))
    key = ("has", field, code_of(value))
    statement = table.prepared.get(key)
    if statement is None:
        condition, compiler = finder(session, table, field, value)
        source = compiler.sources[table.name].columns
        query = sa.select(sa.literal_column("1")).select_from(source).where(condition).limit(1)
        statement = table.prepared[key] = prepared(session.backend, query, compiler)
    return bool(session.execute(statement.sql, statement.parameters((value,), session.context)))


def add(session: Session, plan: RowPlan, operands: tuple[Any, ...]) -> Value:
    """`db.add`: insert a row and bind it."""
    table, row = insert(session, session.table(plan.table), object_of(value_of(plan, operands, "data")))
    after_write(session, table, "insert", row, {})
    return answer(session, plan, operands, table, row)


def edit(session: Session, plan: RowPlan, operands: tuple[Any, ...]) -> Value:
    """`db.edit`: change the listed columns of one row; a null for a column that takes none is ignored."""
    return update(session, plan, operands, nulls=False)


def patch(session: Session, plan: RowPlan, operands: tuple[Any, ...]) -> Value:
    """`db.patch`: change every column that the data has, with nulls and blanks."""
    return update(session, plan, operands, nulls=True)


def update(session: Session, plan: RowPlan, operands: tuple[Any, ...], *, nulls: bool) -> Value:
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
    if row is not None:
        after_write(session, table, "update", row, old)
    return table, row


def change(session: Session, table: Table, field: str, value: Value, new: dict[str, Value]) -> dict[str, Value] | None:
    """The UPDATE of one row; the row after it, or None when there is none."""
    reader = whole_reader(session, table)
    if not new:
        return find(session, table, field, value, reader)  # type: ignore[no-any-return]
    names = tuple(new)
    key = ("update", field, code_of(value), names)
    statement = table.prepared.get(key)
    if statement is None:
        statement = table.prepared[key] = updating(session, table, field, value, names, reader)
    given = [encoded(table, table.by_name[name], one, session) for name, one in new.items()]
    rows = session.execute(statement.sql, statement.parameters((value, *given), session.context), writes=True)
    return reader.read(rows[0]) if rows else None


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


def as_given(value: Any, _context: Any) -> Any:
    """A parameter that is encoded already."""
    return value


def add_or_edit(session: Session, plan: RowPlan, operands: tuple[Any, ...]) -> Value:
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


def delete(session: Session, plan: RowPlan, operands: tuple[Any, ...]) -> None:
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
        after_write(session, table, "delete", {}, whole_reader(session, table).read(rows[0]))


def truncate(session: Session, plan: RowPlan, operands: tuple[Any, ...]) -> None:
    """`db.truncate`: delete all rows; with `reset` the ids start from 1 again."""
    table = session.table(plan.table)
    if table.exists:
        reset = bool(value_of(plan, operands, "reset"))
        for text, parameters in session.backend.truncation(table.physical, reset):
            session.execute(text, parameters, writes=True)
    after_write(session, table, "truncate", {}, {})


# Triggers ------------------------------------------------------------------------------------------------------------


def watched(session: Session, table: Table) -> bool:
    """Whether somebody wants to know of the writes to a table."""
    workspace = session.context.workspace
    tells = getattr(workspace, "is_watched", None)
    return bool(tells(table.name)) if tells is not None else hasattr(workspace, "after_write")


def after_write(session: Session, table: Table, action: str, new: dict[str, Value], old: Any) -> None:
    """Tell the workspace of a write: it runs the table's triggers."""
    tell = getattr(session.context.workspace, "after_write", None)
    if tell is not None:
        tell(session.context, table.name, action, new, old)


def is_whole(number: Any) -> bool:
    """Whether a number has no fraction."""
    return number.__class__ is int or (math.isfinite(number) and number == int(number))
