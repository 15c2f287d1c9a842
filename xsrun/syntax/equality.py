"""When two trees are equal."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from xsrun.hints import Any


def are_equal(one: object, other: object, base: type) -> bool:
    """Are two trees equal, whose nodes are of subclasses of `base`? Places and what was said of them do not count.

    It does not recurse, so that no chain of operators is too long for it.
    """
    left, right = [one], [other]
    while left:
        node, twin = left.pop(), right.pop()
        kind = node.__class__
        if kind is not twin.__class__:
            return False
        if isinstance(node, list) and isinstance(twin, list):
            if len(node) != len(twin):
                return False
            left.extend(node)
            right.extend(twin)
        elif issubclass(kind, base):
            values = _values_of.get(kind) or _remembered(kind)
            left.extend(values(node))
            right.extend(values(twin))
        elif node != twin:
            return False
    return True


_values_of: dict[type, Callable[[Any], tuple[Any, ...]]] = {}


def _remembered(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the values of a node of some class."""
    names = [name for name in kind.__slots__ if not name.endswith("_column") and name != "diagnostics"]
    if len(names) > 1:
        _values_of[kind] = attrgetter(*names)
    else:
        _values_of[kind] = lambda node: tuple(getattr(node, name) for name in names)
    return _values_of[kind]
