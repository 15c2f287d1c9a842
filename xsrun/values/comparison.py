"""The comparisons of conditions that stand on `==` and the order of two values, which are in `conversion`."""

from __future__ import annotations

from xsrun.values.conversion import Value, as_list, as_text, compare, loose_equal, strict_equal


def not_equal(left: Value, right: Value) -> bool:
    return not loose_equal(left, right)


def not_identical(left: Value, right: Value) -> bool:
    return not strict_equal(left, right)


def less(left: Value, right: Value) -> bool:
    return compare(left, right) < 0


def less_or_equal(left: Value, right: Value) -> bool:
    return compare(left, right) <= 0


def greater(left: Value, right: Value) -> bool:
    return compare(left, right) > 0


def greater_or_equal(left: Value, right: Value) -> bool:
    return compare(left, right) >= 0


def is_in(value: Value, container: Value) -> bool:
    """`value in list`; in a text, whether it occurs there."""
    if container.__class__ is list:
        return any(loose_equal(value, item) for item in container)
    if container.__class__ is dict:
        return any(loose_equal(value, item) for item in container.values())
    return as_text(value) in as_text(container)


def contains(container: Value, value: Value) -> bool:
    return is_in(value, container)


def includes(container: Value, value: Value) -> bool:
    if container.__class__ is list or container.__class__ is dict:
        return is_in(value, container)
    return as_text(value).lower() in as_text(container).lower()


def overlaps(left: Value, right: Value) -> bool:
    return any(is_in(item, right) for item in as_list(left))


def like(value: Value, pattern: Value) -> bool:
    return _like(as_text(value), as_text(pattern))


def ilike(value: Value, pattern: Value) -> bool:
    return _like(as_text(value).lower(), as_text(pattern).lower())


def _like(text: str, pattern: str) -> bool:
    import re

    parts = re.split(r"([%_])", pattern)
    expression = "".join({"%": ".*", "_": "."}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def between(value: Value, low: Value, high: Value) -> bool:
    return compare(value, low) >= 0 and compare(value, high) <= 0
