"""SQL expressions as both dialects have them: types of columns, operators and aggregates over expressions.

How each is written stands with its dialect (`sqlite_backend`, `postgres_backend`).
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from xsrun.database.columns import sql_kind
from xsrun.database.operators import OPERATORS
from xsrun.hints import Any, NamedTuple, Protocol
from xsrun.values.conversion import Value

#: An SQL expression; what kind of value it gives is known beside it (see `typed_sql`).
Sql = sa.ColumnElement[Value]
Condition = sa.ColumnElement[bool]


class KindType(sa.types.UserDefinedType[Value]):
    """The SQL type of a kind of column. Values are converted before they get here, so it converts nothing."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, kind: str) -> None:
        self.kind = sql_kind(kind)


def type_of(kind: str) -> sa.types.TypeEngine[Value]:
    """SQLAlchemy's type of a kind."""
    return sa.Boolean() if kind == "bool" else KindType(kind)


class Templates(Protocol):
    """What is declared with both of its SQL sides: `{0}` stands for the first operand."""

    @property
    def name(self) -> str: ...
    @property
    def sqlite(self) -> str: ...
    @property
    def postgres(self) -> str: ...


class Applied(FunctionElement[Value]):
    """An operator or aggregate applied to operands; one subclass each: SQLAlchemy's cache tells classes apart."""

    inherit_cache = True
    templates: Templates

    def written(self, template: str, compiler: SQLCompiler, options: dict[str, Any]) -> str:
        """The template of a dialect with the operands in their places."""
        return template.format(*(compiler.process(clause, **options) for clause in self.clauses))


_applied: dict[str, type[Applied]] = {}


def applied(templates: Templates, kind: str, *operands: Sql) -> Sql:
    """What is declared with these templates over SQLAlchemy expressions; `kind` is that of its result."""
    key = f"{templates.name}:{kind}"
    found = _applied.get(key)
    if found is None:
        fields = {"inherit_cache": True, "templates": templates, "name": f"xs_{templates.name}", "type": type_of(kind)}
        found = _applied[key] = type(f"Applied_{templates.name}_{kind}", (Applied,), fields)
    return found(*operands)


def apply(name: str, kind: str, *operands: Sql) -> Sql:
    """An operator's expression over SQLAlchemy expressions; `kind` is that of its result."""
    return applied(OPERATORS[name], kind, *operands)


class CompiledSql(NamedTuple):
    """A statement as text, with the names of its parameters in order and the values of those that are fixed."""

    sql: str
    order: tuple[str, ...]
    fixed: dict[str, Value]
