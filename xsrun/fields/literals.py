"""Literal values in the declarations of fields, and the marks for what no program can write."""

from __future__ import annotations

from xsrun.syntax import nodes
from xsrun.values.conversion import Value
from xsrun.values.conversion import to_text as text_of


class _Marker:
    """A value that no program can have."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


#: The default `now`: the time of the run that binds it.
NOW = _Marker("NOW")
#: An input that the caller did not send.
OMITTED = _Marker("OMITTED")
#: An input that stays without a value: an omitted optional `date` (evidence a4).
UNBOUND = _Marker("UNBOUND")


def text_attribute(node: nodes.Field, name: str) -> str | None:
    value = literal(node.attribute(name))
    return None if value is UNBOUND or value is None or value.__class__ in (list, dict) else text_of(value)


def object_attribute(node: nodes.Field, name: str) -> dict[str, Value]:
    value = literal(node.attribute(name))
    return value if value.__class__ is dict else {}


def literal(node: nodes.Expression | None) -> Value:
    """The value of a literal expression; ABSENT for anything else."""
    match node:
        case nodes.Literal() | nodes.Timestamp():
            return node.value
        case nodes.Word():
            return node.text
        case nodes.Now():
            return NOW
        case nodes.Group():
            return literal(node.expression)
        case nodes.Quoted() | nodes.Cast():
            return literal(node.expression if isinstance(node, nodes.Quoted) else node.operand)
        case nodes.Unary(operator="-" | "+", operand=nodes.Literal(value=int() | float() as number)):
            return -number if node.operator == "-" else number
        case nodes.ListLiteral():
            items = [literal(item) for item in node.items]
            return UNBOUND if UNBOUND in items else items
        case nodes.ObjectLiteral():
            entries = [entry for entry in node.entries if isinstance(entry, nodes.Entry) and not entry.disabled]
            return {entry.key: value for entry in entries if (value := literal(entry.value)) is not UNBOUND}
    return UNBOUND
