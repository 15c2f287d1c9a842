"""The operators and filters of database conditions. A module a family; `declare` says how one is declared."""

from __future__ import annotations

from xsrun.database.operators import document, geo, number, text, time, vector
from xsrun.database.operators.declare import OPERATORS, Operator


def filter_names() -> list[str]:
    """The filters that can follow a column, in the order they are declared."""
    hidden = {"like", "ilike", "matches", "imatches", "search", "negate", "truncate", "mod", "number", "bool_text"}
    return [
        name
        for name in OPERATORS
        if name not in hidden and not name.startswith(("json_", "to_json_", "number_", "bool_", "int_"))
    ]


__all__ = ["OPERATORS", "Operator", "document", "filter_names", "geo", "number", "text", "time", "vector"]
