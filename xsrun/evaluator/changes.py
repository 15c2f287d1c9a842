"""Which variables a construct changes in place, found before anything is compiled.

Each of them has what it owns beside it (`xsrun.values.ownership`), a local variable of its own in generated code. A
variable that no statement changes owns nothing, and reading it costs nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from xsrun import registry
from xsrun.evaluator.quasiquote import call, name, place, statements
from xsrun.names.places import root_of, target_of, unwrapped
from xsrun.registry import demands
from xsrun.syntax.nodes import Expression, FilterCall, Group, Located, Node, Statement

#: Filters whose use on the value of a variable, stored in that variable again, is a change in place.
ADDING_FILTERS = {"push": 1, "append": 1, "merge": 1}
_CHANGING_FILTERS = frozenset((*ADDING_FILTERS, "set"))


class Changes:
    """The variables that are changed in place, and those of them in which containers below are."""

    __slots__ = ("below", "variables")

    def __init__(self, variables: frozenset[str] = frozenset(), below: frozenset[str] = frozenset()) -> None:
        self.variables = variables
        self.below = below


def changes_of(items: Iterable[Node]) -> Changes:
    """The changes of all statements in some nodes. It may name a variable that in the end is not changed in place."""
    variables: set[str] = set()
    below: set[str] = set()
    for item in items:
        for node in item.walk():
            if not isinstance(node, Statement):
                continue
            for target in (None if _only_reads(node) else node.target, node.result):
                changed = target_of(target)
                adds = target is node.target and _changes_target(node)
                if changed is not None and (adds or changed.segments):
                    variables.add(changed.root)
                    if len(changed.segments) + adds > 1:
                        below.add(changed.root)
    return Changes(frozenset(variables), frozenset(below))


def _only_reads(node: Statement) -> bool:
    """Is the header of a statement in parentheses, as in `foreach ($x.items)`? Only removing items writes it."""
    return isinstance(node.target, Group) and not (node.name == "foreach" and demands.removes_items(node))


def _changes_target(node: Statement) -> int:
    """How many levels of containers at its header a statement changes in place: 0, 1, or 2 for one and any below."""
    if node.name in ("var", "var.update"):
        filters = _filters_on(node.target, node.attribute("value"))
        return (2 if "set" in filters else 1) if _CHANGING_FILTERS.intersection(filters) else 0
    record = registry.find_statement(node.name)
    return int(record is not None and record.changes_target)


def _filters_on(target: Node | None, value: Expression | None) -> list[str]:
    """The names, without aliases, of a chain of filters on something in the variable that a header names."""
    names = []
    value = unwrapped(value)
    while isinstance(value, FilterCall):
        record = registry.find_filter(value.name)
        names.append(record.name if record is not None else value.name)
        value = unwrapped(value.operand)
    return names if root_of(value) == root_of(target) else []


def owner_name(variable: str) -> str:
    """The local variable of generated code that holds what a variable owns."""
    return f"o_{variable}"


def owners_defined(variables: Iterable[str], at: Located) -> list[ast.stmt]:
    """The statements at the start of a function that make what its variables own."""
    return [
        one
        for variable in sorted(variables)
        for one in statements("O = Owned(context.count_copied)", at, O=owner_name(variable))
    ]


def owners_of(variables: Iterable[str], at: Located) -> ast.expr:
    """The tuple of what some variables own."""
    return place(ast.Tuple([name(owner_name(one), at) for one in sorted(variables)], ast.Load()), at)


def owned_call(method: str, variable: str, at: Located, *arguments: ast.expr) -> ast.expr:
    """A call of a method of what a variable owns."""
    made = call("", at, *arguments)
    assert isinstance(made, ast.Call)
    made.func = place(ast.Attribute(name(owner_name(variable), at), method, ast.Load()), at)
    return made
