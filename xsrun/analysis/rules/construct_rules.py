"""Constructs that run, but not as they seem to: identity, errors, tests, comments (semantics 1.4, 2.6, 7): warnings."""

from __future__ import annotations

import re

from xsrun.analysis.model import Unit
from xsrun.analysis.report import TextReport, article, name_span, span_of, title_span
from xsrun.analysis.rules import field_rules
from xsrun.analysis.rules.isolation import check_open_transaction
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.names.places import member_of_root, unwrapped
from xsrun.syntax.nodes import Attribute, Expression, FieldBlock, Literal, Statement
from xsrun.syntax.tokens import Comment
from xsrun.syntax.walk import below, expressions, is_off, statements

_CHOICES = {
    "exception_policy": ("silent", "rethrow", "critical"),
    "response_strategy": ("merge", "replace"),
}
_DIVISION = re.compile(r"[ \t]*(?:\$[\w.\[\]]+|\d+(?:\.\d+)?|\([^)]*\))[ \t]*[)}\]]*[ \t]*$")


def check_unit(unit: Unit) -> None:
    """Look at one construct as a whole."""
    report, node = unit.report, unit.node
    for item in node.body.items if node.body else []:
        if isinstance(item, FieldBlock):
            field_rules.check_fields(report, item.declared, "column" if item.name == "schema" else "input")
        elif isinstance(item, Attribute) and item.name in _CHOICES:
            _choice(report, item)
        elif isinstance(item, Statement) and item.name == "test" and not is_off(item):
            _expects(report, item)
    stack = node.block("stack")
    if stack is not None:
        check_open_transaction(report, stack.body)
    if unit.kind == "query":
        _public(unit)
        _uncaught(unit)
    if unit.kind in ("query", "function", "task", "tool", "middleware"):
        _error_message(unit)


def _expects(report: TextReport, item: Statement) -> None:
    if not any(inner.name.startswith("expect.") for inner in item.blocks()):
        report.add("XS804", "this test expects nothing", title_span(item), "add an expect.* statement")


def _choice(report: TextReport, item: Attribute) -> None:
    value = item.value
    choices = _CHOICES[item.name]
    if isinstance(value, Literal) and isinstance(value.value, str) and value.value not in choices:
        hint = did_you_mean(value.value, choices) or f"write one of {', '.join(choices)}"
        report.add("XS535", f'"{value.value}" is not {article(item.name)}', span_of(value), hint)


def _stack(unit: Unit) -> list[Statement]:
    stack = unit.node.block("stack")
    return list(statements(stack.body if stack is not None else None))


def _public(unit: Unit) -> None:
    """`$auth` in a query that asks nobody to log in answers 403, whatever is done with it (semantics 2.6)."""
    auth = unit.node.attribute("auth")
    public = auth is None or (isinstance(auth, Literal) and not auth.value)
    if not public or unit.node.find("middleware") is not None:
        return
    for item in _stack(unit):
        for expression, role in expressions(item):
            for inner in below(expression) if role != "as" else ():
                if member_of_root(inner, "auth") is not None:
                    hint = 'write auth = "user" in the query, with the table of its users'
                    text = "without `auth` the query has no identity: reading $auth answers 403"
                    unit.report.add("XS536", text, span_of(inner), hint)
                    return


def _uncaught(unit: Unit) -> None:
    """An uncaught throw answers 200 (semantics 1.3)."""
    stack = unit.node.block("stack")
    for item in _outside_try(stack):
        hint = "for an HTTP error write precondition (false) with an error_type"
        text = "a throw that nothing catches answers HTTP 200"
        unit.report.add("XS904", text, name_span(item), hint)
        return


def _outside_try(block: Statement | None) -> list[Statement]:
    found = []
    for item in block.blocks() if block is not None else []:
        if is_off(item):
            continue
        if item.name == "throw":
            found.append(item)
        elif item.name != "try_catch":
            found += _outside_try(item)
    return found


def _error_message(unit: Unit) -> None:
    """`$error.message` as a part of something: null on the engine, while alone it works (evidence i3)."""
    if "$error" not in unit.report.source.text:
        return
    for item in _stack(unit):
        for expression, role in expressions(item):
            if role in ("as", "target", "if"):
                continue
            top = unwrapped(expression)
            for inner in below(top):
                if inner is not top and _is_message(inner):
                    hint = "copy it first: var $message { value = $error.message }"
                    text = "`$error.message` inside a larger value may be null on the hosted engine"
                    unit.report.add("XS903", text, span_of(inner), hint)
                    return


def _is_message(node: Expression) -> bool:
    return member_of_root(node, "error") == "message"


def check_comments(report: TextReport, comments: list[Comment]) -> None:
    """A comment that looks like a division: `$n // 2` (feedback, cluster 12)."""
    for comment in comments:
        line, column = comment.line, comment.column
        if comment.own_line or not _DIVISION.match(comment.text):
            continue
        before = report.source.line(line)[: column - 1].rstrip()
        if before.endswith(("{", "}", ",", "[", "(")) or "=" not in before:
            continue
        place = (line, column, line, column + 2)
        hint = "to divide whole numbers, write ($a / $b)|floor"
        report.add("XS537", "`//` begins a comment, it does not divide", place, hint)
