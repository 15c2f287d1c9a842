"""`db.schema`: what a table declares, as data."""

from __future__ import annotations

from xsrun.database.columns import ColumnDefinition
from xsrun.database.plans import RowPlan, value_of
from xsrun.database.session import Session
from xsrun.database.tables import Table
from xsrun.errors import NotFoundError
from xsrun.fields.declared import Declared
from xsrun.fields.literals import NOW
from xsrun.values.conversion import Value, as_utf8


def schema(session: Session, plan: RowPlan, operands: tuple[Value, ...]) -> Value:
    """The columns of a table as a list, or the one at `path` (dotted for members of objects)."""
    table = session.catalog.table(plan.table)
    if not table.exists and not table.declared:
        raise NotFoundError("Not Found", hint=f"there is no table `{plan.table}`")
    path = value_of(plan, operands, "path")
    if path in (None, ""):
        return [column_schema(column) for column in table.columns]
    return member_schema(table, as_utf8(path).split("."))


def member_schema(table: Table, names: list[str]) -> dict[str, Value]:
    """One column, or a member of an object column."""
    column = table.by_name.get(names[0])
    if column is None:
        raise NotFoundError("Not Found", hint=f'table "{table.name}" has no column `{names[0]}`')
    if len(names) == 1 or column.declared is None:
        return column_schema(column)
    declared = column.declared
    for name in names[1:]:
        found = next((one for one in declared.schema if one.name == name), None)
        if found is None:
            raise NotFoundError("Not Found", hint=f"`{declared.name}` has no member `{name}`")
        declared = found
    return declared_schema(declared)


def column_schema(column: ColumnDefinition) -> dict[str, Value]:
    declared = column.declared or Declared(column.name, "int" if column.name == "id" else "json", nullable=True)
    return declared_schema(declared)


def declared_schema(declared: Declared) -> dict[str, Value]:
    """One field: its name, type, flags, and what only some types have."""
    default: Value = declared.default if declared.has_default else None
    made: dict[str, Value] = {
        "name": declared.name,
        "type": declared.type,
        "style": "list" if declared.list_size is not None else "single",
        "nullable": declared.nullable,
        "required": declared.required,
        "default": "now" if default is NOW else default,
        "access": declared.visibility or "public",
        "description": declared.description,
    }
    if declared.type == "enum":
        made["values"] = list(declared.values)
    if declared.table is not None:
        made["tableref"] = declared.table
    if declared.schema:
        made["children"] = [declared_schema(child) for child in declared.schema]
    if declared.size is not None:
        made["size"] = declared.size
    return made
