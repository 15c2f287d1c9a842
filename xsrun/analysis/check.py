"""`check_sources`: parse every text, then check each, which sees the names that the others declare."""

from __future__ import annotations

from collections.abc import Mapping

from xsrun.analysis import ignore
from xsrun.analysis.interface import Answers, View
from xsrun.analysis.model import CheckedText, Unit
from xsrun.analysis.report import TextReport, guarded
from xsrun.analysis.rules import (
    construct_rules,
    constructs,
    import_refusals,
    import_rules,
    nesting,
    other_constructs,
    parser_notes,
    query_rules,
    spelling,
    statement_rules,
)
from xsrun.analysis.rules.expression_rules import Surprises
from xsrun.analysis.rules.expressions import CONDITION, PLAIN, QUERY
from xsrun.analysis.rules.flow import Flow
from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.suggest import comparing
from xsrun.names.places import unwrapped
from xsrun.syntax.nodes import Attribute, Document, Statement, Word
from xsrun.syntax.source import Source
from xsrun.syntax.walk import expressions, failing_statements, statements
from xsrun.workspace.forms import read_form

_CONDITIONS = frozenset({"if", "elseif", "while", "precondition"})
#: Errors about statements that hide what they assign or read.
_DISTURBING = frozenset({"XS302", "XS303", "XS305", "XS307", "XS315", "XS318", "XS319"})
#: Errors of the parser after which the tree is that of the repaired text, so that the rest of the line can be checked.
_HARMLESS = frozenset({"XS130"})
_QUERY_ATTRIBUTES = frozenset({"eval", "group", "return", "join", "view", "addon"})


def check(sources: Mapping[str, str]) -> list[Diagnostic]:
    """Every problem of the given texts, sorted by file and line."""
    texts = [read(name, text) for name, text in sources.items()]
    answers = Answers()
    for text in texts:
        answers.replace(text.name, text.interface())
    found = [problem for text in texts for problem in check_text(View(answers), text)]
    return sorted(found, key=Diagnostic.sort_key)


def read(name: str, text: str) -> CheckedText:
    """One text, parsed, and ready to be checked once."""
    return CheckedText(read_form(Source(text, name)))


def check_text(view: View, text: CheckedText) -> list[Diagnostic]:
    """The problems of one text among others, sorted. What it asks of them is noted in the view."""
    with comparing():
        tree, report = text.parsed.tree, text.report
        if tree is not None:
            guarded(report, tree, constructs.check_document, report, tree)
        parser_notes.report_notes(report, text.parsed)
        construct_rules.check_comments(report, text.parsed.comments)
        for unit in text.units:
            guarded(report, unit.node, check_unit, view, unit)
        if tree is not None and text.bare:
            guarded(report, tree, check_bare, text, tree)
        for unit in text.units:
            guarded(report, unit.node, other_constructs.check_names, view, unit)
    return sorted(_of(text), key=Diagnostic.sort_key)


def _of(text: CheckedText) -> list[Diagnostic]:
    """The problems of one text: none beside a syntax error on the same line, none that a comment switches off."""
    broken = {one.line for one in text.parsed.diagnostics if one.severity == "error" and one.code not in _HARMLESS}
    own = [problem for problem in text.report.found if problem.line not in broken]
    return ignore.without_ignored(text.parsed, text.parsed.diagnostics + own)


def check_unit(everything: View, unit: Unit) -> None:
    """The checks of one construct that look at what it does."""
    report, node = unit.report, unit.node
    construct_rules.check_unit(unit)
    import_refusals.check_unit(everything, unit)
    import_rules.check_unit(unit)
    inputs: dict[str, None] | None = dict.fromkeys(unit.inputs)
    for table in unit.linked_tables:
        columns = everything.columns(table)
        inputs = None if columns is None or inputs is None else {**inputs, **dict.fromkeys(columns)}
    if unit.kind in ("table", "api_group", "agent", "mcp_server", "workspace", "branch", "run.job", "run.service"):
        return
    nesting.check_construct(report, node)
    complete = unit.text.complete and not any(problem.code in _DISTURBING for problem in report.found)
    Flow(report, inputs, complete).construct(node)
    surprises = Surprises(report, unit.inputs)
    for item in node.body.items if node.body else []:
        if isinstance(item, Attribute) and item.name == "response":
            if isinstance(item.value, Word):
                spelling.check_word(report, item.value)
            surprises.look(item.value)
        elif isinstance(item, Statement) and item.name in ("stack", "test"):
            expected = failing_statements(item)
            for statement in statements(item.body):
                surprises.expected = id(statement) in expected
                look_at_statement(surprises, statement)
                if item.name == "stack":
                    look_at_habits(report, statement, unit.kind)
                statement_rules.one_line_attributes(report, statement)


def check_bare(text: CheckedText, tree: Document) -> None:
    """The same for statements without a construct. Which variables they are given is not known, so none is missed."""
    nesting.check_bare(text.report, tree)
    surprises = Surprises(text.report, {})
    for statement in statements(tree):
        look_at_statement(surprises, statement)
        look_at_habits(text.report, statement, "bare")
    for item in tree.items:
        if isinstance(item, Attribute) and item.name == "response":
            surprises.look(item.value)


def look_at_habits(report: TextReport, statement: Statement, kind: str) -> None:
    statement_rules.check_statement(report, statement, kind)
    import_rules.check_statement(report, statement)
    query_rules.check_statement(report, statement)
    import_refusals.check_statement(report, statement)


def look_at_statement(surprises: Surprises, item: Statement) -> None:
    """Look for surprises in the expressions of one statement."""
    for expression, role in expressions(item):
        if role == "target":
            if item.name in _CONDITIONS:
                if item.name != "while":
                    surprises.constant(expression)
                surprises.look(unwrapped(expression), True)
            else:
                surprises.look(expression)
        elif role == "if":
            surprises.look(expression, True)
        elif role in ("where", "search"):
            surprises.look(expression, True, CONDITION)
        elif role != "as":
            if role in ("value", "response") and isinstance(expression, Word):
                spelling.check_word(surprises.report, expression)
            surprises.look(expression, False, QUERY if role in _QUERY_ATTRIBUTES else PLAIN)
