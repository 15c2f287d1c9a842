"""What `eval` may compute over the rows of a group (`return = {type: "aggregate"}`), with both SQL sides.

Where a back end has no aggregate of that kind, SQLite gets a Python class. The lists come in the order of the rows'
ids, unless their name says another; a distinct list is sorted, because PostgreSQL sorts it to make it distinct.
"""

from __future__ import annotations

from xsrun.database.postgres_text import text_of
from xsrun.records import record
from xsrun.values.conversion import Value, to_json


@record(frozen=True)
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


class OrderedValues:
    """Values in the order of a key."""

    descending = False

    def __init__(self) -> None:
        self.entries: list[tuple[Value, Value]] = []

    def ordered(self) -> list[Value]:
        """The values by their keys: nulls last when ascending, first when descending."""
        present = sorted((e for e in self.entries if e[0] is not None), key=lambda e: e[0], reverse=self.descending)
        missing = [e for e in self.entries if e[0] is None]
        return [value for _, value in ([*missing, *present] if self.descending else [*present, *missing])]


class Gathered(OrderedValues):
    """The JSON texts of all values, in their own order or that of the rows' ids."""

    distinct = False
    by_value = False

    def step(self, value: Value, row: Value) -> None:
        self.entries.append((value if self.by_value else row, value))

    def finalize(self) -> str:
        values = self.ordered()
        return f"[{','.join(map(_as_json, dict.fromkeys(values) if self.distinct else values))}]"


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
