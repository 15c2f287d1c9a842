"""JSON values compared as PostgreSQL's jsonb compares them."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.values.conversion import Value, from_json, parse_number, to_json
from xsrun.values.digits import index_of

_NUMBERS = (int, float)


def same(left: Value, right: Value) -> bool:
    """Equality: 1 is 1.0, but true is not 1; objects without regard to the order of keys."""
    one, two = left.__class__, right.__class__
    if one in _NUMBERS and two in _NUMBERS:
        return bool(left == right)
    if one is not two:
        return False
    if one is list:
        return len(left) == len(right) and all(map(same, left, right))
    if one is dict:
        return len(left) == len(right) and all(key in right and same(value, right[key]) for key, value in left.items())
    return bool(left == right)


def contains(value: Value, other: Value) -> bool:
    """`@>`: everything in the second value is somewhere in the first; a list also contains a scalar element."""
    if value.__class__ is list and other.__class__ not in (list, dict):
        return any(same(item, other) for item in value)
    return _within(value, other)


def _within(value: Value, other: Value) -> bool:
    if value.__class__ is dict and other.__class__ is dict:
        return all(key in value and _within(value[key], item) for key, item in other.items())
    if value.__class__ is list and other.__class__ is list:
        return all(any(_within(mine, item) for mine in value) for item in other)
    return same(value, other)


def overlaps(value: Value, other: Value) -> bool:
    """Whether two lists share an element; false for anything else."""
    if value.__class__ is not list or other.__class__ is not list:
        return False
    return any(same(mine, item) for mine in value for item in other)


def member(value: Value, keys: Iterable[str]) -> Value:
    """What is at a path of keys and indexes, from the end when negative; null when nothing is there."""
    for key in keys:
        if value.__class__ is dict:
            value = value.get(key)
        elif value.__class__ is list and (position := index_of(key, len(value))) is not None:
            value = value[position]
        else:
            return None
    return value


def json_number_of(text: str) -> float | None:
    """The number that a JSON text stands for: numbers, numeric texts, booleans; else None."""
    value = from_json(text)
    if value.__class__ in _NUMBERS:
        return value
    if value.__class__ is str:
        return parse_number(value)
    return int(value) if value.__class__ is bool else None


def json_text_of(text: str) -> str | None:
    """The text that a JSON text stands for: scalars as they are written, lists and objects as JSON."""
    if text.startswith('"'):
        value = from_json(text)
        return value if value.__class__ is str else None
    if text == "null":
        return None
    if text[0] in "[{":
        return to_json(from_json(text))
    return text
