"""Comparisons with values that an enum does not have: of inputs, of columns in conditions, of rows that were read."""

from __future__ import annotations

from xsrun.analysis.columns import tables_below_db
from xsrun.analysis.interface import View
from xsrun.analysis.model import Unit, values_of
from xsrun.analysis.report import span_of
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.names.places import fixed_key, root_of, unwrapped
from xsrun.syntax.nodes import Binary, Expression, ListLiteral, Literal, Name, Path, Statement, Variable
from xsrun.syntax.walk import below, expressions, statements

_COMPARISONS = frozenset({"==", "!=", "===", "!==", "==?", "!=?"})
_MEMBERSHIP = frozenset({"in", "not in", "in?", "not in?"})
#: Statements whose result is one row of their table.
_ROWS = frozenset({"db.get", "db.add", "db.edit", "db.patch", "db.add_or_edit"})
_CLAUSES = frozenset({"where", "search", "eval", "return", "join"})


class EnumComparisons:
    """Looks through the comparisons of one construct."""

    def __init__(self, workspace: View, unit: Unit) -> None:
        self.workspace, self.unit = workspace, unit
        declared = [field for field in unit.inputs.values() if not field.filters and field.list_size is None]
        self.inputs = {field.name: values for field in declared if (values := values_of(field))}
        stack = unit.node.block("stack")
        self.items = list(statements(stack.body if stack is not None else None))
        self.rows: dict[str, str] = {}

    def check(self) -> None:
        if not self.inputs and not self._any_columns():
            return
        self.rows = self._rows()
        for item in self.items:
            tables = _tables(item)
            for expression, role in expressions(item):
                self._look(expression, tables if role in _CLAUSES else {})
            if item.name == "switch" and isinstance(item.target, Expression):
                subject = self._enum(item.target, {})
                for case in item.blocks("case") if subject is not None else ():
                    if isinstance(case.target, Expression):
                        self._compare(subject, case.target)
        response = self.unit.node.attribute("response")
        if response is not None:
            self._look(response, {})

    def _any_columns(self) -> bool:
        """Has any table that the construct names a column with counted values?"""
        named = {table for item in self.items for table in _tables(item).values() if table}
        return any(self.workspace.enums(table) for table in sorted(named))

    def _rows(self) -> dict[str, str]:
        """Variable -> table, of variables that hold nothing but rows of one table, as they were read or written."""
        found: dict[str, str] = {}
        others: set[str] = set()
        for item in self.items:
            target = root_of(item.target) if isinstance(item.target, (Variable, Path)) else None
            if target is not None:
                others.add(target)
            result = root_of(item.result) if item.result is not None else None
            if result is None:
                continue
            table = item.target.text if item.name in _ROWS and isinstance(item.target, Name) else ""
            plain = isinstance(item.result, Variable) and item.find("addon") is None and item.find("mock") is None
            if not (table and plain) or found.setdefault(result, table) != table:
                others.add(result)
        return {name: table for name, table in found.items() if name not in others}

    def _look(self, expression: Expression, tables: dict[str, str | None]) -> None:
        for node in below(expression):
            if not isinstance(node, Binary):
                continue
            if node.operator in _COMPARISONS:
                for side, other in ((node.left, node.right), (node.right, node.left)):
                    self._compare(self._enum(side, tables), other)
            elif node.operator in _MEMBERSHIP:
                listed = unwrapped(node.right)
                for one in listed.items if isinstance(listed, ListLiteral) else []:
                    self._compare(self._enum(node.left, tables), one)

    def _enum(self, side: Expression, tables: dict[str, str | None]) -> tuple[str, tuple[str, ...]] | None:
        """The name and the values of the enum that a side of a comparison is."""
        node = unwrapped(side)
        if not (isinstance(node, Path) and isinstance(node.base, Variable)):
            return None
        keys = [fixed_key(segment) for segment in node.segments]
        root, last = node.base.name, keys[-1]
        if last is None or len(keys) != (2 if root == "db" else 1):
            return None
        if root == "input":
            values = self.inputs.get(last)
        else:
            table = tables.get(keys[0] or "") if root == "db" else self.rows.get(root)
            values = self.workspace.enums(table).get(last) if table else None
        return (last, values) if values else None

    def _compare(self, enum: tuple[str, tuple[str, ...]] | None, other: Expression) -> None:
        value = unwrapped(other)
        if enum is None or not (isinstance(value, Literal) and isinstance(value.value, str)):
            return
        name, known = enum
        if value.value not in ("", *known):
            hint = did_you_mean(value.value, known) or f"its values are {', '.join(known)}"
            text = f"`{name}` is never `{value.value}`: that is not one of its values"
            self.unit.report.add("XS623", text, span_of(value), hint)


def _tables(item: Statement) -> dict[str, str | None]:
    """Name below `$db` -> table, of a statement about a table."""
    return tables_below_db(item) if item.name.startswith("db.") and isinstance(item.target, Name) else {}
