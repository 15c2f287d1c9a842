"""How large a value becomes when it is written out.

Lists and objects are shared until they are changed, so a value can hold the same list very many times over at no cost:
`$a = [$a, $a]`, forty times. Written as text each copy counts.
"""

from __future__ import annotations

from xsrun.running.context import Context
from xsrun.values.conversion import Value


def check_unfolded(context: Context, value: Value) -> None:
    """Refuse a value that has too many members, each counted as often as it would be written."""
    if value.__class__ is list or value.__class__ is dict:
        context.check_size(_members(value, {}))


def _members(value: Value, known: dict[int, int]) -> int:
    """The members of a list or object and of all inside it; `known` holds what was counted before, by `id`."""
    total = known.get(id(value))
    if total is None:
        inner = value.values() if value.__class__ is dict else value
        total = len(value)
        for item in inner:
            if item.__class__ is list or item.__class__ is dict:
                total += _members(item, known)
        known[id(value)] = total
    return total
