"""SQL expressions with their kinds, parameters, and the way from one kind to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from xsrun.database import operands as values
from xsrun.database.backend import Sql, apply, type_of
from xsrun.database.columns import DOCUMENTS, NUMBERS, TEXTS, Codec
from xsrun.database.operands import Converter
from xsrun.database.tables import Table
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

    from xsrun.running.context import Context


class Typed(NamedTuple):
    """An expression of a kind."""

    kind: str
    sql: Sql
    #: of the elements, for the kind "list"
    element: str = ""


class Given(NamedTuple):
    """An operand, by its number: it gets its kind from what it meets."""

    operand: int


Side = Typed | Given


class Bind(NamedTuple):
    """A parameter: which operand it comes from, how its value is made of it, and the column it is compared with."""

    name: str
    operand: int
    make: Converter
    about: str = ""


class Source(NamedTuple):
    """A table in a query, under its alias."""

    table: Table
    columns: sa.FromClause


def converted(kind: str, wanted: str, sql: Sql) -> Sql | None:
    """An expression of one kind as one of another; None when there is no way."""
    kind = "json" if kind == "geo" else kind
    if wanted in TEXTS and kind in TEXTS:
        return sql
    if wanted in ("int", "timestamp"):
        if kind in ("int", "timestamp"):
            return sql
        number = converted(kind, "decimal", sql) if kind != "decimal" else sql
        return None if number is None else apply("truncate", "int", number)
    if wanted in ("decimal", "number"):
        if kind in NUMBERS:
            return sql if wanted == "number" else sa.cast(sql, type_of("decimal"))
        name = {"json": "json_number", "text": "number", "date": "number", "bool": "bool_number"}.get(kind)
        return apply(name, "decimal", sql) if name else None
    if wanted in TEXTS:
        if kind in DOCUMENTS:
            return apply("json_text", "text", sql)
        name = (
            "number_text"
            if kind == "decimal"
            else "int_text"
            if kind in NUMBERS
            else "bool_text"
            if kind == "bool"
            else ""
        )
        return apply(name, "text", sql) if name else None
    if wanted == "bool":
        return apply("json_bool", "bool", sql) if kind == "json" else sql != 0 if kind in NUMBERS else None
    if wanted in DOCUMENTS:
        if kind in DOCUMENTS:
            return sql
        name = "to_json_number" if kind in NUMBERS else "to_json_text" if kind in TEXTS else "to_json_bool"
        return apply(name, "json", sql) if kind in (*NUMBERS, *TEXTS, "bool") else None
    if wanted == "vector" and kind == "json":
        return apply("json_vector", "vector", sql)
    return None


def met_kind(left: str, right: str) -> str:
    """The kind in which expressions of two kinds are compared."""
    kinds = {left, right}
    if len(kinds) == 1:
        return left
    if kinds <= NUMBERS:
        return "decimal" if "decimal" in kinds else "int"
    if kinds <= TEXTS:
        return "text"
    if "json" in kinds:
        (other_kind,) = kinds - {"json"}
        return "decimal" if other_kind in NUMBERS else "text" if other_kind in TEXTS else other_kind
    if kinds & NUMBERS and kinds <= NUMBERS | TEXTS | {"bool"}:
        return "decimal"
    return "text"


class Rendered(FunctionElement[Value]):
    """SQL text with expressions in the places of `{0}`, `{1}`."""

    inherit_cache = False
    name = "rendered"

    def __init__(self, template: str, type_: sa.types.TypeEngine[Value], *clauses: Sql) -> None:
        super().__init__(*clauses)
        self.template = template
        self.type = type_


@compiles(Rendered)
def _render(element: Rendered, compiler: SQLCompiler, **options: Any) -> str:
    return element.template.format(*(compiler.process(clause, **options) for clause in element.clauses))


def composed(convert: Converter, encode: Codec) -> Converter:
    return lambda value, context: encode(convert(value, context))


def only_of_kind(kind: str, convert: Converter) -> Converter:
    """Only those members of a list that are of a kind themselves."""

    def chosen(value: Value, context: Context) -> Value:
        mine = [item for item in values.listed(value) if _plain_kind(item) == kind]
        return convert(mine, context)

    return chosen


def _plain_kind(value: Value) -> str:
    kind = values.kind_of_code(values.code_of(value))
    return "decimal" if kind in NUMBERS else kind
