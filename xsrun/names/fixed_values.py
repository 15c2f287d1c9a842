"""Fixed values: what an expression made of literals alone is, known without running anything."""

from __future__ import annotations

from xsrun.hints import Final
from xsrun.names.places import unwrapped
from xsrun.syntax import nodes
from xsrun.values.conversion import Value, normalize_object


class _Unknown:
    """The mark of a value that only a run knows."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


def fixed_value(node: nodes.Expression | None) -> Value | _Unknown:
    """The value of a literal, a bare word, a signed number, or a list or object of such; else `UNKNOWN`."""
    match unwrapped(node):
        case nodes.Literal(value=value) | nodes.Timestamp(value=value):
            return value
        case nodes.Word(text=text):
            return text
        case nodes.Unary(operator="-" | "+" as sign, operand=nodes.Literal(value=int() | float() as number)):
            return -number if sign == "-" else number
        case nodes.ListLiteral(items=items):
            values = [fixed_value(item) for item in items]
            return UNKNOWN if UNKNOWN in values else values
        case nodes.ObjectLiteral(entries=entries):
            return _fixed_object(entries)
    return UNKNOWN


def _fixed_object(entries: list[nodes.Entry | nodes.Spread]) -> Value | _Unknown:
    found: dict[str, Value] = {}
    for entry in entries:
        if not isinstance(entry, nodes.Entry) or entry.style == "variable":
            return UNKNOWN
        value = fixed_value(entry.value)
        if value is UNKNOWN:
            return UNKNOWN
        if not entry.disabled:
            found[entry.key] = value
    return normalize_object(found)
