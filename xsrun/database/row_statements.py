"""The statements about one row, found by a field that has a value."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from xsrun.database.backend import Backend
from xsrun.database.expressions import SqlExpressionCompiler
from xsrun.database.plans import Column, Operand
from xsrun.database.query_columns import TableSource
from xsrun.database.sql import Condition, type_of
from xsrun.database.tables import Table
from xsrun.hints import TYPE_CHECKING
from xsrun.syntax.nodes import Binary
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from collections.abc import Hashable

    from xsrun.database.prepared import WrittenSql


class Finder:
    """The condition that a field of a table has the value of the first operand, while its statement is built."""

    def __init__(self, backend: Backend, table: Table, field: str, value: Value) -> None:
        self.backend = backend
        self.table = table
        self.field = field
        self.columns = self.backend.writer.source(table)
        sources = {table.name: TableSource(table, self.columns)}
        compiler = SqlExpressionCompiler(self.backend, sources, table.name, (value,))
        names = [field] if field in table.by_name else [table.name, field]
        if "." in field and names[0] == table.name:
            names = [table.name, *field.split(".")]
        condition = compiler.condition(Binary(Column(names), "==", Operand(0)))
        assert condition is not None  # only an operator with `?` drops its clause
        self.condition = condition
        self.parameters = compiler.parameters

    def first(self) -> Condition:
        """The condition that holds for one row only: the first that has the value."""
        if self.field == "id":
            return self.condition
        stored = self.backend.writer.stored(self.table)
        found = stored.alias("found")
        moved = sa.sql.visitors.replacement_traverse(
            self.condition,
            {},
            lambda element, **_: found.c.get(element.key) if isinstance(element, sa.Column) else None,
        )
        return stored.c.id == sa.select(found.c.id).where(moved).order_by(found.c.id).limit(1).scalar_subquery()


def finding(finder: Finder, names: tuple[str, ...], lock: bool) -> sa.ClauseElement:
    """The statement of `find`."""
    query = sa.select(*(finder.columns.c[name] for name in names)).where(finder.condition)
    if finder.field != "id":
        query = query.order_by(finder.columns.c.id).limit(1)
    return query.with_for_update() if lock else query


def testing(finder: Finder) -> sa.ClauseElement:
    """The statement of `db.has`."""
    return sa.select(sa.literal_column("1")).select_from(finder.columns).where(finder.condition).limit(1)


def setting_columns(finder: Finder, names: tuple[str, ...], *changed: str) -> sa.ClauseElement:
    """The statement that sets columns of one row and gives the row; their values follow the one that is looked for."""
    stored = finder.backend.writer.stored(finder.table)
    given = {
        name: finder.parameters.as_given(position, type_of(finder.table.by_name[name].kind))
        for position, name in enumerate(changed, 1)
    }
    statement = sa.update(stored).where(finder.first()).values(given)
    return statement.returning(*(stored.c[name] for name in names))


def deleting(finder: Finder) -> sa.ClauseElement:
    """The statement of `db.del`, which gives the row."""
    stored = finder.backend.writer.stored(finder.table)
    return sa.delete(stored).where(finder.first()).returning(*stored.c)


_BUILDERS: dict[str, Callable[..., sa.ClauseElement]] = {
    one.__name__: one for one in (finding, testing, setting_columns, deleting)
}


def written(
    backend: Backend, table: Table, field: str, value: Value, build: str, what: tuple[Hashable, ...]
) -> WrittenSql:
    """The statement that one of the functions above builds for a field that has a value."""
    finder = Finder(backend, table, field, value)
    return finder.parameters.write(_BUILDERS[build](finder, *what))
