"""What `eval` may compute over the rows of a group (`return = {type: "aggregate"}`), with both SQL sides.

Where a back end has no aggregate of that kind, SQLite gets a Python class. The lists come in the order of the rows'
ids, unless their name says another; a distinct list is sorted, because PostgreSQL sorts it to make it distinct.
"""

from __future__ import annotations

from dataclasses import dataclass

from xsrun.database.postgres_text import text_of
from xsrun.values.conversion import Value, to_json


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregator. `operand` is the kind it takes ("any": as it is); `{0}` is the value, `{1}` the row's id."""

    name: str
    operand: str
    result: str
    sqlite: str
    postgres: str
    python: type | None = None
    arity: int = 1


class Median:
    """The middle number, or the mean of the two in the middle."""

    def __init__(self) -> None:
        self.numbers: list[float] = []

    def step(self, value: float | None) -> None:
        if value is not None:
            self.numbers.append(value)

    def finalize(self) -> float | None:
        from statistics import median

        return float(median(self.numbers)) if self.numbers else None


class Gathered:
    """The JSON texts of all values, in the order of the ids."""

    distinct = False
    descending = False
    by_value = False

    def __init__(self) -> None:
        self.entries: list[tuple[Value, Value]] = []

    def step(self, value: Value, row: Value) -> None:
        self.entries.append((value, row))

    def finalize(self) -> str:
        if self.by_value:
            values = sorted((value for value, _ in self.entries if value is not None), reverse=self.descending)
            nulls = [None] * (len(self.entries) - len(values))
            values = [*nulls, *values] if self.descending else [*values, *nulls]
        else:
            ordered = sorted(self.entries, key=lambda entry: (entry[1] is None, entry[1] or 0))
            values = [value for value, _ in ordered]
        if self.distinct:
            values = list(dict.fromkeys(values))
        return f"[{','.join(_as_json(value) for value in values)}]"


def _as_json(value: Value) -> str:
    if value.__class__ is str:
        return to_json(value)
    return "null" if value is None else text_of(value)


def _gathered(distinct: bool, by_value: bool, descending: bool = False) -> type[Gathered]:
    fields = {"distinct": distinct, "by_value": by_value, "descending": descending}
    return type("Gathered", (Gathered,), fields)


AGGREGATES: dict[str, Aggregate] = {}


def _declare(
    name: str,
    operand: str,
    result: str,
    sqlite: str,
    postgres: str | None = None,
    python: type | None = None,
    arity: int = 1,
) -> None:
    AGGREGATES[name] = Aggregate(name, operand, result, sqlite, postgres or sqlite, python, arity)


_declare("count", "any", "int", "count({0})")
_declare("count_distinct", "any", "int", "count(DISTINCT {0})")
_declare("sum", "number", "same", "sum({0})", "sum({0})")
_declare("avg", "number", "decimal", "avg({0})", "avg({0})::float8")
_declare("min", "ordered", "same", "min({0})")
_declare("max", "ordered", "same", "max({0})")
_declare("median", "number", "decimal", "xs_median({0})", "percentile_cont(0.5) WITHIN GROUP (ORDER BY {0})", Median)
for _name, _distinct, _way in (
    ("to_list", False, ""),
    ("to_list_asc", False, "ASC NULLS LAST"),
    ("to_list_desc", False, "DESC NULLS FIRST"),
    ("to_distinct_list", True, "ASC NULLS LAST"),
    ("to_distinct_list_asc", True, "ASC NULLS LAST"),
    ("to_distinct_list_desc", True, "DESC NULLS FIRST"),
):
    _order = f"{{0}} {_way}" if _way else "{1}"
    _declare(
        _name,
        "plain",
        "list",
        f"xs_{_name}({{0}}, {{1}})",
        f"coalesce(jsonb_agg({'DISTINCT ' if _distinct else ''}{{0}} ORDER BY {_order}), '[]'::jsonb)",
        _gathered(_distinct, bool(_way), _way.startswith("DESC")),
        2,
    )
