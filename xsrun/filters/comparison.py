"""Filters that compare values and ask what they are."""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.filters.math import wrapped
from xsrun.lazy_regex import pattern
from xsrun.registry import filter
from xsrun.values.comparison import compare, loose_equal
from xsrun.values.conversion import NOT_ARRAY, Value, describe, parse_number, truthy

_UUID = pattern(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


# Two values ----------------------------------------------------------------------------------------------------------


@filter("equals", counted=False)
def equals(piped: Value, value: Value) -> bool:
    """Whether two values are loosely equal, as with `==`.

    >>> 1|equals:"1"
    true
    >>> "a"|equals:"A"
    false
    """
    return loose_equal(piped, value)


@filter("not_equals", counted=False)
def not_equals(piped: Value, value: Value) -> bool:
    """Whether two values are not loosely equal, as with `!=`.

    >>> 5|not_equals:3
    true
    """
    return not loose_equal(piped, value)


@filter("greater_than", counted=False)
def greater_than(piped: Value, value: Value) -> bool:
    """Whether the piped value is greater, as with `>`: numbers and numeric texts by value, other texts by spelling.

    >>> 4|greater_than:2
    true
    """
    return compare(piped, value) > 0


@filter("greater_than_or_equal", counted=False)
def greater_than_or_equal(piped: Value, value: Value) -> bool:
    """Whether the piped value is greater or equal, as with `>=`.

    >>> 4|greater_than_or_equal:4
    true
    """
    return compare(piped, value) >= 0


@filter("less_than", counted=False)
def less_than(piped: Value, value: Value) -> bool:
    """Whether the piped value is less, as with `<`.

    >>> "apple"|less_than:"pear"
    true
    """
    return compare(piped, value) < 0


@filter("less_than_or_equal", counted=False)
def less_than_or_equal(piped: Value, value: Value) -> bool:
    """Whether the piped value is less or equal, as with `<=`.

    >>> 7|less_than_or_equal:5
    false
    """
    return compare(piped, value) <= 0


@filter("in")
def in_(value: Value, search: Value) -> bool:
    """Whether the piped list has a member that loosely equals the argument.

    >>> ["a", "b"]|in:"b"
    true
    >>> [1, 2]|in:"2"
    true
    """
    if not isinstance(value, list | dict):
        swapped = isinstance(search, list)
        hint = "the list comes first: `$list|in:$value`" if swapped else f"the value is {describe(value)}"
        raise XanoScriptError(NOT_ARRAY, hint=hint)
    found = value.values() if isinstance(value, dict) else value
    if search.__class__ is str and parse_number(search) is None:  # such a text equals no other text
        return search in found or any(loose_equal(item, search) for item in found if item.__class__ is not str)
    return any(loose_equal(item, search) for item in found)


# One value -----------------------------------------------------------------------------------------------------------


@filter("not")
def not_(value: Value) -> bool:
    """The opposite of the value's truth; "", null, 0, "0", false, [] and {} are false.

    >>> true|not
    false
    >>> "0"|not
    true
    """
    return not truthy(value)


@filter("bitwise_not")
def bitwise_not(value: int) -> int:
    """The int with all its bits turned round.

    >>> 8|bitwise_not
    -9
    """
    return wrapped(~value)


@filter("odd", elementwise=True)
def odd(value: int) -> bool:
    """Whether an int is odd.

    >>> 3|odd
    true
    """
    return value % 2 == 1


@filter("even", elementwise=True)
def even(value: int) -> bool:
    """Whether an int is even.

    >>> 4|even
    true
    """
    return value % 2 == 0


@filter("is_null", takes_missing=True)
def is_null(value: Value) -> bool:
    """Whether the value is null.

    >>> null|is_null
    true
    >>> ""|is_null
    false
    """
    return value is None


@filter("is_empty", takes_missing=True)
def is_empty(value: Value) -> bool:
    """Whether the value is empty: "", null, 0, "0", false, [] and {} are.

    >>> "0"|is_empty
    true
    >>> " "|is_empty
    false
    """
    return not truthy(value)


@filter("is_object")
def is_object(value: Value) -> bool:
    """Whether the value is an object.

    >>> {id: 2}|is_object
    true
    >>> [1]|is_object
    false
    """
    return value.__class__ is dict


@filter("is_array")
def is_array(value: Value) -> bool:
    """Whether the value is a list.

    >>> [1, 2]|is_array
    true
    >>> {id: 2}|is_array
    false
    """
    return value.__class__ is list


@filter("is_int")
def is_int(value: Value) -> bool:
    """Whether the value is an int. A text of digits is not.

    >>> 123|is_int
    true
    >>> "5"|is_int
    false
    """
    return value.__class__ is int


@filter("is_decimal")
def is_decimal(value: Value) -> bool:
    """Whether the value is a decimal. An int is not.

    >>> 1.5|is_decimal
    true
    >>> 5|is_decimal
    false
    """
    return value.__class__ is float


@filter("is_bool")
def is_bool(value: Value) -> bool:
    """Whether the value is true or false.

    >>> false|is_bool
    true
    >>> 1|is_bool
    false
    """
    return value.__class__ is bool


@filter("is_text")
def is_text(value: Value) -> bool:
    """Whether the value is text.

    >>> "a"|is_text
    true
    >>> 5|is_text
    false
    """
    return value.__class__ is str or value.__class__ is bytes


@filter("is_uuid")
def is_uuid(value: Value) -> bool:
    """Whether the value is a text in the form of a UUID.

    >>> "550e8400-e29b-41d4-a716-446655440000"|is_uuid
    true
    >>> "abc"|is_uuid
    false
    """
    return value.__class__ is str and _UUID.fullmatch(value) is not None
