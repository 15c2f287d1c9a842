"""Statements for SQLite."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.compiler import compiles

from xsrun.database.sql import Applied, Condition, KindType, Sql, type_of
from xsrun.database.sql_types import SQLITE
from xsrun.database.sql_writer import SqlWriter
from xsrun.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import GenericTypeCompiler, SQLCompiler


@compiles(KindType, "sqlite")
def _type_text(element: KindType, _compiler: GenericTypeCompiler, **_options: Any) -> str:
    return SQLITE[element.kind]


@compiles(Applied, "sqlite")
def _applied_text(element: Applied, compiler: SQLCompiler, **options: Any) -> str:
    return element.written(element.templates.sqlite, compiler, options)


class SQLiteWriter(SqlWriter):
    """SQLite's side."""

    dialect: sa.Dialect = SQLiteDialect_pysqlite(paramstyle="qmark")

    def in_list(self, sql: Sql, name: str, kind: str) -> Condition:
        members = sa.func.json_each(sa.bindparam(name, type_=type_of("json"))).table_valued("value")
        return sql.in_(sa.select(members.c.value).scalar_subquery())
