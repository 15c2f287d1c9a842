"""Unit tests and the mocks that belong to them (semantics 1.8, 8.1)."""

from __future__ import annotations

from xsrun.analysis.model import Unit
from xsrun.analysis.report import span_of
from xsrun.diagnostics.suggest import did_you_mean
from xsrun.language.roots import ROOTS
from xsrun.names.reads import reads
from xsrun.syntax.nodes import Entry, Expression, Name, ObjectLiteral, Statement
from xsrun.syntax.walk import is_off, statements

_WITH_TESTS = frozenset({"query", "function", "task", "middleware", "tool"})


def check_tests(unit: Unit) -> None:
    """Expectations that look at what they cannot see, and mocks of tests that are not there."""
    tests = [test for test in unit.node.blocks("test") if not is_off(test)]
    for test in tests:
        for item in statements(test.body):
            if isinstance(item.target, Expression):
                for name, place in reads(item.target):
                    if name in ROOTS:
                        continue
                    hint = "write $response, or a part of it such as $response.total"
                    text = f"a unit test sees only $response, not the variable `${name}`"
                    unit.report.add("XS430", text, span_of(place), hint)
    if unit.kind in _WITH_TESTS:
        names = {test.label for test in tests if test.label is not None}
        stack = unit.node.block("stack")
        for item in statements(stack.body if stack is not None else None):
            _check_mock(unit, item, names)


def _check_mock(unit: Unit, item: Statement, names: set[str]) -> None:
    mock = item.attribute("mock")
    for entry in mock.entries if isinstance(mock, ObjectLiteral) else []:
        if isinstance(entry, Entry) and not entry.disabled and entry.key not in names:
            width = len(entry.key) + 2 * bool(entry.style in ('"', "'"))
            _no_test(unit, entry.key, (entry.line, entry.column, entry.line, entry.column + width), names)
    for block in item.blocks("mock"):
        if isinstance(block.target, Name) and block.target.text not in names:
            _no_test(unit, block.target.text, span_of(block.target), names)


def _no_test(unit: Unit, key: str, place: tuple[int, int, int, int], names: set[str]) -> None:
    hint = did_you_mean(key, names) if names else f"this {unit.kind} has no tests"
    unit.report.add("XS802", f'no test is called "{key}", so this mock is never used', place, hint)
