"""SQL expressions with their kinds, and how one kind becomes another."""

from __future__ import annotations

import sqlalchemy as sa

from xsrun.database.columns import NUMBERS, TEXTS
from xsrun.database.sql import Sql, apply, type_of
from xsrun.hints import NamedTuple


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


#: Kinds that SQL has as others.
_PLAIN = {"timestamp": "int", "date": "text", "geo": "json"}
#: (kind, wanted kind) -> the operator that leads from one to the other
_OPERATORS = {
    ("json", "decimal"): "json_number",
    ("text", "decimal"): "number",
    ("bool", "decimal"): "bool_number",
    ("json", "text"): "json_text",
    ("decimal", "text"): "number_text",
    ("int", "text"): "int_text",
    ("bool", "text"): "bool_text",
    ("json", "bool"): "json_bool",
    ("int", "json"): "to_json_number",
    ("decimal", "json"): "to_json_number",
    ("text", "json"): "to_json_text",
    ("bool", "json"): "to_json_bool",
    ("json", "vector"): "json_vector",
}


def converted(kind: str, wanted: str, sql: Sql) -> Sql | None:
    """An expression of one kind as one of another; None when it cannot."""
    kind, wanted = _PLAIN.get(kind, kind), _PLAIN.get(wanted, wanted)
    if kind == wanted or (wanted == "number" and kind in NUMBERS):
        return sql
    if wanted == "int":
        number = converted(kind, "decimal", sql)
        return None if number is None else apply("truncate", "int", number)
    if wanted == "decimal" and kind == "int":
        return sa.cast(sql, type_of("decimal"))
    if wanted == "bool" and kind in NUMBERS:
        return sql != 0
    wanted = "decimal" if wanted == "number" else wanted
    name = _OPERATORS.get((kind, wanted))
    return None if name is None else apply(name, wanted, sql)


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
