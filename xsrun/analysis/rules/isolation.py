"""Rows that a transaction reads without a lock and then writes by what it read (semantics 12): warnings.

Between the two another transaction may change the row, on the hosted engine and on PostgreSQL, and its change is lost.
SQLite runs one transaction after another and never shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from xsrun.analysis.report import TextReport, span_of
from xsrun.language.isolation_levels import is_strict
from xsrun.names.places import place_of, root_of
from xsrun.names.reads import reads
from xsrun.syntax.nodes import Body, Expression, Literal, Name, Statement
from xsrun.syntax.walk import expressions, is_off

#: What writes a row, and the attribute that says what.
_WRITES = {"db.edit": "data", "db.patch": "data", "db.add_or_edit": "data"}


def check_transaction(report: TextReport, item: Statement) -> None:
    """Follow the rows that a transaction reads to the writes of their tables."""
    level = item.attribute("isolation")
    if isinstance(level, Literal) and is_strict(level.value):
        return
    stack = item.block("stack")
    if stack is not None:
        _Rows(report).body(stack.body)


def check_open_transaction(report: TextReport, stack: Body | None) -> None:
    """The same for `db.transaction {}` without a stack: it lasts until the construct ends."""
    items = stack.items if stack is not None else []
    for index, item in enumerate(items):
        if isinstance(item, Statement) and _stays_open(item):
            _Rows(report).body(Body(items[index + 1 :]))
            return


def _stays_open(item: Statement) -> bool:
    return item.name == "db.transaction" and not is_off(item) and item.block("stack") is None


class _Rows:
    """Walks a transaction in order. A variable stands for the rows that it came from, by table, with their lines."""

    def __init__(self, report: TextReport) -> None:
        self.report = report
        self.origins: dict[str, dict[str, int]] = {}

    def body(self, body: Body | None, looped: dict[str, int] | None = None) -> None:
        """The statements of a block; `looped` are the rows that a loop around it goes through."""
        for item in body.items if body is not None else []:
            if isinstance(item, Statement) and not is_off(item):
                self.statement(item, looped or {})

    def statement(self, item: Statement, looped: dict[str, int]) -> None:
        table = item.target.text if isinstance(item.target, Name) else None
        if item.name in ("db.get", "db.query") and table is not None:
            self.read(item, table)
            return
        if item.name in _WRITES and table is not None:
            self.write(item, table)
            return
        found = dict(looped) if item.name == "each" else {}
        for expression, role in expressions(item):
            if role != "as":
                found |= self.rows_in(expression)
        for place in (item.target, item.result):
            root = root_of(place) if isinstance(place, Expression) else None
            if root is not None and found and item.body is not None:
                self.origins[root] = {**self.origins.get(root, {}), **found}
        self.body(item.body, found if item.name in ("foreach", "for") else None)

    def read(self, item: Statement, table: str) -> None:
        lock = item.attribute("lock")
        root = root_of(item.result)
        if root is not None:
            locked = lock is not None and not (isinstance(lock, Literal) and not lock.value)
            self.origins[root] = {} if locked else {table: item.line}

    def write(self, item: Statement, table: str) -> None:
        data = item.attribute(_WRITES[item.name])
        for name, node in self.readers(data) if data is not None else ():
            line = self.origins[name].get(table)
            if line is not None:
                self.warn(table, name, node, line)
                return

    def warn(self, table: str, name: str, node: Expression, line: int) -> None:
        span = span_of(node)
        if any(one.code == "XS724" and (one.line, one.column) == span[:2] for one in self.report.found):
            return  # a transaction in a transaction is looked at twice
        text = f"`{table}` is written by what line {line} read without a lock: a write of somebody else is lost between"
        hint = f"read it with lock = true, so that ${name} stays true until the transaction ends"
        self.report.add("XS724", text, span, hint)

    def rows_in(self, expression: Expression) -> dict[str, int]:
        """The rows that an expression's value depends on."""
        found: dict[str, int] = {}
        for name, _ in self.readers(expression):
            found |= self.origins[name]
        return found

    def readers(self, expression: Expression) -> Iterator[tuple[str, Expression]]:
        """The variables of rows that an expression reads, and where; an id stays what it is."""
        for name, node in reads(expression):
            place = place_of(node)
            is_id = place is not None and place.segments and place.segments[0].key == "id"
            if self.origins.get(name) and not is_id:
                yield name, node
