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
    """The value of a literal expression, which may be `now` or a cast; `UNBOUND` for anything else."""
    from xsrun.names.fixed_values import UNKNOWN, fixed_value
    from xsrun.names.places import unwrapped

    inner = unwrapped(node)
    if isinstance(inner, nodes.Now):
        return NOW
    if isinstance(inner, nodes.Cast):
        return literal(inner.operand)
    value = fixed_value(inner)
    return UNBOUND if value is UNKNOWN else value
