"""Expressions: operators in their place, filters by name and number of arguments, object keys (language 2)."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.analysis.report import TextReport, span_of
from xsrun.analysis.rules import filters
from xsrun.language.roots import ADDON_FUNCTION
from xsrun.names.places import is_fixed, ungrouped
from xsrun.registry import find_function
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Call,
    Cast,
    Entry,
    Expression,
    FilterCall,
    Group,
    ListLiteral,
    Literal,
    ObjectLiteral,
    Path,
    Placeholder,
    Quoted,
    Spread,
    Ternary,
    Unary,
    Variable,
)
from xsrun.syntax.operators import is_query_operator
from xsrun.syntax.tokens import HOLE

# Where an expression stands: an ordinary value, a query's computed column, or a query's condition.
PLAIN, QUERY, CONDITION = 0, 1, 2

_CONDITIONS = frozenset({"where", "additional_where", "search"})
_QUERIES = frozenset({"eval", "group", "return", "join", "view", "addon", "return_aggregate"})
#: Attributes whose objects may hold one key twice (language 5.4).
_REPEATING = frozenset({"sort"})


def check_value(report: TextReport, value: Expression, attribute: str) -> None:
    """Check the value of an attribute; its name tells whether it is a condition of a query."""
    mode = CONDITION if attribute in _CONDITIONS else QUERY if attribute in _QUERIES else PLAIN
    if mode == PLAIN and attribute in _REPEATING and isinstance(value, ObjectLiteral):
        for entry in value.entries:
            check_expression(report, entry.value if isinstance(entry, Entry) else entry)
        return
    check_expression(report, value, mode)


def check_expression(report: TextReport, node: Expression, mode: int = PLAIN) -> None:
    """Check an expression and everything below it."""
    check = _CHECKS.get(node.__class__)
    if check is not None:
        check(report, node, mode)


def check_condition(report: TextReport, node: Expression) -> None:
    """Check the condition of an `if` and its kin, which has no operators of queries outside of backticks."""
    inner = ungrouped(node)
    if isinstance(inner, Binary) and inner.operator in ("&&", "||"):
        check_condition(report, inner.left)
        check_condition(report, inner.right)
        return
    if is_query_operator(inner):
        text = f"`{inner.operator}` works only in the where of a query; here it raises Invalid op"
        word = inner.operator.removeprefix("not ")
        hint = "put the comparison in backticks, or use a filter: $list|in:$value, $text|contains:$part"
        if word.endswith("?"):
            hint = f"write {inner.operator[:-1]}"
        report.add("XS407", text, span_of(inner), hint)
    check_expression(report, node)


def _binary(report: TextReport, node: Binary, mode: int) -> None:
    """Long chains of operators lean to the left; they are followed without recursion."""
    left: Expression = node
    while isinstance(left, Binary):
        if left.operator == "=" and mode != CONDITION:
            place, start = _operator_place(report, left)
            fix = [(start, start + 1, "==")]
            report.add("XS401", "a single `=` compares nothing", place, "write == to compare", fix)
        check_expression(report, left.right, mode)
        left = left.left
    check_expression(report, left, mode)


def _operator_place(report: TextReport, node: Binary) -> tuple[tuple[int, int, int, int], int]:
    source = report.source
    start = source.offset(node.left.end_line, node.left.end_column)
    found = source.text.find(node.operator, start) if source.text else start
    line, column = source.position(found)
    return (line, column, line, column + len(node.operator)), found


def _between(report: TextReport, node: Between, mode: int) -> None:
    for part in (node.operand, node.low, node.high):
        check_expression(report, part, mode)


def _filter_call(report: TextReport, node: FilterCall, mode: int) -> None:
    """A chain of filters, from its last to its first."""
    operand: Expression | None = node
    on_column = mode != PLAIN and filters.is_column(node)
    while isinstance(operand, FilterCall):
        if not operand.disabled:
            filters.check_filter(report, operand, mode, on_column)
        for argument in operand.arguments:
            check_expression(report, argument, PLAIN if mode == PLAIN else QUERY)
        operand = operand.operand
    if operand is not None:
        check_expression(report, operand, mode)


def _object(report: TextReport, node: ObjectLiteral, mode: int) -> None:
    seen: set[str] = set()
    for entry in node.entries:
        if isinstance(entry, Entry):
            key = entry.key
            if key in seen and key != HOLE and not entry.disabled:
                place = (
                    entry.line,
                    entry.column,
                    entry.line,
                    entry.column + len(key) + 2 * bool(entry.style in ('"', "'")),
                )
                report.add(
                    "XS402", f"the key `{key}` stands here a second time", place, "rename or delete one of the two"
                )
            if not entry.disabled:
                seen.add(key)
            inner = mode
            if mode != PLAIN and key in _CONDITIONS:
                inner = CONDITION
            elif mode == CONDITION:
                inner = QUERY
            elif key in _REPEATING and isinstance(entry.value, ObjectLiteral):
                check_value(report, entry.value, key)
                continue
            check_expression(report, entry.value, inner)
        else:
            check_expression(report, entry, mode)


def _list(report: TextReport, node: ListLiteral, mode: int) -> None:
    for item in node.items:
        check_expression(report, item, mode)


def _path(report: TextReport, node: Path, mode: int) -> None:
    of_table = mode != PLAIN and isinstance(node.base, Variable) and node.base.name == "db"
    if of_table and not all(is_fixed(segment) for segment in node.segments):
        hint = "write the column's name; to choose columns when it runs, give `external` its search as JSON"
        report.add("XS408", "the name of a column must be written out", span_of(node), hint)
    if not isinstance(node.base, Variable):
        check_expression(report, node.base, mode)
    for segment in node.segments:
        if isinstance(segment.key, Expression):
            check_expression(report, segment.key, PLAIN)


def _placeholder(report: TextReport, node: Placeholder, mode: int) -> None:
    text = report.source.text
    if text and not text.startswith("...", report.source.offset(node.line, node.column)):
        return
    report.add("XS212", "a placeholder is left in the program", span_of(node), "write what `...` stands for")


def _call(report: TextReport, node: Call, mode: int) -> None:
    if find_function(node.name) is None and node.name != ADDON_FUNCTION:
        text = f"there is no function `{node.name}`"
        hint = (
            "use a filter: value|name:argument" if mode == PLAIN else filters.column_hint(node.name.rpartition(".")[2])
        )
        report.add("XS409", text, span_of(node), hint)
    for argument in node.arguments:
        check_expression(report, argument, mode)


def _literal(report: TextReport, node: Literal, mode: int) -> None:
    if node.style == "nothing":
        report.add("XS109", "a value is missing after `(`", (node.line, node.column + 1, node.line, node.column + 2))


def _group(report: TextReport, node: Group, mode: int) -> None:
    check_expression(report, node.expression, mode)


def _quoted(report: TextReport, node: Quoted, mode: int) -> None:
    if node.expression is not None:
        check_expression(report, node.expression, mode)


def _ternary(report: TextReport, node: Ternary, mode: int) -> None:
    for part in (node.condition, node.then, node.otherwise):
        check_expression(report, part, mode)


def _unary(report: TextReport, node: Unary, mode: int) -> None:
    check_expression(report, node.operand, mode)


def _spread(report: TextReport, node: Spread, mode: int) -> None:
    check_expression(report, node.value, mode)


def _cast(report: TextReport, node: Cast, mode: int) -> None:
    check_expression(report, node.operand, mode)


_CHECKS: dict[type[Expression], Callable[..., None]] = {
    Binary: _binary,
    Between: _between,
    FilterCall: _filter_call,
    ObjectLiteral: _object,
    ListLiteral: _list,
    Path: _path,
    Placeholder: _placeholder,
    Call: _call,
    Group: _group,
    Literal: _literal,
    Quoted: _quoted,
    Ternary: _ternary,
    Unary: _unary,
    Spread: _spread,
    Cast: _cast,
}
