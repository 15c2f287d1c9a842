"""Filters that read and write what is inside a value by its path, choose between values, and take objects apart.

Paths are those of `xsrun.values.paths`. No filter changes the value it is given.
"""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.values.conversion import Value, truthy
from xsrun.values.paths import get_path, has_path, set_path, unset_path
from xsrun.values.php_arrays import Array, as_array_value, cast_to_text, members, whole_key

if TYPE_CHECKING:
    import ast

    from xsrun.evaluator.inlining import FilterUse

# Paths ---------------------------------------------------------------------------------------------------------------


#: Longer paths are left to the filter.
_MOST_KEYS = 4


def _get_in_line(use: FilterUse) -> ast.expr | None:
    """A name of an object, or a position of a list. A text of letters and digits is one key, as a name is."""
    if len(use.values) == 3 and not use.is_simple(2):
        return None
    key = use.constant(1)
    one_key = "A.get(B, C)" if len(use.values) == 3 else "A.get(B)"
    if key.__class__ is str and key.isidentifier():
        return use.made(one_key, use.test(0, "object"))
    if key.__class__ is str:
        return _get_below(use, key.split("."))
    if use.may_be_key(1):
        return use.made(one_key, use.test(0, "object"), use.test(1, "text"), "B.isalnum()")
    position = use.count(1)
    if position is None or use.surely(0, "object"):
        return None
    return use.made("A[B]", use.test(0, "list"), *position, "B < len(A)")


def _get_below(use: FilterUse, keys: list[str]) -> ast.expr | None:
    """Names of objects inside objects."""
    if len(keys) > _MOST_KEYS or not all(key.isidentifier() for key in keys):
        return None
    tests = [use.test(0, "object")]
    parts: dict[str, ast.expr | str] = {}
    container = "A"
    for number, key in enumerate(keys):
        parts[f"K{number}"] = use.literal(key)
        tests.append(f"K{number} in {container}")
        if number + 1 < len(keys):
            parts[f"T{number}"] = use.temporary()
            tests.append(f"(T{number} := {container}[K{number}]).__class__ is dict")
            container = f"T{number}"
    return use.made(f"{container}[K{len(keys) - 1}]", *tests, parts=parts)


def _has_in_line(use: FilterUse) -> ast.expr | None:
    key = use.constant(1)
    if key.__class__ is str:
        return use.made("B in A", use.test(0, "object")) if key.isidentifier() else None
    if use.may_be_key(1):
        return use.made("B in A", use.test(0, "object"), use.test(1, "text"), "B.isalnum()")
    position = use.count(1)
    if position is None or use.surely(0, "object"):
        return None
    return use.made("B < len(A)", use.test(0, "list"), *position)


def _set_in_line(use: FilterUse) -> ast.expr | None:
    key = use.constant(1)
    if key.__class__ is str:
        return use.made("{**A, B: C}", use.test(0, "object")) if key.isidentifier() else None
    return use.calling("set_member")


@filter("get", gives="members", takes_surplus=True, result="at path", inline=_get_in_line)
def get(value: Value, path: str, default: Value = None) -> Value:
    """The value at a path, or a default (null if none is given) when there is nothing there.

    Dots lead inwards, whole numbers count in lists, and a name over a list gives the values of all its elements.
    Brackets can hold a position or a condition on `$$`.

    >>> {a: {b: 7}}|get:"a.b"
    7
    >>> {}|get:"name":"unknown"
    "unknown"
    >>> {items: [{id: 1}, {id: 2}]}|get:"items.id"
    [1, 2]
    >>> {items: [{id: 1}, {id: 2}]}|get:"items[$$.id > 1].id"
    [2]
    """
    return get_path(value, path, default)


@filter("has", inline=_has_in_line)
def has(value: Value, path: str) -> bool:
    """Whether there is anything at a path; a null that is there counts.

    >>> {a: {b: null}}|has:"a.b"
    true
    >>> {a: 1}|has:"b"
    false
    """
    return has_path(value, path)


@filter("set", result="with path", inline=_set_in_line)
def set_(piped: Value, path: str, value: Value) -> Value:
    """The value with another value at a path. Objects that are missing on the way are made; a name over a list is
    written into every element.

    >>> {a: 1}|set:"b.c":2
    {"a": 1, "b": {"c": 2}}
    >>> [{id: 1}, {id: 2}]|set:"seen":true
    [{"id": 1, "seen": true}, {"id": 2, "seen": true}]
    """
    return set_path(piped, path, value)


@filter("set_conditional")
def set_conditional(piped: Value, path: str, value: Value, conditional: Value) -> Value:
    """`set` if the condition is true, else the value as it is.

    >>> {}|set_conditional:"status":"active":(1 < 2)
    {"status": "active"}
    >>> {}|set_conditional:"status":"active":false
    {}
    """
    return set_path(piped, path, value) if truthy(conditional) else _copied(piped)


@filter("set_ifnotempty")
def set_ifnotempty(piped: Value, path: str, value: Value) -> Value:
    """`set` if the new value is not empty ("", null, 0, "0", false, [] and {} are), else the value as it is.

    >>> {k: 1}|set_ifnotempty:"name":"Lee"
    {"k": 1, "name": "Lee"}
    >>> {k: 1}|set_ifnotempty:"name":""
    {"k": 1}
    """
    return set_path(piped, path, value) if truthy(value) else _copied(piped)


@filter("set_ifnotnull")
def set_ifnotnull(piped: Value, path: str, value: Value) -> Value:
    """`set` if the new value is not null, else the value as it is.

    >>> {k: 1}|set_ifnotnull:"n":0
    {"k": 1, "n": 0}
    >>> {k: 1}|set_ifnotnull:"n":null
    {"k": 1}
    """
    return set_path(piped, path, value) if value is not None else _copied(piped)


@filter("unset")
def unset(value: Value, path: str) -> Value:
    """The value without what is at a path; what is not there changes nothing. A list closes up.

    >>> {name: "Lee", age: 30}|unset:"age"
    {"name": "Lee"}
    >>> {l: [1, 2, 3]}|unset:"l.1"
    {"l": [1, 3]}
    """
    return unset_path(value, path)


def _copied(value: Value) -> Value:
    return value.copy() if isinstance(value, list | dict) else value


# Choosing ------------------------------------------------------------------------------------------------------------


@filter("first_notnull", takes_missing=True)
def first_notnull(piped: Value, value: Value) -> Value:
    """The piped value unless it is null, else the argument.

    >>> null|first_notnull:5
    5
    >>> 0|first_notnull:5
    0
    """
    return value if piped is None else piped


@filter("first_notempty", takes_missing=True)
def first_notempty(piped: Value, value: Value) -> Value:
    """The piped value unless it is empty ("", null, 0, "0", false, [] and {} are), else the argument.

    >>> ""|first_notempty:"none"
    "none"
    >>> "a"|first_notempty:"none"
    "a"
    """
    return piped if truthy(piped) else value


# Making --------------------------------------------------------------------------------------------------------------


@filter("fill")
def fill(context: Context, value: Value, start: int, length: int) -> Array:
    """The piped value `length` times, as a list; with another start than 0 as an object whose keys begin there.

    >>> "x"|fill:0:3
    ["x", "x", "x"]
    >>> "x"|fill:5:2
    {"5": "x", "6": "x"}
    """
    if length < 0:
        raise XanoScriptError(
            "The length must be 0 or more.", hint=f"it is {length}; `fill` takes a start and a length"
        )
    context.check_size(length)
    if start == 0:
        return [value] * length
    return {str(key): value for key in range(start, start + length)} if length else []


@filter("fill_keys")
def fill_keys(value: Value, keys: list[Value] | dict[str, Value]) -> Array:
    """An object that has the piped value under every key of a list.

    >>> 0|fill_keys:["a", "b"]
    {"a": 0, "b": 0}
    """
    return as_array_value({cast_to_text(key): value for key in members(keys)})


# Taking apart --------------------------------------------------------------------------------------------------------


def key_value(key: str) -> int | str:
    """A key as a value: PHP has a whole number for a key that reads like one."""
    number = whole_key(key)
    return key if number is None else number


@filter("keys")
def keys(value: list[Value] | dict[str, Value]) -> list[Value]:
    """The keys of an object, or the positions of a list. Keys that are whole numbers come as ints, as PHP has them.

    >>> {a: 1, b: 2}|keys
    ["a", "b"]
    >>> ["x", "y"]|keys
    [0, 1]
    """
    return list(map(key_value, value)) if isinstance(value, dict) else list(range(len(value)))


@filter("values")
def values(value: list[Value] | dict[str, Value]) -> list[Value]:
    """The values of an object as a list.

    >>> {a: 1, b: 2}|values
    [1, 2]
    """
    return members(value)


@filter("entries")
def entries(value: list[Value] | dict[str, Value]) -> list[dict[str, Value]]:
    """The entries of an object or list as records of `key` and `value`.

    >>> {a: 1}|entries
    [{"key": "a", "value": 1}]
    >>> ["x"]|entries
    [{"key": 0, "value": "x"}]
    """
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [{"key": key_value(key) if isinstance(key, str) else key, "value": item} for key, item in pairs]
