"""The clauses of a query that are read before it runs: joins, computed columns, addons (semantics 4.3, 4.4, 4.7)."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.analysis.report import TextReport, span_of
from xsrun.names.fixed_values import UNKNOWN, fixed_value
from xsrun.names.places import unwrapped
from xsrun.syntax.nodes import Entry, Expression, ListLiteral, ObjectLiteral

JOINS = ("inner", "left", "right")


def check_clause(report: TextReport, kind: str, value: Expression) -> None:
    """Check the value of an attribute by the type that its record gives it: "join", "eval" or "addon"."""
    check = _CHECKS.get(kind)
    if check is not None:
        check(report, unwrapped(value))


def _settings(node: Expression) -> dict[str, Expression]:
    inner = unwrapped(node)
    entries = inner.entries if isinstance(inner, ObjectLiteral) else []
    return {entry.key: entry.value for entry in entries if isinstance(entry, Entry) and not entry.disabled}


def _joins(report: TextReport, value: Expression) -> None:
    for join in _settings(value).values():
        settings = _settings(join)
        kind, table = settings.get("type"), settings.get("table")
        if kind is not None and fixed_value(kind) not in JOINS:
            report.add("XS331", "a join is inner, left or right", span_of(kind), 'write type: "left"')
        if table is not None and not isinstance(fixed_value(table), str):
            hint = 'write table: "its_name"'
            report.add("XS331", "the table of a join must be written out", span_of(table), hint)


def _evals(report: TextReport, value: Expression) -> None:
    for item in value.items if isinstance(value, ListLiteral) else []:
        settings = fixed_value(item)
        if not (isinstance(settings, dict) and settings.get("name")):
            hint = 'write eval = {twice: $db.some_table.column|mul:2}, or [{name: "some_table.column", as: "twice"}]'
            report.add("XS331", "an entry of `eval` is an object with a name", span_of(item), hint)


def _addons(report: TextReport, value: Expression) -> None:
    addons = value.items if isinstance(value, ListLiteral) else list(_settings(value).values())
    for addon in addons:
        settings = _settings(addon)
        name = settings.get("name")
        fixed = fixed_value(name)
        if name is None or fixed is UNKNOWN or not isinstance(fixed, str):
            hint = 'write {name: "its_name", input: { ... }}'
            report.add("XS331", "an addon needs a name", span_of(name or addon), hint)
        if "addon" in settings:
            _addons(report, unwrapped(settings["addon"]))


_CHECKS: dict[str, Callable[[TextReport, Expression], None]] = {"join": _joins, "eval": _evals, "addon": _addons}
