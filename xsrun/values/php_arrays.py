"""How array and math filters see a value as text, as a number, or as one of a set: the casts of PHP's array functions.

They are more forgiving than the conversion of an argument (`xsrun.values.conversion.as_text`, `as_number`): a null in a
list that is summed counts as 0, and `true` in a list that is joined is `1` (semantics 0: what PHP would do).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from xsrun.errors import XanoScriptError
from xsrun.lazy_regex import ASCII, pattern
from xsrun.values.conversion import (
    NOT_JOINABLE,
    Value,
    clamp_int,
    describe,
    normalize_object,
    text_of_number,
)

Array = list[Value] | dict[str, Value]


# Scalars -------------------------------------------------------------------------------------------------------------


def cast_to_text(value: Value) -> str:
    """PHP's `(string)`: `true` is "1", `false` and null are "". A list or object cannot be text and is refused."""
    if value.__class__ is str:
        return value
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if value.__class__ is int or value.__class__ is float:
        return text_of_number(value)
    if value.__class__ is bytes:
        return value.decode("utf-8", "replace")
    raise XanoScriptError(NOT_JOINABLE, hint=f"the value is {describe(value)}")


_NUMBER_AT_START = pattern(r"[ \t\n\r\v\f]*([+-]?(?:\d+(\.\d*)?|(\.\d+))([eE][+-]?\d+)?)", ASCII)


def cast_to_number(value: Value) -> float:
    """PHP's `(float)` that keeps ints: null is 0, a text counts as the number it begins with, an array by being empty.

    Nothing is refused.
    """
    if value.__class__ is int or value.__class__ is float:
        return value
    if isinstance(value, str | bytes):
        match = _NUMBER_AT_START.match(cast_to_text(value))
        if match is None:
            return 0
        whole = match.group(2) is None and match.group(3) is None and match.group(4) is None
        return clamp_int(int(match.group(1))) if whole and len(match.group(1)) < 30 else float(match.group(1))
    return 1 if value else 0


# Sameness ------------------------------------------------------------------------------------------------------------


class Identities:
    """Tells which members of lists count as the same: scalars by their text, containers member by member.

    PHP would take all lists and objects for equal here, with a warning; comparing their members is what was meant.
    Each container is looked at once, so that members that are shared many times over cost nothing more.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        #: by `id`: the containers live as long as the call that compares them
        self._known: dict[int, Hashable] = {}

    def of(self, value: Value) -> Hashable:
        """Something hashable that two values share when they count as the same."""
        if value.__class__ is list or value.__class__ is dict:
            self._look_into(value)
        return self._known_of(value)

    def _known_of(self, value: Value) -> Hashable:
        """The same for a scalar, or for a container that was looked into."""
        kind = value.__class__
        if kind is str or kind is bytes:
            identity: Hashable = value
            return identity
        if kind is not list and kind is not dict:
            return cast_to_text(value) if kind in _SCALARS else (id(value), "resource")
        return self._known.get(id(value))

    def _look_into(self, value: Value) -> None:
        """Number a container after those inside it, in a loop: it may be nested deeper than Python calls functions."""
        pending: list[Value] = [value]
        while pending:
            container = pending[-1]
            if id(container) in self._known:
                pending.pop()
                continue
            members = container.values() if container.__class__ is dict else container
            unknown = [one for one in members if one.__class__ in (list, dict) and id(one) not in self._known]
            if unknown:
                pending += unknown
                continue
            pending.pop()
            identities = map(self._known_of, members)
            shape: Hashable
            shape = (
                tuple(identities) if container.__class__ is list else frozenset(zip(container, identities, strict=True))
            )
            self._known[id(container)] = (self._numbers.setdefault(shape, len(self._numbers)),)


_SCALARS = frozenset((int, float, bool, type(None)))


# Arrays --------------------------------------------------------------------------------------------------------------


def members(array: Array) -> list[Value]:
    """The values of a list or object, as a new list."""
    return list(array.values()) if isinstance(array, dict) else list(array)


def kept(array: Array, test: Callable[[Value], object]) -> Array:
    """The members that pass a test: a list closes up, an object keeps its keys."""
    if isinstance(array, dict):
        return as_array_value({key: item for key, item in array.items() if test(item)})
    return [item for item in array if test(item)]


def entries_of(array: Array) -> Iterable[tuple[str, Value]]:
    """Keys and values; the keys of a list are its positions as text."""
    return array.items() if isinstance(array, dict) else ((str(index), item) for index, item in enumerate(array))


def as_array_value(entries: dict[str, Value]) -> Array:
    """`normalize_object`, typed."""
    made: Array = normalize_object(entries)
    return made


_WHOLE = pattern(r"-?[1-9]\d{0,17}|0", ASCII)


def whole_key(key: str) -> int | None:
    """The int that a PHP array would have as this key, or None for a key that stays text."""
    return int(key) if _WHOLE.fullmatch(key) else None


def renumbered(entries: Iterable[tuple[str, Value]]) -> Array:
    """Entries as an array whose whole keys are counted anew from 0, as PHP does when it merges or slices."""
    result: dict[str, Value] = {}
    position = 0
    for key, item in entries:
        if whole_key(key) is None:
            result[key] = item
        else:
            result[str(position)] = item
            position += 1
    return as_array_value(result)


def with_appended(array: Array, value: Value) -> Array:
    """A new array with one more member at the end; in an object it gets the next whole key, as in PHP."""
    if isinstance(array, list):
        return [*array, value]
    numbers = [number for number in map(whole_key, array) if number is not None]
    return as_array_value({**array, str(max(numbers, default=-1) + 1): value})


def with_prepended(array: Array, value: Value) -> Array:
    """A new array with one more member in front."""
    if isinstance(array, list):
        return [value, *array]
    return renumbered([("0", value), *entries_of(array)])
