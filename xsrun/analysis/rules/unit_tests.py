"""Unit tests: the `test` blocks of a construct (language 3, semantics 8.1)."""

from __future__ import annotations

from xsrun.analysis.report import TextReport, attribute_span, name_span, span_of, title_span
from xsrun.analysis.rules import statements
from xsrun.analysis.rules.expressions import check_value
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.syntax.nodes import Attribute, FieldBlock, Name, Statement
from xsrun.syntax.tokens import HOLE

_ATTRIBUTES = ("input", "datasource", "description", "disabled", "auth", "headers")


def check_test(report: TextReport, item: Statement) -> None:
    """Check one `test` block: its name, its attributes, and that everything else in it is an expectation."""
    if item.disabled:
        return
    if item.target is None:
        report.add("XS230", "a test needs a name", title_span(item), 'write test "what it shows" {')
    elif not isinstance(item.target, Name):
        report.add("XS230", "the name of a test is a text", span_of(item.target), 'write test "what it shows" {')
    for member in item.body.items if item.body else []:
        if isinstance(member, Attribute):
            if member.name not in _ATTRIBUTES:
                hint = (
                    did_you_mean(member.name, _ATTRIBUTES)
                    or f"a test has: {', '.join(_ATTRIBUTES[:3])} and expect.* statements"
                )
                report.add("XS231", f"a test has no attribute `{member.name}`", attribute_span(member), hint)
            check_value(report, member.value, member.name)
        elif isinstance(member, FieldBlock):
            span = (member.line, member.column, member.line, member.column + len(member.name))
            report.add(
                "XS231", f"`{member.name}` of a test is an attribute", span, f"write {member.name} = {{name: value}}"
            )
        elif isinstance(member, Statement):
            _check_member(report, member)


def _check_member(report: TextReport, member: Statement) -> None:
    if member.name == HOLE or member.disabled:
        return
    if member.name.startswith("expect."):
        statements.check_statement(report, member, "test")
        return
    if member.name == "...":
        report.add("XS212", "a placeholder is left in the program", span_of(member), "write what `...` stands for")
        return
    if member.name.startswith("assert"):
        hint = "expectations are written expect.to_equal ($response) { value = ... }"
        report.add("XS231", f"`{member.name}` is not allowed in a test", name_span(member), hint)
        return
    hint = "a test runs its construct with `input` and looks at $response; use a workflow_test to run statements"
    report.add("XS231", f"`{member.name}` is not allowed in a test", name_span(member), hint)


def check_test_names(report: TextReport, construct: Statement) -> None:
    """Two tests of one construct cannot have one name: mocks are chosen by it."""
    seen: set[str] = set()
    for test in construct.blocks("test"):
        name = test.label
        if name is not None and name in seen:
            report.add("XS232", f'a second test is called "{name}"', title_span(test), "give it a name of its own")
        seen.add(name or "")
