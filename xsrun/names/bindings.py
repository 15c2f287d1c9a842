"""Bindings: the variables that statements give a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xsrun.language.roots import POST_PROCESS
from xsrun.names.places import root_of
from xsrun.syntax.nodes import Body, Expression, FilterCall, Literal, Node, Statement, Variable, Word
from xsrun.syntax.walk import below, expressions, has_parts, statements

#: Statements that give the variable at their header a value, whether or not it had one.
ASSIGNING = frozenset(("var", "var.update", "each"))


def places_of(items: Iterable[Node]) -> Iterator[Node | None]:
    """The header and the result of every statement below some nodes."""
    for item in items:
        for node in item.walk():
            if isinstance(node, Statement):
                yield node.target
                yield node.result


def changeable_variables(items: Iterable[Node]) -> frozenset[str]:
    """Every variable that a header or result below some nodes names: none other can have a value, or lose it."""
    roots = (root_of(place) for place in places_of(items))
    return frozenset(root for root in roots if root is not None and root.isidentifier())  # `$$` is only read


def assigned_variables(body: Body | None) -> set[str]:
    """Every variable that the statements below a body bind when they run, those that are switched off left out."""
    names: set[str] = set()
    for item in statements(body):
        targets: list[Expression | None] = [item.result]
        if item.name in ASSIGNING and isinstance(item.target, Expression):
            targets.append(item.target)
        names.update(filter(None, map(root_of, targets)))
        if item.name == "util.post_process":
            names.update(POST_PROCESS)
        for expression, _ in expressions(item):
            if has_parts(expression):
                names |= named_in_filters(expression)
    return names


def named_in_filters(node: Expression) -> set[str]:
    """Names that the filter `as` gives to values inside an expression, until the end of its statement."""
    filters = [inner for inner in below(node) if inner.__class__ is FilterCall and inner.name == "as"]
    return {name for one in filters if (name := name_given_by(one))}


def name_given_by(node: FilterCall) -> str | None:
    """The name in `|as:name`, which may also be written `$name` or `"name"`; None for any other filter."""
    if node.name != "as" or not node.arguments:
        return None
    match node.arguments[0]:
        case Word(text=text):
            return text
        case Variable(name=name):
            return name
        case Literal(value=str() as value):
            return value
    return None
