"""Statements written with SQLAlchemy: its view of the tables, and what it makes of a statement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

from xsrun.database.sql import CompiledSql, Condition, Sql, type_of
from xsrun.database.tables import Table
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.values.conversion import Value


class SqlWriter(ABC):
    """What a back end writes statements with. Each dialect has its own."""

    dialect: sa.Dialect

    def __init__(self, stored_names: Callable[[Table], dict[str, str]]) -> None:
        self.stored_names = stored_names

    def stored(self, table: Table) -> sa.Table:
        """SQLAlchemy's table."""
        if table.stored is None:
            names = self.stored_names(table)
            columns: list[sa.Column[Value]] = [
                sa.Column(names[column.name], type_of(column.kind), key=column.name) for column in table.columns
            ]
            # a metadata of its own: tables of the same name with other columns exist side by side
            table.stored = sa.Table(table.physical, sa.MetaData(), *columns)
        return table.stored

    def source(self, table: Table, alias: str | None = None) -> sa.FromClause:
        """What a query selects from: the table, or no rows when it was not made yet."""
        if table.exists:
            stored = self.stored(table)
            return stored.alias(alias) if alias else stored
        columns = [sa.cast(sa.null(), type_of(column.kind)).label(column.name) for column in table.columns]
        return sa.select(*columns).where(sa.false()).subquery(alias or table.physical)

    def text(self, statement: sa.ClauseElement) -> CompiledSql:
        """A statement as text."""
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        assert isinstance(compiled, SQLCompiler)
        order = tuple(compiled.positiontup or ())
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        return CompiledSql(compiled.string, order, fixed)

    @abstractmethod
    def in_list(self, sql: Sql, name: str, kind: str) -> Condition:
        """A test against a list of a kind that is the parameter of this name."""
