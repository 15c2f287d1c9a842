"""SQL expressions with their kinds, and the way from one kind to another."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from xsrun.database.columns import DOCUMENTS, NUMBERS, TEXTS
from xsrun.database.sql import Sql, apply, type_of


class TypedSql(NamedTuple):
    """An expression of a kind."""

    kind: str
    sql: Sql
    #: of the elements, for the kind "list"
    element: str = ""


class Given(NamedTuple):
    """An operand, by its number: it gets its kind from what it meets."""

    operand: int


Side = TypedSql | Given


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
        name = {"decimal": "number_text", "int": "int_text", "timestamp": "int_text", "bool": "bool_text"}.get(kind)
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
