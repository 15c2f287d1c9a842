"""What would be refused of the clauses of a database statement, by what refuses it: the builder of its plan.

`xsrun check` asks here. The operands between the columns are left out, so that nothing is compiled.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from xsrun.database.plans import QueryPlan
from xsrun.diagnostics import Diagnostic
from xsrun.errors import XanoScriptSyntaxError
from xsrun.evaluator.compiler import Compiler
from xsrun.evaluator.generated.linker import Linker
from xsrun.evaluator.quasiquote import Position, constant
from xsrun.evaluator.scope import Scope
from xsrun.names.places import unwrapped
from xsrun.statements.db_plans import QUERY_ATTRIBUTES, PlanBuilder
from xsrun.syntax.nodes import Expression, ListLiteral, ObjectLiteral, Statement

_Fill = Callable[[PlanBuilder, QueryPlan, Expression], None]
_CONDITIONS: dict[str, _Fill] = {"where": PlanBuilder.where, "search": PlanBuilder.where}
_ADDONS: dict[str, _Fill] = {"addon": PlanBuilder.addon}
#: The attributes that a plan is made of, by statement.
_CLAUSES: dict[str, dict[str, _Fill]] = {
    "db.query": QUERY_ATTRIBUTES,
    **dict.fromkeys(("db.bulk.update", "db.bulk.patch", "db.bulk.delete"), _CONDITIONS),
    **dict.fromkeys(("db.get", "db.add", "db.edit", "db.patch", "db.add_or_edit"), _ADDONS),
}


class _Idle(Compiler):
    """A compiler that leaves operands out."""

    def value(self, node: Expression | None) -> ast.expr:
        return constant(None, Position())


def refused_clauses(item: Statement, filename: str) -> Iterator[Diagnostic]:
    """The problems of the clauses of a database statement."""
    clauses = _CLAUSES.get(item.name)
    if clauses is None:
        return
    for attribute in item.attributes():
        fill = clauses.get(attribute.name)
        if fill is None or attribute.disabled:
            continue
        for part in _parts(attribute.value):
            builder = PlanBuilder(_Idle(Scope(), Linker(frozenset()), filename))
            try:
                fill(builder, QueryPlan(item.name, "", filename, item.line, item.column), part)
            except XanoScriptSyntaxError as error:
                yield from error.diagnostics


def _parts(value: Expression) -> Iterator[Expression]:
    """The members of a list or an object, each alone, so that each has its own problem; any other value whole."""
    inner = unwrapped(value)
    if isinstance(inner, ObjectLiteral) and len(inner.entries) > 1:
        yield from (ObjectLiteral([entry]).at(inner, inner) for entry in inner.entries)
    elif isinstance(inner, ListLiteral) and len(inner.items) > 1:
        yield from (ListLiteral([item]).at(inner, inner) for item in inner.items)
    else:
        yield value
