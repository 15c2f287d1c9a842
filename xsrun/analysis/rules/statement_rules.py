"""Statements that run, but not as they seem to, or not on the hosted engine: warnings."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.analysis.report import TextReport, attribute_span, name_span, span_of
from xsrun.errors import CODE_OF_ERROR_TYPE
from xsrun.names.places import unwrapped
from xsrun.syntax.nodes import (
    Attribute,
    Literal,
    Name,
    Statement,
)
from xsrun.syntax.walk import statements

_ENDS = frozenset({"return", "throw", "debug.stop", "break", "continue"})
#: Statements that do nothing but give a result.
_ONLY_RESULT = frozenset(
    {
        "db.get",
        "db.has",
        "db.query",
        "db.schema",
        "array.find",
        "array.find_index",
        "array.has",
        "array.every",
        "array.filter",
        "array.filter_count",
        "array.map",
        "array.partition",
        "array.group_by",
        "array.union",
        "array.difference",
        "array.intersection",
        "object.keys",
        "object.values",
        "object.entries",
        "security.create_uuid",
        "security.create_auth_token",
        "security.create_password",
        "security.create_secret_key",
        "security.create_rsa_key",
        "security.create_curve_key",
        "security.encrypt",
        "security.decrypt",
        "security.jws_encode",
        "security.jws_decode",
        "security.jwe_encode",
        "security.jwe_decode",
        "security.random_number",
        "security.random_bytes",
        "security.check_password",
        "redis.get",
        "redis.has",
        "redis.count",
        "redis.keys",
        "redis.range",
        "util.get_env",
        "util.get_vars",
        "util.get_input",
        "util.get_all_input",
        "util.get_raw_input",
        "util.geo_distance",
        "util.template_engine",
    }
)


def check_statement(report: TextReport, item: Statement, kind: str) -> None:
    """Look at one statement by its name. `kind` is that of the construct, or `bare`.

    An addon's query has its result unbound; bare expectations may be part of a test.
    """
    check = _CHECKS.get(item.name)
    if check is not None:
        check(report, item)
    if item.name.startswith("expect.") and kind not in ("workflow_test", "tool", "bare"):
        hint = "expectations belong into tests; use precondition here"
        report.add("XS803", f"`{item.name}` stands outside of a test", name_span(item), hint)
    if item.name in _ONLY_RESULT and item.result is None and kind != "addon":
        hint = f"bind it: {item.name} ... as $result"
        report.add("XS505", f"the result of `{item.name}` is not bound to a variable", name_span(item), hint)


def _switch(report: TextReport, item: Statement) -> None:
    """A case without `break` runs on into the next one (semantics 1.5)."""
    arms = [arm for arm in item.blocks("case", "default") if not arm.disabled]
    for index, arm in enumerate(arms[:-1]):
        inner = [s for s in arm.blocks() if not s.disabled]
        if arm.name == "case" and not arm.breaks and inner and inner[-1].name not in _ENDS:
            following = arms[index + 1]
            text = f"this case has no break and runs on into the {following.name} of line {following.line}"
            report.add("XS506", text, name_span(arm), "write } break after it, or say in a comment that it is meant")


def _precondition(report: TextReport, item: Statement) -> None:
    attribute = item.find("error_type")
    value = attribute.value if attribute else None
    if isinstance(value, Literal) and isinstance(value.value, str) and value.value not in CODE_OF_ERROR_TYPE:
        names = ", ".join(CODE_OF_ERROR_TYPE)
        text = f'"{value.value}" is not an error type: the engine answers 400 when the precondition fails'
        report.add("XS507", text, span_of(value), f"the error types are {names}")
    if isinstance(item.target, Literal):
        report.add("XS609", "this condition is always the same", span_of(item.target))


def _endless(report: TextReport, item: Statement) -> None:
    """`while (true)` that nothing leaves."""
    condition = unwrapped(item.target) if item.target is not None and not isinstance(item.target, Name) else None
    if not (isinstance(condition, Literal) and condition.value not in (False, None, 0, "")):
        return
    if not any(
        inner.name in ("break", "return", "throw", "debug.stop", "precondition") for inner in statements(item.body)
    ):
        report.add("XS508", "this loop never ends", name_span(item), "add a break, or a condition that becomes false")


def _throw(report: TextReport, item: Statement) -> None:
    if item.body is not None and item.find("name") is None and item.find("value") is not None:
        report.add("XS509", "this error has no name", name_span(item), 'add name = "..."; hosted editors require it')


_CHECKS: dict[str, Callable[[TextReport, Statement], None]] = {
    "switch": _switch,
    "precondition": _precondition,
    "while": _endless,
    "throw": _throw,
}


def one_line_attributes(report: TextReport, item: Statement) -> None:
    """Several attributes on one line, with nothing but a blank between them (language 1.3)."""
    previous: Attribute | None = None
    for member in item.body.items if item.body else []:
        if isinstance(member, Attribute):
            if previous is not None and previous.end_line == member.line:
                start = report.source.offset(previous.end_line, previous.end_column)
                end = report.source.offset(member.line, member.column)
                if "," not in report.source.text[start:end]:
                    report.add(
                        "XS510",
                        "two attributes on one line need a comma between them",
                        attribute_span(member),
                        "put each on a line of its own",
                        [(start, end, ", ")],
                    )
            previous = member
        else:
            previous = None
