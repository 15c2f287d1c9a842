"""Tests in the console: running them, what came out, and which statements they ran."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xsrun.registry import find_statement
from xsrun.running.masking import masked_for_log
from xsrun.server.console.calls import ApiCall, handles, wrong
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.testing.report import Outcome
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.workspace import LoadedWorkspace

_KINDS = ("unit", "workflow", "smoke")
#: Parts of other statements.
_PARTS = frozenset(("if", "elseif", "else", "each", "case", "default", "try", "catch", "finally", "stack"))
#: Constructs whose statements tests should run.
_COVERED = frozenset(("query", "function", "task", "tool", "middleware", "addon", "table_trigger"))


@handles("GET", "tests")
def tests(call: ApiCall) -> dict[str, Value]:
    """The tests that there are."""
    from xsrun.testing.cases import find_cases

    found = find_cases(call.workspace.constructs)
    return {
        "tests": [
            {"name": one.name, "kind": one.kind, "construct": one.construct.label, "file": one.file, "line": one.line}
            for one in found
        ]
    }


@handles("POST", "tests/run")
def run_tests(call: ApiCall) -> dict[str, Value]:
    """Run tests: those whose name contains `pattern`, of a `kind` or all; with the statements that they ran."""
    from xsrun.testing import runner

    given = call.body()
    kind = given.get("kind") or None
    if kind is not None and kind not in _KINDS:
        raise wrong(f"`kind` is one of {', '.join(_KINDS)}")
    workspace = call.workspace
    pattern = str(given.get("pattern") or "") or None
    report = runner.run_tests(workspace, pattern, kind, trace=True)
    return {
        "passed": report.passed,
        "failed": report.failed,
        "skipped": report.skipped,
        "duration": report.duration,
        "results": [shown(one) for one in report.results],
        "warnings": [one.as_dict() for one in report.warnings],
        "coverage": coverage(workspace, report.results),
    }


def shown(one: Outcome) -> dict[str, Value]:
    """An outcome with what its expectations saw, its log, and the statements of one that failed."""
    expectations = [
        {
            "assertion": each.assertion,
            "line": each.line,
            "passed": each.passed,
            "message": each.message,
            "expected": masked_for_log(each.expected),
            "actual": masked_for_log(each.actual),
            "difference": each.difference,
        }
        for each in one.expectations
    ]
    logs = [{"value": masked_for_log(log.value), "file": log.file, "line": log.line} for log in one.logs[:50]]
    ran = (one.trace or [])[-200:] if one.failed else []
    trace = [[each.statement, each.file, each.line, each.value] for each in ran]
    return {
        "name": one.name,
        "construct": one.construct,
        "kind": one.kind,
        "status": one.status,
        "message": one.message,
        "hint": one.hint,
        "file": one.file,
        "line": one.line,
        "test_file": one.test_file,
        "duration": one.duration,
        "expectations": expectations,
        "logs": logs,
        "trace": trace,
    }


def coverage(workspace: LoadedWorkspace, outcomes: Iterable[Outcome]) -> dict[str, Value]:
    """The lines of statements by file, those that tests ran and those that none did."""
    ran: dict[str, set[int]] = {}
    for outcome in outcomes:
        for entry in outcome.trace or ():
            ran.setdefault(entry.file, set()).add(entry.line)
    found: dict[str, Value] = {}
    for construct in workspace.constructs:
        if construct.kind in _COVERED:
            lines = statement_lines(construct)
            one = found.setdefault(construct.file, {"ran": [], "missed": []})
            one["ran"] += sorted(lines & ran.get(construct.file, set()))
            one["missed"] += sorted(lines - ran.get(construct.file, set()))
    return found


def statement_lines(construct: Construct) -> set[int]:
    """The lines on which the statements of a construct begin."""
    return {
        node.line
        for item in construct.items
        for node in item.walk()
        if isinstance(node, Statement) and not node.disabled and node.name not in _PARTS and find_statement(node.name)
    }
