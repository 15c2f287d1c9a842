"""Reads: the variables that an expression needs a value of."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.names.bindings import named_in_filters
from xsrun.names.places import member_of_root, place_of
from xsrun.syntax.nodes import Expression, Node, Path, Variable
from xsrun.syntax.walk import below


def reads(node: Expression) -> list[tuple[str, Expression]]:
    """The variables and roots that an expression reads, each with the node that reads it."""
    found: list[tuple[str, Expression]] = []
    for inner in below(node):
        place = place_of(inner) if isinstance(inner, (Variable, Path)) else None
        if place is not None and place.root and not place.root.isdigit():
            found.append((place.root, inner))
    named = named_in_filters(node) if found else set()
    return [(name, place) for name, place in found if name not in named]


def inputs_read(items: Iterable[Node]) -> set[str]:
    """The inputs whose names stand in some nodes: `a` of `$input.a.b`."""
    nodes = (node for item in items for node in item.walk() if isinstance(node, Path))
    return {name for node in nodes if (name := member_of_root(node, "input")) is not None}
