"""Filters that put a list in another order, and `unique`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import cmp_to_key
from operator import attrgetter, itemgetter

from xsrun.hints import TYPE_CHECKING
from xsrun.registry import filter
from xsrun.values.comparison import compare
from xsrun.values.conversion import Value
from xsrun.values.paths import MISSING, find_steps, parse_path
from xsrun.values.php_arrays import Array, Identities, cast_to_number, cast_to_text, members

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

    #: What members are sorted by.
    Key = Callable[[Value], SupportsRichComparison]

_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_DIGITS = frozenset("0123456789")
_BLANKS = frozenset(" \t\n\r\v\f")


@filter("reverse", result="same")
def reverse(value: list[Value] | dict[str, Value]) -> Array:
    """The same members in the opposite order.

    >>> [1, 2, 3]|reverse
    [3, 2, 1]
    """
    return value[::-1] if isinstance(value, list) else dict(reversed(value.items()))


@filter("shuffle")
def shuffle(value: list[Value] | dict[str, Value]) -> list[Value]:
    """The members in random order.

    >>> ([1, 2, 3]|shuffle)|count
    3
    """
    import random

    result = members(value)
    random.shuffle(result)
    return result


@filter("unique", result="same")
def unique(value: list[Value] | dict[str, Value], path: str | None = None) -> list[Value]:
    """The members without those that came before. With a path, what is found there decides.

    Scalars are the same when their texts are: 1, "1" and true are one.

    >>> [3, 1, 3]|unique
    [3, 1]
    >>> [{g: "x", n: 1}, {g: "x", n: 2}]|unique:"g"
    [{"g": "x", "n": 1}]
    """
    if not path and set(map(_class_of, members(value))) in _ALIKE:
        return list(dict.fromkeys(members(value)))
    identities = Identities()
    steps = parse_path(path or "")
    result: dict[Hashable, Value] = {}
    for item in members(value):
        judged = find_steps(item, steps) if steps else item
        result.setdefault(identities.of(judged), item)
    return list(result.values())


# Sorting -------------------------------------------------------------------------------------------------------------


@filter("sort", result="same")
def sort(value: list[Value] | dict[str, Value], path: str = "", type: str = "itext", asc: bool = True) -> list[Value]:
    """The members in order of what is found at a path in each; no path means the members themselves.

    `type` says how they compare: `number` by value, `text` by spelling, `itext` without regard to the case of A to Z,
    `natural` and `inatural` with the numbers inside texts by value. Any other type acts as `itext`, as on the engine.
    `asc` false turns the order round; what compares as equal stays in its order either way.

    >>> [10, 9, 100]|sort:"":"number"
    [9, 10, 100]
    >>> [{n: "b"}, {n: "a"}]|sort:"n":"text":true
    [{"n": "a"}, {"n": "b"}]
    >>> ["img12", "img2"]|sort:"":"natural":false
    ["img12", "img2"]
    """
    items = members(value)
    key = SORT_KEYS.get(type, _folded_text)
    steps = parse_path(path)
    if not steps:
        return sorted(items, key=_cheaper(key, items), reverse=not asc)
    if isinstance(path, str) and path.isidentifier() and set(map(_class_of, items)) <= _OBJECTS:
        read = itemgetter(path)
        try:
            if _cheaper(key, map(read, items)) is None:
                return sorted(items, key=read, reverse=not asc)
        except KeyError:
            pass  # one of them has no such member: the general way counts it as nothing
    return sorted(items, key=lambda item: key(find_steps(item, steps)), reverse=not asc)


def _cheaper(key: Key, items: Iterable[Value]) -> Key | None:
    """A key that puts these members into the same order for less; None when they compare as they are."""
    kept = items if isinstance(items, list) else list(items)
    kinds = set(map(_class_of, kept))
    if kinds <= _AS_THEY_ARE.get(key, _NO_CLASS):
        return None
    if key is _folded_text:
        if kinds == _INTEGERS:
            return str
        if kinds == _TEXTS and all(map(str.isascii, kept)):
            return str.lower
    return key


_class_of = attrgetter("__class__")
#: Classes whose values have different texts when they are different.
_ALIKE = ({int}, {str})
_INTEGERS, _TEXTS, _OBJECTS = frozenset((int,)), frozenset((str,)), frozenset((dict,))
_NO_CLASS: frozenset[type] = frozenset()


@filter("rsort")
def rsort(value: list[Value] | dict[str, Value]) -> list[Value]:
    """The members in descending order, numbers and numeric texts by value.

    >>> [2, 10, 1]|rsort
    [10, 2, 1]
    """
    items = members(value)
    return sorted(items, key=None if _cheaper(_number, items) is None else cmp_to_key(compare), reverse=True)


def _plain_text(value: Value) -> str:
    """The text a member is sorted by. Lists and objects all count as the same text, as in PHP; nothing has none."""
    if value.__class__ is str:
        return value
    if value is None or value is MISSING:
        return ""
    kind = value.__class__
    return cast_to_text(value) if kind in (int, float, bool, bytes) else "Array"


def _folded_text(value: Value) -> str:
    text = _plain_text(value)
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


def _number(value: Value) -> float:
    return cast_to_number(value if value.__class__ in (int, float, str, bytes, bool) else None)


def natural_order(left: str, right: str) -> int:
    """Order of two texts as a person would number them: `a2` before `a10` (PHP's strnatcmp). -1, 0 or 1.

    Blanks do not count. Runs of digits compare by value, or digit by digit, as after a decimal point, when one of them
    begins with a zero inside the text.
    """
    if not left or not right:
        return (left > right) - (left < right)
    one, two = _past_zeros(left), _past_zeros(right)
    while True:
        one, two = _past_blanks(left, one), _past_blanks(right, two)
        first, second = left[one : one + 1], right[two : two + 1]
        if first in _DIGITS and second in _DIGITS:
            end, other_end = _past_digits(left, one), _past_digits(right, two)
            order = _digits_order(left[one:end], right[two:other_end])
            if order:
                return order
            one, two = end, other_end
        elif first != second:
            return (first > second) - (first < second)
        else:
            one, two = one + 1, two + 1
        if one >= len(left) or two >= len(right):
            return (one < len(left)) - (two < len(right))


def _digits_order(first: str, second: str) -> int:
    if first[0] != "0" and second[0] != "0" and len(first) != len(second):
        return 1 if len(first) > len(second) else -1
    return (first > second) - (first < second)


def _past_zeros(text: str) -> int:
    """The position after the zeros that lead a number at the start of a text."""
    position = 0
    while text[position] == "0" and text[position + 1 : position + 2] in _DIGITS:
        position += 1
    return position


def _past_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANKS:
        position += 1
    return position


def _past_digits(text: str, position: int) -> int:
    while position < len(text) and text[position] in _DIGITS:
        position += 1
    return position


_natural_key = cmp_to_key(natural_order)

#: Sort type -> the key of a member. Only these five exist; every other spelling is taken for `itext`.
SORT_KEYS: dict[str, Key] = {
    "text": _plain_text,
    "itext": _folded_text,
    "number": _number,
    "natural": lambda value: _natural_key(_plain_text(value)),
    "inatural": lambda value: _natural_key(_folded_text(value)),
}
#: key -> the classes whose values it puts into the order in which they compare anyway.
_AS_THEY_ARE: dict[Key, frozenset[type]] = {_number: frozenset((int, float)), _plain_text: _TEXTS}
