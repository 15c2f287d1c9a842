"""What values are to a template: PHP's casts, as code that Twig generates applies them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xsrun.errors import XanoScriptError
from xsrun.hints import NamedTuple
from xsrun.values.conversion import Value, describe, normalize_object, parse_number, text_of_number, truthy
from xsrun.values.digits import index_or_key


class Undefined:
    """What a name or member that is not there gives: null, but for the tests `defined` and the filter `default`."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined()


class Moment(NamedTuple):
    """A point in time, as `date()` and `|date_modify` give it: milliseconds since the epoch."""

    milliseconds: int


def is_true(value: Value) -> bool:
    """PHP truth; a moment is true."""
    return value is not UNDEFINED and truthy(value)


def plain(value: Value) -> Value:
    """A value without the marks of this package."""
    return None if value is UNDEFINED else value


def to_output(value: Value) -> str:
    """A value as `{{ }}` and `~` write it: null and false are empty, true is 1, lists and objects are `Array`."""
    kind = value.__class__
    if kind is str:
        return str(value)
    if value is None or value is False or value is UNDEFINED:
        return ""
    if value is True:
        return "1"
    if kind is int or kind is float:
        return text_of_number(value)
    if kind is bytes:
        return bytes(value).decode("utf-8", "replace")
    if kind is list or kind is dict:
        return "Array"
    if kind is Moment:
        raise XanoScriptError("A date cannot be written as it is.", hint='give it a form: |date("Y-m-d")')
    return str(value)


def to_arithmetic(value: Value) -> Value:
    """An operand of arithmetic: null is 0 and booleans are 0 and 1, as PHP has them."""
    return int(value or 0) if value is None or value.__class__ is bool else value


def to_whole(value: Value, default: int = 0) -> int:
    """An argument that is a whole number: text that is none, lists and objects give the default."""
    if value.__class__ in (int, bool, float):
        return int(value) if value == value and abs(value) < 2**63 else default
    number = parse_number(value) if value.__class__ is str else None
    return to_whole(number, default) if number is not None else default


def entries(value: Value) -> Iterator[tuple[Value, Value]]:
    """Keys and values of a list or object, a pair at a time; none for anything else, as a loop over it runs no pass."""
    if value.__class__ is list:
        return enumerate(value)
    if value.__class__ is dict:
        return ((index_or_key(key), item) for key, item in value.items())
    return iter(())


def items(value: Value, wanted_by: str) -> list[Value]:
    """The values of a list or object, or an error that names what needs them."""
    if value is None:
        return []
    if value.__class__ is list:
        return list(value)
    if value.__class__ is dict:
        return list(value.values())
    raise XanoScriptError(f"The {wanted_by} expects a list or an object.", hint=f"the value is {describe(value)}")


def keyed(pairs: Iterable[tuple[Value, Value]], like: Value) -> Value:
    """Entries as what they were: a list closes up, an object keeps its keys."""
    if like.__class__ is list:
        return [item for _, item in pairs]
    return normalize_object({to_output(key): item for key, item in pairs})


def member(value: Value, key: Value) -> Value:
    """`value.key`, `value[key]`: a member of a list or object, or `UNDEFINED`. Nothing else has members."""
    if value.__class__ is dict:
        return value.get(key if key.__class__ is str else to_output(key), UNDEFINED)
    if value.__class__ is list:
        number = key if key.__class__ is int else parse_number(key) if key.__class__ is str else None
        if number.__class__ is int and 0 <= number < len(value):
            return value[number]
        return UNDEFINED
    if value.__class__ is str and key.__class__ is int and -len(value) <= key < len(value):
        return value[key]
    record = getattr(value, "as_value", None)
    return member(record(), key) if record is not None else UNDEFINED
