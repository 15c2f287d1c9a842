"""Filters that keep, find, group or change the members of a list by what they hold."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.errors import XanoScriptError
from xsrun.registry import filter
from xsrun.values.comparison import loose_equal, strict_equal
from xsrun.values.conversion import Value, to_text, truthy
from xsrun.values.paths import MISSING, find_steps, parse_path, set_path
from xsrun.values.php_arrays import Array, as_array_value, kept, members

# Keeping what is not empty -------------------------------------------------------------------------------------------


def _kept_at(value: Array, path: str | None, test: Callable[[Value], object]) -> Array:
    """The members that pass a test, or whose member at a path does; what is missing there is tested as null."""
    steps = parse_path(path or "")
    if not steps:
        return kept(value, test)

    def test_at_path(item: Value) -> object:
        found = find_steps(item, steps)
        return test(None if found is MISSING else found)

    return kept(value, test_at_path)


@filter("filter_empty")
def filter_empty(value: list[Value] | dict[str, Value], path: str | None = None) -> Array:
    """The members that are not empty: not "", null, 0, "0", false, [] or {}. With a path, what is found there decides.

    >>> ["a", "", 0, "0", null, false, []]|filter_empty
    ["a"]
    >>> [{a: 1}, {a: 0}]|filter_empty:"a"
    [{"a": 1}]
    """
    return _kept_at(value, path, truthy)


@filter("filter_empty_text")
def filter_empty_text(value: list[Value] | dict[str, Value], path: str | None = None) -> Array:
    """The members that are not the empty text.

    >>> ["a", "", 0]|filter_empty_text
    ["a", 0]
    """
    return _kept_at(value, path, lambda item: not (item.__class__ is str and item == ""))


@filter("filter_empty_array")
def filter_empty_array(value: list[Value] | dict[str, Value], path: str | None = None) -> Array:
    """The members that are not an empty list.

    >>> [[1], [], 0]|filter_empty_array
    [[1], 0]
    """
    return _kept_at(value, path, lambda item: not (item.__class__ is list and not item))


@filter("filter_empty_object")
def filter_empty_object(value: list[Value] | dict[str, Value], path: str | None = None) -> Array:
    """The members that are not an empty object.

    >>> [{a: 1}, {}, 0]|filter_empty_object
    [{"a": 1}, 0]
    """
    return _kept_at(value, path, lambda item: not (item.__class__ is dict and not item))


@filter("filter_null")
def filter_null(value: list[Value] | dict[str, Value], path: str | None = None) -> Array:
    """The members that are not null.

    >>> [1, null, 0]|filter_null
    [1, 0]
    >>> {a: null, b: ""}|filter_null
    {"b": ""}
    """
    return _kept_at(value, path, lambda item: item is not None)


@filter("filter_zero")
def filter_zero(value: list[Value] | dict[str, Value], path: str | None = None) -> Array:
    """The members that are not the number zero.

    >>> [1, 0, 0.0, false, ""]|filter_zero
    [1, false, ""]
    """
    return _kept_at(value, path, lambda item: not ((item.__class__ is int or item.__class__ is float) and item == 0))


@filter("filter_false")
def filter_false(value: list[Value] | dict[str, Value], path: str | None = None) -> Array:
    """The members that are not false.

    >>> [true, false, 0]|filter_false
    [true, 0]
    """
    return _kept_at(value, path, lambda item: item is not False)


@filter("remove")
def remove(piped: list[Value] | dict[str, Value], value: Value, path: str = "", strict: bool = False) -> Array:
    """The members that do not equal a value, or whose member at a path does not.

    Equality is that of `==`, or of `===` when `strict`.

    >>> [1, 2, "2", 3]|remove:2
    [1, 3]
    >>> [1, 2, "2", 3]|remove:2:"":true
    [1, "2", 3]
    >>> [{v: 1}, {v: 2}]|remove:2:"v"
    [{"v": 1}]
    """
    equal = strict_equal if strict else loose_equal
    steps = parse_path(path)

    def stays(member: Value) -> bool:
        found = find_steps(member, steps)
        return found is MISSING or not equal(found, value)

    return kept(piped, stays)


# Matching an example -------------------------------------------------------------------------------------------------


def matches(item: Value, example: Value) -> bool:
    """Whether an object has every key of an example with a loosely equal value; what is not an object must equal it."""
    if not isinstance(example, dict):
        return loose_equal(item, example)
    return isinstance(item, dict) and all(
        key in item and loose_equal(item[key], wanted) for key, wanted in example.items()
    )


@filter("array_find")
def array_find(value: list[Value] | dict[str, Value], match: dict[str, Value]) -> Value:
    """The first member that has the keys and values of an example. It is an error when there is none.

    >>> [{id: 1}, {id: 2, n: "b"}]|array_find:{id: 2}
    {"id": 2, "n": "b"}
    """
    for item in members(value):
        if matches(item, match):
            return item
    raise XanoScriptError("Unable to find element.", hint="test with |array_has first, or use |find, which gives null")


@filter("array_filter")
def array_filter(value: list[Value] | dict[str, Value], match: dict[str, Value], path: str | None = None) -> Array:
    """The members that have the keys and values of an example. With a path, what is found there is compared.

    >>> [{id: 1, t: "x"}, {id: 2, t: "y"}]|array_filter:{id: 1}
    [{"id": 1, "t": "x"}]
    """
    return _kept_at(value, path, lambda item: matches(item, match))


@filter("array_has")
def array_has(value: list[Value] | dict[str, Value], match: dict[str, Value]) -> bool:
    """Whether any member has the keys and values of an example.

    >>> [{id: 1}, {id: 2}]|array_has:{id: 2}
    true
    """
    return any(matches(item, match) for item in members(value))


def _changed(value: Array, change: Callable[[Value], Value]) -> Array:
    if isinstance(value, dict):
        return {key: change(item) for key, item in value.items()}
    return [change(item) for item in value]


@filter("array_replace")
def array_replace(value: list[Value] | dict[str, Value], match: Value, result: Value) -> Array:
    """The list with another value in place of every member that matches an example or equals a value.

    >>> [{id: 1}, {id: 2}]|array_replace:{id: 2}:{id: 5}
    [{"id": 1}, {"id": 5}]
    >>> ["a", "b"]|array_replace:"a":"x"
    ["x", "b"]
    """
    return _changed(value, lambda item: result if matches(item, match) else item)


@filter("array_upmerge")
def array_upmerge(value: list[Value] | dict[str, Value], match: dict[str, Value], node: dict[str, Value]) -> Array:
    """The list with an object merged into every member that matches an example.

    >>> [{id: 1}, {id: 2}]|array_upmerge:{id: 2}:{seen: true}
    [{"id": 1}, {"id": 2, "seen": true}]
    """
    return _changed(value, lambda item: {**item, **node} if matches(item, match) and isinstance(item, dict) else item)


# Others --------------------------------------------------------------------------------------------------------------


@filter("index_by", takes_surplus=True)
def index_by(value: list[Value] | dict[str, Value], path: str, is_list: bool | None = None) -> Array:
    """The members grouped by what is found at a path: an object of lists, even for a group of one.

    Members without a text, number or boolean there are left out. `is_list` is known to the engine and undocumented;
    it changes nothing here.

    >>> [{g: "x", n: 1}, {g: "y", n: 2}, {g: "x", n: 3}]|index_by:"g"
    {"x": [{"g": "x", "n": 1}, {"g": "x", "n": 3}], "y": [{"g": "y", "n": 2}]}
    """
    steps = parse_path(path)
    groups: dict[str, Value] = {}
    for item in members(value):
        found = find_steps(item, steps)
        if isinstance(found, str | bytes | int | float):
            groups.setdefault(to_text(found), []).append(item)
    return as_array_value(groups)


@filter("array_set")
def array_set(piped: Value, path: str, value: Value) -> Value:
    """The value with another value at a path; what is not an object or list is replaced by an empty object first.

    >>> {a: {b: 1}}|array_set:"a.c":2
    {"a": {"b": 1, "c": 2}}
    >>> 5|array_set:"x":1
    {"x": 1}
    """
    return set_path(piped if isinstance(piped, dict | list) else {}, path, value)


@filter("array_lower")
def array_lower(value: list[Value] | dict[str, Value]) -> Array:
    """The members with texts in lower case; other members stay as they are.

    >>> ["Ab", "CD", 5]|array_lower
    ["ab", "cd", 5]
    """
    return _changed(value, lambda item: item.lower() if isinstance(item, str) else item)
