"""PostgreSQL's SQL for SQLite: sqlglot translates, and what it leaves is rewritten here.

The functions that SQLite lacks are those of the query operators (`xs_...`), registered on every connection. A text
that uses something neither of them knows fails with SQLite's own message and a hint; nothing is guessed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from xsrun.errors import XanoScriptError

_ELSEWHERE = "xsrun translates PostgreSQL for SQLite; what it cannot translate runs with --database postgresql://..."


class Translated(NamedTuple):
    """A text for SQLite, the tables it names, and for each column it selects the (table, column) it comes from."""

    sql: str
    tables: tuple[str, ...]
    #: name in the result -> column names it may come from; None under "*" when all columns are selected
    columns: dict[str, str]


@lru_cache(512)
def translate(sql: str) -> Translated:
    """Translate one statement. Raises XanoScriptError for a text that is not PostgreSQL's SQL."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="postgres") if tree is not None]
    except SqlglotError as error:
        raise XanoScriptError(f"SQL Error: {_first_line(error)}", hint="the text is no SQL that can be read") from None
    if len(trees) != 1:
        raise XanoScriptError("SQL Error: one statement at a time", hint="write a db.direct_query for each")
    tree = trees[0]
    tables = tuple(dict.fromkeys(table.name for table in tree.find_all(exp.Table) if table.name))
    common = {one.alias for one in tree.find_all(exp.CTE)}
    columns = _selected(tree)
    tree = tree.transform(_rewritten)
    try:
        text = tree.sql(dialect="sqlite", unsupported_level=ErrorLevel.IGNORE)
    except (SqlglotError, ValueError) as error:
        raise XanoScriptError(f"SQL Error: {_first_line(error)}", hint=_ELSEWHERE) from None
    return Translated(text, tuple(name for name in tables if name not in common), columns)


def _first_line(error: Exception) -> str:
    import re

    return re.sub(r"\x1b\[\d+m", "", str(error)).splitlines()[0]


def _selected(tree: Any) -> dict[str, str]:
    """What the columns of the result are called in their tables."""
    select = tree if isinstance(tree, exp.Select) else tree.find(exp.Select, exp.Returning)
    found: dict[str, str] = {}
    for item in select.expressions if select is not None else ():
        inner = item.this if isinstance(item, exp.Alias) else item
        if isinstance(inner, exp.Star) or (isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star)):
            found["*"] = "*"
        elif isinstance(inner, exp.Column):
            found[item.alias_or_name] = inner.name
        elif isinstance(inner, (exp.JSONArrayAgg, exp.JSONObject, exp.JSONExtract)) or _is_json(inner):
            found[item.alias_or_name] = ":json"
    return found


_JSON_FUNCTIONS = frozenset(
    (
        "json_agg",
        "jsonb_agg",
        "json_build_object",
        "jsonb_build_object",
        "to_json",
        "to_jsonb",
        "json_build_array",
        "jsonb_build_array",
        "row_to_json",
        "array_agg",
        "json_object_agg",
        "jsonb_object_agg",
    )
)


def _is_json(node: exp.Expression) -> bool:
    if isinstance(node, exp.Coalesce):
        return _is_json(node.this)
    if isinstance(node, (exp.Cast, exp.Paren, exp.Filter)):
        return _is_json(node.this) or (isinstance(node, exp.Cast) and node.to.sql().upper() in ("JSON", "JSONB"))
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name() if isinstance(node, exp.Func) else ""
    return name.lower() in _JSON_FUNCTIONS or isinstance(node, (exp.ArrayAgg, exp.JSONArrayAgg, exp.JSONObject))


def _call(name: str, *arguments: Any) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _rewritten(node: exp.Expression) -> exp.Expression:
    """One node as SQLite can run it."""
    rewrite = _REWRITES.get(type(node))
    return rewrite(node) if rewrite is not None else node


def _parameter(node: exp.Expression) -> exp.Expression:
    """`$1` is `?1`."""
    return exp.Var(this=f"?{node.name or node.this.name}")


def _unnested(node: exp.Expression) -> Any:
    return node.this if isinstance(node, exp.Paren) else node


def _any(node: exp.Expression) -> exp.Expression:
    """`x = ANY (array)` and `x = ANY (parameter)`: membership in a JSON list."""
    right = node.expression
    if not isinstance(right, exp.Any):
        return node
    inner = _unnested(right.this)
    members = _call("json_each", _as_list(inner))
    chosen = exp.select("value").from_(exp.Table(this=members))
    found = exp.In(this=node.this, query=exp.Subquery(this=chosen))
    return exp.Not(this=found) if isinstance(node, exp.NEQ) else found


def _as_list(node: exp.Expression) -> exp.Expression:
    """An array as JSON text."""
    while isinstance(node, (exp.Paren, exp.Cast)):
        node = node.this
    if isinstance(node, exp.Array):
        return _call("json_array", *node.expressions)
    return node


def _cast(node: exp.Expression) -> exp.Expression:
    """Casts that mean nothing to SQLite are left out; dates and times become texts that compare."""
    kind = node.args["to"].sql("postgres").upper()
    if kind in ("JSON", "JSONB") or kind.endswith("[]"):
        return node.this
    if kind in ("DATE",):
        return _call("date", node.this)
    if kind in ("TIMESTAMP", "TIMESTAMPTZ"):
        return _call("datetime", node.this)
    if kind in ("BOOLEAN", "BOOL"):
        return _call("xs_json_bool", exp.cast(node.this, "text"))
    return node


def _extract(node: exp.Expression) -> exp.Expression:
    """`extract(year from x)` of a time."""
    part = node.name.lower() if isinstance(node.this, exp.Var) else str(node.this).lower()
    return _call("xs_sql_part", exp.Literal.string(part), node.expression)


def _date_trunc(node: exp.Expression) -> exp.Expression:
    unit = node.args.get("unit")
    name = unit.name.lower() if unit is not None else "day"
    return _call("xs_sql_trunc", exp.Literal.string(name), node.this)


def _interval_arithmetic(node: exp.Expression) -> exp.Expression:
    """`time + interval '1 day'`."""
    sign = "-" if isinstance(node, exp.Sub) else "+"
    if not isinstance(node.expression, exp.Interval):
        return node
    interval = node.expression
    amount = interval.this
    unit = interval.args.get("unit")
    text = f"{amount.name} {unit.name if unit is not None else ''}".strip() if isinstance(amount, exp.Literal) else None
    if text is None:
        return node
    return _call("xs_sql_shift", node.this, exp.Literal.string(sign + text))


_REWRITES: dict[type, Any] = {
    exp.Parameter: _parameter,
    exp.RegexpLike: lambda node: _call("xs_matches", node.this, node.expression),
    exp.RegexpILike: lambda node: _call("xs_imatches", node.this, node.expression),
    exp.Like: lambda node: _call("xs_like", node.this, node.expression),
    exp.ILike: lambda node: _call("xs_ilike", node.this, node.expression),
    exp.ArrayContainsAll: lambda node: _call("xs_contains", _as_list(node.this), _as_list(node.expression)),
    exp.ArrayOverlaps: lambda node: _call("xs_overlaps", _as_list(node.this), _as_list(node.expression)),
    exp.EQ: _any,
    exp.NEQ: _any,
    exp.Cast: _cast,
    exp.Extract: _extract,
    exp.TimestampTrunc: _date_trunc,
    exp.DateTrunc: _date_trunc,
    exp.Add: _interval_arithmetic,
    exp.Sub: _interval_arithmetic,
    exp.CurrentTimestamp: lambda node: _call("xs_sql_now"),
}
