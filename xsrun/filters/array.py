"""Filters of lists and objects: reading members, building and cutting lists.

The rest of the family is in `array_order` (sorting, unique), `array_selection` (filters that keep or match members) and
`array_sets` (differences and merges). PHP has one array type, so most filters take objects too: what keeps members
keeps their keys, and a list closes up. No filter changes the value it is given.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.errors import XanoScriptError
from xsrun.filters import array_order, array_selection, array_sets
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.running.unfolded_size import check_unfolded
from xsrun.values.arithmetic import whole_numbers
from xsrun.values.conversion import NOT_ARRAY, Value, describe, text_of_bytes, to_bytes
from xsrun.values.paths import MISSING, find_path, set_path, update_path
from xsrun.values.php_arrays import (
    Array,
    as_array_value,
    cast_to_text,
    entries_of,
    members,
    renumbered,
    with_appended,
    with_prepended,
)

if TYPE_CHECKING:
    import ast

    from xsrun.evaluator.inlining import FilterUse

#: The registry imports this module for the whole family; importing the others declares their filters.
PARTS = (array_order, array_selection, array_sets)


# Reading -------------------------------------------------------------------------------------------------------------


@filter("first", gives="member", result="member", inline=lambda use: use.made("A[0]", use.test(0, "list"), "A"))
def first(value: list[Value] | dict[str, Value]) -> Value:
    """The first member, or null when there is none.

    >>> [7, 8, 9]|first
    7
    >>> []|first
    null
    """
    return next(iter(value.values() if isinstance(value, dict) else value), None)


@filter("last", gives="member", result="member", inline=lambda use: use.made("A[-1]", use.test(0, "list"), "A"))
def last(value: list[Value] | dict[str, Value]) -> Value:
    """The last member, or null when there is none.

    >>> [7, 8, 9]|last
    9
    """
    if not value:
        return None
    return next(reversed(value.values())) if isinstance(value, dict) else value[-1]


@filter("count", result="size", inline=lambda use: use.made("len(A)", use.test(0, "container")))
def count(value: list[Value] | dict[str, Value]) -> int:
    """How many members a list or object has, nulls included. A text has no members: `strlen` counts characters.

    >>> ["a", null]|count
    2
    """
    return len(value)


@filter("join", result="new text")
def join(context: Context, value: list[Value] | dict[str, Value], separator: str | bytes) -> Value:
    """The members as one text, with a separator between them. `true` is "1", false and null are empty.

    >>> ["red", "green"]|join:" and "
    "red and green"
    """
    found = members(value)
    if isinstance(separator, bytes) or any(item.__class__ is bytes for item in found):
        pieces = [item if item.__class__ is bytes else cast_to_text(item).encode() for item in found]
        context.check_size(sum(map(len, pieces)) + len(separator) * len(pieces))
        return text_of_bytes(to_bytes(separator).join(pieces))
    texts = [cast_to_text(item) for item in found]
    context.check_size(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


# Building ------------------------------------------------------------------------------------------------------------


@filter("range")
def range_(context: Context, value: Value, start: int, stop: int) -> list[int]:
    """The whole numbers from one bound to the other, both included, downwards too. The piped value does not matter.

    >>> null|range:2:5
    [2, 3, 4, 5]
    >>> null|range:1:-1
    [1, 0, -1]
    """
    context.check_size(abs(stop - start) + 1)
    return whole_numbers(start, stop)


@filter("safe_array")
def safe_array(value: Value) -> list[Value]:
    """A list in any case: a list as it is, null as an empty one, anything else as the only member of one.

    >>> "a"|safe_array
    ["a"]
    >>> null|safe_array
    []
    """
    if value is None:
        return []
    return list(value) if value.__class__ is list else [value]


@filter("flatten")
def flatten(context: Context, value: list[Value] | dict[str, Value]) -> list[Value]:
    """The members of all nested lists as one list. Objects in it stay whole.

    >>> [1, [2, [3]], {a: [4]}]|flatten
    [1, 2, 3, {"a": [4]}]
    """
    check_unfolded(context, value)
    result: list[Value] = []
    opened = [iter(members(value))]
    while opened:
        for item in opened[-1]:
            if item.__class__ is list:
                opened.append(iter(item))
                break
            result.append(item)
        else:
            opened.pop()
    return result


def _push_in_line(use: FilterUse) -> ast.expr | None:
    return use.made("[*A, B]", use.test(0, "list")) if len(use.values) == 2 else None


@filter("push", result="pushed", inline=_push_in_line)
def push(piped: list[Value] | dict[str, Value], value: Value) -> Array:
    """The list with one more member at the end.

    >>> [1, 2]|push:3
    [1, 2, 3]
    """
    return with_appended(piped, value)


@filter("push_conditional")
def push_conditional(piped: list[Value] | dict[str, Value], value: Value, conditional: bool) -> Array:
    """The list with one more member at the end if the condition holds, else unchanged.

    >>> [1]|push_conditional:2:true
    [1, 2]
    >>> [1]|push_conditional:2:false
    [1]
    """
    return with_appended(piped, value) if conditional else piped.copy()


@filter("unshift")
def unshift(piped: list[Value] | dict[str, Value], value: Value) -> Array:
    """The list with one more member in front.

    >>> [2, 3]|unshift:1
    [1, 2, 3]
    """
    return with_prepended(piped, value)


@filter("append", result="pushed", inline=_push_in_line)
def append(piped: Value, value: Value, path: str = "") -> Value:
    """The value with one more member at the end of the list at a path; no path means the value itself.

    A list that is not there yet is made.

    >>> [1, 2]|append:3
    [1, 2, 3]
    >>> {tags: ["a"]}|append:"b":"tags"
    {"tags": ["a", "b"]}
    """
    if not path and piped.__class__ is list:
        return [*piped, value]
    return update_path(piped, path, lambda old: with_appended(_list_to_extend(old, path), value))


@filter("prepend")
def prepend(piped: Value, value: Value, path: str = "") -> Value:
    """The value with one more member in front of the list at a path; no path means the value itself.

    >>> [1, 2]|prepend:0
    [0, 1, 2]
    >>> {tags: ["a"]}|prepend:"b":"tags"
    {"tags": ["b", "a"]}
    """
    return update_path(piped, path, lambda old: with_prepended(_list_to_extend(old, path), value))


def _list_to_extend(found: Value, path: str) -> Array:
    """What a member is added to: the array at the path, or a new one where the path leads to nothing."""
    if found is None and path:
        return []
    if isinstance(found, list | dict):
        return found
    raise XanoScriptError(NOT_ARRAY, hint=f"the value to extend is {describe(found)}")


# Cutting -------------------------------------------------------------------------------------------------------------


@filter("pop", gives="member", result="member", inline=lambda use: use.made("A[-1]", use.test(0, "list"), "A"))
def pop(value: list[Value] | dict[str, Value]) -> Value:
    """The last member, or null when there is none. The list itself stays as it is.

    >>> [1, 2, 3]|pop
    3
    """
    return last(value)


@filter("shift", gives="member", result="member", inline=lambda use: use.made("A[0]", use.test(0, "list"), "A"))
def shift(value: list[Value] | dict[str, Value]) -> Value:
    """The first member, or null when there is none. The list itself stays as it is.

    >>> [1, 2, 3]|shift
    1
    """
    return first(value)


def _bounds(size: int, offset: int, length: int | None) -> tuple[int, int]:
    """Start and end of a part; negative offsets and lengths count from the end, as in PHP's array_slice."""
    start = min(offset, size) if offset >= 0 else max(size + offset, 0)
    if length is None:
        return start, size
    return start, min(start + length, size) if length >= 0 else max(size + length, start)


def _slice_in_line(use: FilterUse) -> ast.expr | None:
    part = use.part()
    return use.made(part[0], use.test(0, "list"), *part[1]) if part is not None else None


@filter("slice", result="same", inline=_slice_in_line)
def slice_(value: list[Value] | dict[str, Value], offset: int, length: int | None = None) -> Array:
    """A part of a list: skip `offset` members, take `length` of the others, or all.

    A negative offset counts from the end; a negative length leaves that many off at the end.

    >>> [1, 2, 3, 4]|slice:1:2
    [2, 3]
    >>> [1, 2, 3, 4]|slice:-3:-1
    [2, 3]
    """
    start, end = _bounds(len(value), offset, length)
    return value[start:end] if isinstance(value, list) else renumbered(list(value.items())[start:end])


@filter("splice")
def splice(value: Value, offset: int, length: int | None = None, path: str | None = None) -> Value:
    """The part of a list that `slice` would take. With a path: the whole value, that part of the list there cut out.

    >>> [1, 2, 3, 4]|splice:1:2
    [2, 3]
    >>> {l: [1, 2, 3, 4]}|splice:1:2:"l"
    {"l": [1, 4]}
    """
    if not path:
        return slice_(_require_array(value), offset, length)
    found = find_path(value, path)
    if found is MISSING:
        return value
    array = _require_array(found)
    start, end = _bounds(len(array), offset, length)
    if isinstance(array, list):
        return set_path(value, path, array[:start] + array[end:])
    entries = list(array.items())
    return set_path(value, path, renumbered(entries[:start] + entries[end:]))


def _require_array(value: Value) -> Array:
    if isinstance(value, list | dict):
        return value
    raise XanoScriptError(NOT_ARRAY, hint=f"the value is {describe(value)}")


# Columns -------------------------------------------------------------------------------------------------------------


def _keys_argument(keys: Value) -> list[str]:
    """The keys that `pick` and `unpick` are told: a list of them, or one."""
    return [cast_to_text(key) for key in (members(keys) if isinstance(keys, list | dict) else [keys])]


def _on_objects(value: Array, change: Callable[[dict[str, Value]], dict[str, Value]]) -> Array:
    """Change an object, every object of a list, or a list of plain values by its positions."""
    if isinstance(value, dict):
        return as_array_value(change(value))
    if any(isinstance(item, dict) for item in value):
        return [as_array_value(change(item)) if isinstance(item, dict) else item for item in value]
    return list(change(dict(entries_of(value))).values())


@filter("pick")
def pick(value: list[Value] | dict[str, Value], keys: Value) -> Array:
    """The object with only the listed keys; those it lacks are left out. A list of objects: each of them.

    >>> {id: 1, name: "Kim", age: 30}|pick:["id", "name"]
    {"id": 1, "name": "Kim"}
    >>> [{id: 1, x: 2}, {id: 3}]|pick:["id"]
    [{"id": 1}, {"id": 3}]
    """
    wanted = _keys_argument(keys)
    return _on_objects(value, lambda item: {key: item[key] for key in wanted if key in item})


@filter("unpick")
def unpick(value: list[Value] | dict[str, Value], keys: Value) -> Array:
    """The object without the listed keys. A list of objects: each of them.

    >>> {id: 1, name: "Kim", age: 30}|unpick:["age"]
    {"id": 1, "name": "Kim"}
    """
    unwanted = set(_keys_argument(keys))
    return _on_objects(value, lambda item: {key: entry for key, entry in item.items() if key not in unwanted})
