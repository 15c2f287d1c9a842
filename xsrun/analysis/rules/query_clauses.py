"""The clauses of database statements: whether a plan can be made of them, asked of the builder of plans itself.

It takes a while to load, so that clauses of the plainest kinds, which it never refuses, are passed without it.
"""

from __future__ import annotations

from xsrun.analysis.report import TextReport
from xsrun.diagnostics import Diagnostic
from xsrun.names.places import is_fixed, unwrapped
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Entry,
    Expression,
    Group,
    Literal,
    ObjectLiteral,
    Path,
    Quoted,
    Statement,
    Unary,
    Variable,
)

_CONDITIONS = frozenset({"where", "additional_where", "search"})
_CLAUSES = frozenset({"join", "eval", "sort", "return", "addon", "external", "external_classic"})
_PLAIN_RETURNS = frozenset({"type", "distinct"})


def check_clauses(report: TextReport, item: Statement) -> None:
    """What the builder of plans refuses, where nothing was said yet."""
    given = [one for one in item.attributes() if one.name in _CONDITIONS or one.name in _CLAUSES]
    if all(_is_plain(one.name, one.value) for one in given):
        return
    from xsrun.statements.db_trial import refused_clauses

    for refused in refused_clauses(item, report.source.filename):
        if not any(_same(refused, one) for one in report.found):
            report.found.append(refused)


def _same(refused: Diagnostic, told: Diagnostic) -> bool:
    """Was a problem told already, perhaps as the placeholder that it is?"""
    place = (refused.line, refused.column) == (told.line, told.column)
    return place and told.code in (refused.code, "XS212")


def _is_plain(attribute: str, value: Expression) -> bool:
    """Is a clause surely one that the builder takes?"""
    if attribute in _CONDITIONS:
        return _is_condition(value)
    inner = unwrapped(value)
    entries = inner.entries if isinstance(inner, ObjectLiteral) else []
    if attribute == "sort":
        return bool(entries) and all(isinstance(entry, Entry) for entry in entries)
    return (
        attribute == "return"
        and bool(entries)
        and all(isinstance(entry, Entry) and entry.key in _PLAIN_RETURNS for entry in entries)
    )


def _is_condition(node: Expression) -> bool:
    """Comparisons of written columns with values, joined in any way."""
    if isinstance(node, Path) and isinstance(node.base, Variable):
        return node.base.name != "db" or all(is_fixed(segment) for segment in node.segments)
    if isinstance(node, Binary):
        return _is_condition(node.left) and _is_condition(node.right)
    if isinstance(node, (Group, Quoted)) and node.expression is not None:
        return _is_condition(node.expression)
    if isinstance(node, Between):
        return all(map(_is_condition, (node.operand, node.low, node.high)))
    if isinstance(node, Unary):
        return _is_condition(node.operand)
    return isinstance(node, Literal) or (isinstance(node, Variable) and node.name != "db")
