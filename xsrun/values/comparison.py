"""Equality and order of values, and the comparisons of conditions that stand on them (semantics 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xsrun.values.conversion import Value, as_list, as_text, parse_number, text_of_number, to_bytes, truthy


def loose_equal(left: Value, right: Value) -> bool:
    """`==`: PHP 8's loose equality; lists and objects deeply, objects without regard to key order."""
    one, two = left.__class__, right.__class__
    if one is two:
        if one is str:
            return left == right or _numeric_texts_equal(left, right)
        if one is list or one is dict:
            return _same_members(left, right, loose_equal)
        return bool(left == right)
    if left is None or right is None:
        other = right if left is None else left
        return other == "" if other.__class__ is str else not truthy(other)
    if one is bool or two is bool:
        return truthy(left) is truthy(right)
    if one in _NUMBERS and two in _NUMBERS:
        return bool(left == right)
    if one in _NUMBERS and two is str:
        number = parse_number(right)
        return bool(number == left if number is not None else text_of_number(left) == right)
    if two in _NUMBERS and one is str:
        return loose_equal(right, left)
    if (one is list and two is dict and not left) or (one is dict and two is list and not right):
        return not left and not right
    return False


_NUMBERS = (int, float)


def _numeric_texts_equal(left: str, right: str) -> bool:
    number = parse_number(left)
    return number is not None and number == parse_number(right)


def strict_equal(left: Value, right: Value) -> bool:
    """`===`: the same type and the same value, all the way down; `1 === 1.0` is false."""
    kind = left.__class__
    if kind is not right.__class__:
        return False
    if kind is list or kind is dict:
        return _same_members(left, right, strict_equal)
    return bool(left == right)


def _same_members(left: Value, right: Value, equal: Callable[[Value, Value], bool]) -> bool:
    """Are two lists, or two objects, equal member by member? Two that are met again are not compared again."""
    pending = [(left, right)]
    met: set[tuple[int, int]] = set()
    while pending:
        left, right = pending.pop()
        if left is right:
            continue
        if len(left) != len(right):
            return False
        if left.__class__ is dict:
            if not all(map(right.__contains__, left)):
                return False
            right = [right[key] for key in left]
            left = left.values()
        for one, two in zip(left, right, strict=True):
            kind = one.__class__
            if kind is not two.__class__:
                if not equal(one, two):
                    return False
            elif kind is not list and kind is not dict:
                if one != two and not equal(one, two):
                    return False
            elif one is not two and (id(one), id(two)) not in met:
                met.add((id(one), id(two)))
                pending.append((one, two))
    return True


def compare(left: Value, right: Value) -> int:
    """PHP's `<=>`: -1, 0 or 1. Numbers and numeric texts by value, other texts by their bytes (semantics 2.2)."""
    one, two = left.__class__, right.__class__
    if one in _NUMBERS and two in _NUMBERS:
        return -1 if left < right else 1 if left > right else 0
    if one is str and two is str:
        first, second = parse_number(left), parse_number(right)
        if first is not None and second is not None:
            return -1 if first < second else 1 if first > second else 0
        return -1 if left < right else 1 if left > right else 0
    if one is bool or two is bool or left is None or right is None:
        if (one is str or two is str) and (left is None or right is None):
            texts = ("" if left is None else left), ("" if right is None else right)
            return -1 if texts[0] < texts[1] else 1 if texts[0] > texts[1] else 0
        return truthy(left) - truthy(right)
    if one in _NUMBERS and two is str:
        number = parse_number(right)
        if number is not None:
            return -1 if left < number else 1 if left > number else 0
        return compare_texts(text_of_number(left), right)
    if two in _NUMBERS and one is str:
        return -compare(right, left)
    return _compare_containers(left, right)


def compare_texts(left: str, right: str) -> int:
    """Order of two texts by code point, whatever they look like."""
    return (left > right) - (left < right)


def _compare_containers(left: Value, right: Value) -> int:
    """By the number of members, then by the first that differ. Two that are met again are not compared again."""
    if left.__class__ is not right.__class__ or left.__class__ not in (list, dict):
        return (left.__class__ in (list, dict)) - (right.__class__ in (list, dict))  # an array is above any scalar
    opened = [iter(((left, right),))]
    met: set[tuple[int, int]] = set()
    while opened:
        for one, two in opened[-1]:
            kind = one.__class__
            if kind is not two.__class__ or (kind is not list and kind is not dict):
                order = compare(one, two)
                if order:
                    return order
            elif one is not two and (id(one), id(two)) not in met:
                if len(one) != len(two):
                    return (len(one) > len(two)) - (len(one) < len(two))
                met.add((id(one), id(two)))
                opened.append(_pairs(one, two))
                break
        else:
            opened.pop()
    return 0


def _pairs(left: Value, right: Value) -> Iterator[tuple[Value, Value]]:
    if left.__class__ is list:
        return zip(left, right, strict=True)
    return ((value, right.get(key)) for key, value in left.items())


# The operators of conditions -----------------------------------------------------------------------------------------


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
    from xsrun.values.like import like_matcher

    if isinstance(text, bytes) or isinstance(pattern, bytes):  # what is not UTF-8 is compared byte by byte
        text, pattern = to_bytes(text).decode("latin-1"), to_bytes(pattern).decode("latin-1")
    return like_matcher(pattern, escapes=False)(text)


def between(value: Value, low: Value, high: Value) -> bool:
    return compare(value, low) >= 0 and compare(value, high) <= 0
