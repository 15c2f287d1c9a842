"""Where two values differ, path by path: what a long message cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from xsrun.running.assertions import show
from xsrun.values.comparison import loose_equal
from xsrun.values.conversion import Value

#: Differences that are listed; the rest is counted.
LISTED = 12
_ABSENT = object()


def difference(expected: Value, actual: Value) -> list[str]:
    """Lines such as `.items[2].name: expected "oak", got "elm"`; none when one of the two is not a list or object."""
    if not (isinstance(expected, (list, dict)) and isinstance(actual, (list, dict))):
        return []
    lines = list(islice(_differences(expected, actual, ""), LISTED + 1))
    return lines if len(lines) <= LISTED else [*lines[:LISTED], "..."]


def _differences(expected: Value, actual: Value, path: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            yield from _differences(expected.get(key, _ABSENT), actual.get(key, _ABSENT), f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        for index in range(max(len(expected), len(actual))):
            one = expected[index] if index < len(expected) else _ABSENT
            other = actual[index] if index < len(actual) else _ABSENT
            yield from _differences(one, other, f"{path}[{index}]")
    elif expected is _ABSENT:
        yield f"{path}: not expected, got {show(actual)}"
    elif actual is _ABSENT:
        yield f"{path}: expected {show(expected)}, missing"
    elif not loose_equal(expected, actual):
        yield f"{path or 'value'}: expected {show(expected)}, got {show(actual)}"
