"""Filters whose arguments cannot be meant as they are written (feedback, filters_notes): warnings."""

from __future__ import annotations

import re
from collections.abc import Callable

from xsrun.analysis.report import TextReport, span_of
from xsrun.analysis.rules.filters import filter_span
from xsrun.names.places import unwrapped
from xsrun.syntax.nodes import Expression, Field, FilterCall, ListLiteral, Literal, ObjectLiteral, Path, Variable, Word
from xsrun.syntax.walk import below

EXPRESSION_FILTERS = frozenset({"map", "filter", "some", "every", "find", "findIndex", "reduce", "transform"})
_LAMBDA_FILTERS = frozenset(
    {f"lambda_{name}" for name in ("map", "filter", "some", "every", "find", "findIndex", "reduce")} | {"lambda"}
)
_TEXT_FILTERS = frozenset(
    {"strlen", "to_upper", "to_lower", "substr", "split", "capitalize", "trim", "contains", "icontains", "starts_with"}
)
_LIST_FILTERS = frozenset({"count", "first", "last", "sum", "avg", "unique", "flatten", "shuffle", "join"})
_TEXT_TYPES = frozenset({"text", "email", "uuid", "date"})
_SORTS = frozenset({"text", "itext", "number", "natural", "inatural", "ntext", ""})
_REGEX = re.compile(r"([/#~!]).+\1[imsxuADUX]*$", re.DOTALL)
_MOMENT = re.compile(r"YYYY|YY-|DD|MM[-/. ]|HH:|hh:|:mm|:ss\b")


def check_filter(report: TextReport, node: FilterCall, inputs: dict[str, Field]) -> None:
    """Look at one filter by its name."""
    _wrong_type(report, node, inputs)
    if not node.arguments:
        return
    if node.name in EXPRESSION_FILTERS:
        _code(report, node)
    elif node.name in _LAMBDA_FILTERS:
        _expression(report, node)
    check = _CHECKS.get(node.name)
    if check is not None:
        check(report, node)


def _text_of(node: Expression | None) -> str | None:
    inner = unwrapped(node) if node is not None else None
    if isinstance(inner, Word):
        return inner.text
    return inner.value if isinstance(inner, Literal) and isinstance(inner.value, str) else None


def _code(report: TextReport, node: FilterCall) -> None:
    """JavaScript given to a filter that takes an expression."""
    first = node.arguments[0]
    text = _text_of(first)
    if text is not None and any(mark in text for mark in ("return ", "=>", "$this", "$$", "function", ";")):
        hint = f"write the expression itself: |{node.name}:$$ * 2; JavaScript goes to |lambda_{node.name}"
        message = f"`{node.name}` takes an expression over $$, not JavaScript in a text"
        report.add("XS610", message, span_of(first), hint)
    elif node.name == "reduce" and len(node.arguments) > 1 and _over_elements(node.arguments[1]):
        message = "`reduce` takes its expression first and the initial value second"
        if not _over_elements(first):
            report.add("XS617", message, span_of(first), "swap the two; only lambda_reduce has the initial value first")


def _expression(report: TextReport, node: FilterCall) -> None:
    """An expression given to a filter that takes JavaScript."""
    code = node.arguments[1 if node.name == "lambda_reduce" and len(node.arguments) > 1 else 0]
    if _over_elements(code):
        plain = node.name.removeprefix("lambda_") or "transform"
        hint = f"write the code in a text, or |{plain} for an expression"
        report.add("XS610", f"`{node.name}` takes JavaScript in a text", span_of(code), hint)


def _over_elements(node: Expression) -> bool:
    """Whether an expression speaks of the element at hand: `$$` or `$this`."""
    return any(isinstance(inner, Variable) and inner.name in ("$", "this") for inner in below(node)) or any(
        isinstance(inner, Path) and isinstance(inner.base, Variable) and inner.base.name in ("$", "this")
        for inner in below(node)
    )


# Types ---------------------------------------------------------------------------------------------------------------


def _kind_of(node: Expression | None, inputs: dict[str, Field]) -> str | None:
    """`text`, `list` or `object` when an operand is surely that; None when nothing is known."""
    inner = unwrapped(node) if node is not None else None
    if isinstance(inner, Literal):
        return "text" if isinstance(inner.value, str) else None
    if isinstance(inner, ListLiteral):
        return "list"
    if isinstance(inner, ObjectLiteral):
        return "object"
    if isinstance(inner, Path) and isinstance(inner.base, Variable) and inner.base.name == "input":
        field = inputs.get(str(inner.segments[0].key))
        if field is None or len(inner.segments) > 1:
            return None
        if field.list_size is not None:
            return "list"
        return "text" if field.type in _TEXT_TYPES else None
    return None


def _wrong_type(report: TextReport, node: FilterCall, inputs: dict[str, Field]) -> None:
    """A filter for lists on a text, or one for text on a list or object."""
    if node.name not in _LIST_FILTERS and node.name not in _TEXT_FILTERS:
        return
    kind = _kind_of(node.operand, inputs)
    if node.name in _LIST_FILTERS and kind == "text":
        hint = "use |strlen for the length of a text" if node.name == "count" else 'make a list of it with |split:","'
        report.add("XS611", f"`{node.name}` works on lists, and this is a text", filter_span(report, node), hint)
    elif node.name in _TEXT_FILTERS and kind in ("list", "object"):
        hints = {"strlen": "use |count for the length of a list", "contains": "use |in:value or |some:$$ == value"}
        message = f"`{node.name}` works on text, and this is {'a list' if kind == 'list' else 'an object'}"
        report.add("XS611", message, filter_span(report, node), hints.get(node.name))


# One filter each -----------------------------------------------------------------------------------------------------


def _sort(report: TextReport, node: FilterCall) -> None:
    kind = node.arguments[1] if len(node.arguments) > 1 else None
    text = _text_of(kind)
    if kind is not None and text is not None and text not in _SORTS:
        hint = 'numbers are sorted by "number": |sort:"age":"number":true'
        report.add("XS618", f'"{text}" is not a kind of order; the items are sorted as text', span_of(kind), hint)


def _regex(report: TextReport, node: FilterCall) -> None:
    """The pattern is piped, the text is the argument; people write it the other way round."""
    last = node.arguments[-1]
    operand, argument = _text_of(node.operand), _text_of(last)
    if argument is not None and _REGEX.match(argument) and (operand is None or not _REGEX.match(operand)):
        shown = f'"{argument}"|{node.name}:' + ("replacement:" if node.name == "regex_replace" else "") + "$text"
        report.add("XS619", "the pattern comes before the filter, the text after it", span_of(last), f"write {shown}")


def _format(report: TextReport, node: FilterCall) -> None:
    text = _text_of(node.arguments[0])
    if text is not None and _MOMENT.search(text):
        hint = "letters are those of PHP: Y-m-d H:i:s gives 2026-01-31 23:59:59"
        report.add("XS620", f'"{text}" is not a format of the engine', span_of(node.arguments[0]), hint)


_CHECKS: dict[str, Callable[[TextReport, FilterCall], None]] = {
    "sort": _sort,
    "fsort": _sort,
    "regex_matches": _regex,
    "regex_test": _regex,
    "regex_get_first_match": _regex,
    "regex_get_all_matches": _regex,
    "regex_replace": _regex,
    "format_timestamp": _format,
    "parse_timestamp": _format,
}
