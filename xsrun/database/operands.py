"""Operands: the values of a run on their way into a statement.

A statement is compiled for the *types* of its operands and used again for other values of those types. `code_of` tells
the types apart; a converter takes the value to the kind of the column it meets, or refuses it, so that SQLite and
PostgreSQL never see a value that only one of them takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from xsrun.errors import InputError, XanoScriptError
from xsrun.fields import field_types
from xsrun.hints import TYPE_CHECKING
from xsrun.values.conversion import MAX_INT, MIN_INT, Value, describe, parse_number, text_of_number, truthy, type_name

if TYPE_CHECKING:
    from xsrun.running.context import Context

#: `convert(value, context)` gives what the codec of the kind takes.
Converter = Callable[[Value, "Context"], Value]

INVALID = "ParseError: Invalid value for param"

_CODES = {bool: "b", int: "i", float: "f", str: "s", list: "l", dict: "o", type(None): "n"}


def code_of(value: Value) -> str:
    """The type of an operand: n null, b bool, i int, f decimal, s text, d text of digits, l list, o object."""
    code = _CODES.get(value.__class__)
    if code == "s":
        if value[:1] > "9":  # as of most texts
            return "s"
        return "d" if value.isascii() and value.removeprefix("-").isdigit() and len(value) < 19 else "s"
    if code is None:
        return "s" if value.__class__ is bytes else "x"
    return code


def is_empty(value: Value) -> bool:
    """Empty in PHP's sense: what the operators with `?` drop their clause for (evidence h)."""
    return not truthy(value)


def refusal(column: str) -> str:
    """The engine's message for a value that it cannot bind for a column; it refuses it before any SQL."""
    return f'{INVALID}:"{column}"' if column else INVALID


def flag(value: Value, name: str) -> bool:
    """The value of a setting that is on or off. Raises InputError for what is not a boolean."""
    if value is None:
        return False
    if value.__class__ is bool:
        return value
    if value in (0, 1):
        return bool(value)
    found = _BOOLEANS.get(value) if value.__class__ is str else None
    if found is None:
        raise InputError("Invalid boolean input", name, hint=f"{name} is true or false")
    return found


def invalid(value: Value, wanted: str) -> InputError:
    """The engine's refusal of a value that does not fit a column."""
    return InputError(INVALID, None, hint=f"the value is {describe(value)}; the column holds {wanted}")


def to_number(value: Value, context: Context) -> float:
    """A number, for a comparison with a number."""
    if value.__class__ is int:
        return value
    if value.__class__ is float and math.isfinite(value):
        return value
    if value.__class__ is bool:
        return int(value)
    if value.__class__ is str:
        number = parse_number(value)
        if number is not None:
            return number
    raise invalid(value, "numbers")


def to_int(value: Value, context: Context) -> int:
    """A whole number; a fraction is cut off."""
    number = to_number(value, context)
    if not MIN_INT <= number <= MAX_INT:  # a text may name an endless number
        raise invalid(value, "whole numbers of 64 bits")
    return int(number)


def to_decimal(value: Value, context: Context) -> float:
    try:
        return float(to_number(value, context))
    except OverflowError:
        raise invalid(value, "numbers of up to 308 digits") from None


def to_timestamp(value: Value, context: Context) -> float:
    """Milliseconds: a number, or a text with a date or a phrase."""
    if value.__class__ is str and parse_number(value) is None:
        from xsrun.dates.timestamps import parse_timestamp_value

        try:
            return parse_timestamp_value(value, context.now())
        except XanoScriptError:
            raise invalid(value, "timestamps") from None
    return to_int(value, context)


def to_text(value: Value, context: Context) -> str:
    """A scalar as text."""
    if value.__class__ is str:
        return value
    kind = value.__class__
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return text_of_number(value)
    raise invalid(value, "text")


def to_date(value: Value, context: Context) -> str:
    """A date as text; a timestamp, and a text with a time or a phrase, give their day."""
    if value.__class__ is str:
        try:
            return str(field_types.to_date(value, context, ""))
        except InputError:
            if parse_number(value) is not None:
                raise invalid(value, "dates") from None
    elif value.__class__ is not int:
        raise invalid(value, "dates")
    try:
        moment = to_timestamp(value, context)
    except InputError:
        raise invalid(value, "dates") from None
    from xsrun.dates.formats import format_timestamp

    return format_timestamp(int(moment), "Y-m-d")


def to_uuid(value: Value, context: Context) -> str:
    """A uuid as text; the empty text is the nil uuid, as in an input."""
    try:
        return str(field_types.to_uuid(value, context, ""))
    except InputError:
        raise invalid(value, "uuids, 8-4-4-4-12 hexadecimal digits") from None


_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "": False}


def to_bool(value: Value, context: Context) -> bool:
    """True, false, 1, 0 and their texts."""
    if value.__class__ is bool:
        return value
    kind = value.__class__
    if kind is str and value in _BOOLEANS:
        return _BOOLEANS[value]
    if (kind is int or kind is float) and value in (0, 1):
        return bool(value)
    raise invalid(value, "booleans")


def to_json(value: Value, context: Context) -> Value:
    """Anything that JSON can hold."""
    if type_name(value) == "resource":
        return value.as_value() if hasattr(value, "as_value") else list(value)
    return value


def to_geo(value: Value, context: Context) -> Value:
    """A place: an object, or WKT text."""
    from xsrun.values import geo

    if value.__class__ is str:
        shapes = (geo.shape_of_wkt(kind, value) for kind in geo.SHAPES)
        value = next((shape for shape in shapes if shape is not None), value)
    if value.__class__ is dict and "data" in value:
        return value
    raise invalid(value, "places, {type, data} objects")


def to_vector(value: Value, context: Context) -> list[float]:
    """A list of numbers."""
    if value.__class__ is list and all(item.__class__ in (int, float) for item in value):
        return value
    raise invalid(value, "vectors, lists of numbers")


CONVERTERS: dict[str, Converter] = {
    "int": to_int,
    "decimal": to_decimal,
    "number": to_number,
    "timestamp": to_timestamp,
    "text": to_text,
    "date": to_date,
    "bool": to_bool,
    "json": to_json,
    "geo": to_geo,
    "vector": to_vector,
}


def kind_against(kind: str, code: str) -> str:
    """What an operand of a type becomes when it meets an expression of a kind."""
    if kind == "int":
        return "decimal" if code in "fs" else "int"
    if kind == "json":
        return {"i": "decimal", "f": "decimal", "b": "bool", "s": "text", "d": "text"}.get(code, "json")
    return kind


def kind_of_code(code: str) -> str:
    """The kind of an operand that meets nothing with a kind of its own."""
    return {"i": "int", "f": "decimal", "b": "bool", "s": "text", "d": "text"}.get(code, "json")


def listed(value: Value) -> list[Value]:
    """The members of the operand of `in`: nulls left out, a single value as a list of one."""
    if value.__class__ is dict:
        value = list(value.values())
    if value.__class__ is not list:
        value = [] if value is None else [value]
    return [item for item in value if item is not None]


def members(kind: str, convert: Converter) -> Converter:
    """A converter of the operand of `in`: the members that the kind can hold; the others match nothing."""

    def convert_list(value: Value, context: Context) -> list[Value]:
        found = []
        for item in listed(value):
            try:
                converted = convert(item, context)
            except XanoScriptError:
                continue
            if kind == "int" and to_number(item, context) != converted:
                continue
            found.append(converted)
        return found

    return convert_list
