"""Statements for PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.compiler import compiles

from xsrun.database.sql import Applied, Condition, KindType, Sql, type_of
from xsrun.database.sql_types import POSTGRES
from xsrun.database.sql_writer import SqlWriter
from xsrun.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import GenericTypeCompiler, SQLCompiler

#: The kinds of lists that travel as one parameter, by the kind of their elements; the others are lists of texts.
_LISTS = {"int": "ints", "decimal": "decimals", "timestamp": "ints", "bool": "bools"}


@compiles(KindType, "postgresql")
def _type_text(element: KindType, _compiler: GenericTypeCompiler, **_options: Any) -> str:
    return POSTGRES[element.kind]


@compiles(Applied, "postgresql")
def _applied_text(element: Applied, compiler: SQLCompiler, **options: Any) -> str:
    return element.written(element.templates.postgres.replace("%", "%%"), compiler, options)


class PostgresWriter(SqlWriter):
    """PostgreSQL's side."""

    dialect: sa.Dialect = PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]

    def in_list(self, sql: Sql, name: str, kind: str) -> Condition:
        return sql == sa.any_(sa.bindparam(name, type_=type_of(_LISTS.get(kind, "texts"))))
