"""Which variable an expression reads, and what of its value the result may be: what ownership depends on."""

from __future__ import annotations

from xsrun import registry
from xsrun.names.places import short_form
from xsrun.syntax.nodes import Expression, FilterCall, Group, Path, Quoted, Variable


def reach_of(node: Expression | None) -> tuple[str, str]:
    """The variable that an expression reads, or "", and what of it the result may be.

    "value": what the variable holds; "member": one container below it, "members": any of these, or a new container
    with some that are.
    """
    if isinstance(node, Variable):
        return node.name, "value"
    if isinstance(node, Path):
        if not isinstance(node.base, Variable):
            root, reach = reach_of(node.base)
            return root, "members" if reach == "members" else "member"
        root, rest = short_form(node.base, node.segments)
        return root, "member" if rest else "value"
    if isinstance(node, (Group, Quoted)):
        return reach_of(node.expression)
    if isinstance(node, FilterCall):
        record = registry.find_filter(node.name)
        gives = record.gives if record is not None else None
        if node.disabled:
            return reach_of(node.operand)
        if gives is not None:
            root, reach = reach_of(node.operand)
            return root, "members" if "members" in (gives, reach) else "member"
    return "", ""
