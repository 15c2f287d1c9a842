"""Tables and their columns, as the statements of a stack name them (semantics 4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from xsrun.analysis.interface import View
from xsrun.analysis.model import Unit
from xsrun.analysis.report import span_of
from xsrun.database.plans import name_below_db
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.syntax.nodes import Entry, Expression, Literal, Name, Node, ObjectLiteral, Path, Statement, Variable
from xsrun.syntax.walk import below, expressions

#: Columns that every table has, declared or not.
ALWAYS = frozenset({"id", "created_at"})


def check_statement(workspace: View, unit: Unit, item: Statement, *, fails: bool = False) -> None:
    """Check the table that a database statement names, and the columns it writes, sorts by and compares.

    `fails`: the statement is meant to fail, so that the values that it writes may be wrong.
    """
    if not item.name.startswith("db.") or not isinstance(item.target, Name):
        return
    table = item.target.text
    if not table:
        text = f"`{item.name}` names no table; it raises an error when it is reached"
        hint = "the table it pointed to is gone; write the name of one"
        unit.report.add("XS421", text, span_of(item.target), hint)
        return
    columns = workspace.columns(table)
    if columns is None:
        if workspace.any("table"):
            hint = did_you_mean(table, workspace.names("table")) or "it is made when something is written to it"
            unit.report.add("XS710", f"the workspace declares no table `{table}`", span_of(item.target), hint)
        return
    if columns:
        _written(unit, item, table, columns)
        _field_name(unit, item, table, columns)
        _compared(workspace, unit, item)
        data = item.attribute("data")
        if not fails and isinstance(data, ObjectLiteral):
            check_enums(unit, data.entries, workspace.enums(table))


def check_enums(unit: Unit, entries: Iterable[Node], enums: dict[str, tuple[str, ...]]) -> None:
    """Check the texts that are given for inputs or columns whose values are counted up."""
    for entry in entries:
        if not isinstance(entry, Entry) or entry.disabled or entry.style == "variable" or entry.key not in enums:
            continue
        value, known = entry.value, enums[entry.key]
        if isinstance(value, Literal) and isinstance(value.value, str) and value.value not in ("", *known):
            hint = did_you_mean(value.value, known) or f"its values are {', '.join(known)}"
            text = f"`{value.value}` is not one of the values of `{entry.key}`"
            unit.report.add("XS725", text, span_of(value), hint)


def _unknown(unit: Unit, table: str, column: str, columns: Collection[str], place: tuple[int, int, int, int]) -> None:
    hint = did_you_mean(column, columns) or f"its columns are {', '.join(columns)}"
    unit.report.add("XS423", f"the table `{table}` has no column `{column}`", place, hint)


def _written(unit: Unit, item: Statement, table: str, columns: Collection[str]) -> None:
    data = item.attribute("data")
    for entry in data.entries if isinstance(data, ObjectLiteral) else []:
        if not isinstance(entry, Entry) or entry.disabled or entry.style == "variable":
            continue
        column = entry.key.partition(".")[0]
        if column not in columns and column not in ALWAYS:
            width = len(entry.key) + 2 * bool(entry.style in ('"', "'"))
            place = (entry.line, entry.column, entry.line, entry.column + width)
            hint = did_you_mean(column, columns) or f"its columns are {', '.join(columns)}"
            unit.report.add("XS716", f"`{column}` is dropped: the table `{table}` has no such column", place, hint)


def _field_name(unit: Unit, item: Statement, table: str, columns: Collection[str]) -> None:
    name = item.attribute("field_name")
    if isinstance(name, Literal) and isinstance(name.value, str) and name.value:
        column = name.value.partition(".")[0]
        if column not in columns and column not in ALWAYS:
            _unknown(unit, table, column, columns, span_of(name))


def _compared(workspace: View, unit: Unit, item: Statement) -> None:
    """Columns that conditions and computed values name: `$db.table.column`."""
    tables = _tables(workspace, item)
    for expression, role in expressions(item):
        if role in ("where", "eval", "return", "join"):
            for inner in below(expression):
                _check_path(unit, inner, tables)


def _tables(workspace: View, item: Statement) -> dict[str, Collection[str] | None]:
    """Name below `$db` -> columns; None where they are not known."""
    named = tables_below_db(item)
    return {name: workspace.columns(table) if table is not None else None for name, table in named.items()}


def tables_below_db(item: Statement) -> dict[str, str | None]:
    """Name below `$db` -> table, of a statement with a table: that one and the joined ones by alias."""
    assert isinstance(item.target, Name)
    tables: dict[str, str | None] = {item.target.text: item.target.text}
    join = item.attribute("join")
    for entry in join.entries if isinstance(join, ObjectLiteral) else []:
        if isinstance(entry, Entry) and isinstance(entry.value, ObjectLiteral):
            values = {e.key: e.value for e in entry.value.entries if isinstance(e, Entry)}
            table = values.get("table")
            named = table.value if isinstance(table, Literal) else None
            tables[entry.key] = named if isinstance(named, str) else None
    return {**{name_below_db(alias): table for alias, table in tables.items()}, **tables}


def _check_path(unit: Unit, node: Expression, tables: dict[str, Collection[str] | None]) -> None:
    if not (isinstance(node, Path) and isinstance(node.base, Variable) and node.base.name == "db"):
        return
    keys = [segment.key for segment in node.segments]
    if len(keys) < 2 or not isinstance(keys[0], str) or not isinstance(keys[1], str):
        return
    columns = tables.get(keys[0])
    if columns and keys[1] not in columns and keys[1] not in ALWAYS:
        segment = node.segments[1]
        _unknown(unit, keys[0], keys[1], columns, span_of(segment))
