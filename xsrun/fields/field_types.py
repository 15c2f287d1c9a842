"""What each declared type accepts, and what it makes of it (semantics 3.3).

A coercion takes `(value, context, path)`, never a null, and returns the value or raises `InputError` naming the path.
The presence of a value, lists, children and filters are the business of `xsrun.fields.declared`. A type whose coercion
needs no attribute of the field stands in `COERCIONS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from xsrun.errors import InputError, MissingParamError, XanoScriptError
from xsrun.hints import Protocol
from xsrun.language.types import MEDIA_TYPES
from xsrun.lazy_regex import pattern
from xsrun.values.conversion import (
    MAX_INT,
    MIN_INT,
    Value,
    describe,
    from_json,
    parse_number,
    text_of_number,
    type_name,
)
from xsrun.values.conversion import to_text as text_of


class Clocked(Protocol):
    """What a coercion needs of a run's context."""

    def now(self) -> int:
        """The time of the run, in milliseconds since the epoch."""


Coercion = Callable[[Value, Clocked, str], Value]

NIL_UUID = "00000000-0000-0000-0000-000000000000"
TEXT_REFUSED = "Text filter requires an integer, float, string or boolean value"

_INTEGRAL = pattern(r"\s*[+-]?[0-9]+\s*")
_UUID = pattern(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_EMAIL = pattern(rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*")
_DATE = pattern(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_BLANKS = " \t\n\r\0\x0b"
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def refuse(message: str, path: str, value: Value, wanted: str) -> InputError:
    """The error of a value of the wrong type; `wanted` says in the hint what the field takes."""
    return InputError(message, path, hint=f"{path} is {describe(value)}; it takes {wanted}")


def to_text(value: Value, context: Clocked, path: str) -> Value:
    """Text, and numbers and booleans as text."""
    kind = value.__class__
    if kind is str or kind is bytes:
        return value
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return text_of_number(value)
    raise refuse(TEXT_REFUSED, path, value, "a text")


def to_int(value: Value, context: Clocked, path: str) -> Value:
    """An int, a decimal without a fraction, or integral text; within 64 bits."""
    kind = value.__class__
    whole = kind is float and math.isfinite(value) and value == int(value)
    if not (kind is int or whole or (kind is str and len(value) < 64 and _INTEGRAL.fullmatch(value))):
        raise refuse("Value is not a valid integer", path, value, "a whole number")
    number = int(value)
    if not MIN_INT <= number <= MAX_INT:
        raise refuse("Value is not a valid integer", path, value, "a whole number of 64 bits")
    return number


def to_clamped_int(value: Value, context: Clocked, path: str) -> Value:
    """Like `to_int`, but what does not fit 64 bits becomes the nearest that does, as int columns do (semantics 4.1)."""
    if value.__class__ is str and len(value) < 64 and _INTEGRAL.fullmatch(value):
        value = int(value)
    elif value.__class__ is float and math.isinf(value):
        value = MAX_INT if value > 0 else MIN_INT
    if value.__class__ in (int, float) and not MIN_INT <= value <= MAX_INT:
        return MAX_INT if value > 0 else MIN_INT
    return to_int(value, context, path)


def to_decimal(value: Value, context: Clocked, path: str) -> Value:
    """A number or numeric text, as a decimal."""
    kind = value.__class__
    number: Value = value if kind is int or kind is float else parse_number(value) if kind is str else None
    try:
        decimal = float(number)
    except (TypeError, OverflowError):
        raise refuse("Value is not a valid decimal", path, value, "a number") from None
    if not math.isfinite(decimal):
        raise refuse("Value is not a valid decimal", path, value, "a number")
    return decimal


_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def to_bool(value: Value, context: Clocked, path: str) -> Value:
    """A bool, 1 and 0, and the texts `true`, `false`, `1`, `0`."""
    kind = value.__class__
    if kind is bool:
        return value
    if kind is str and value in _BOOLEANS:
        return _BOOLEANS[value]
    if (kind is int or kind is float) and value in (0, 1):
        return bool(value)
    raise refuse("Value is not a valid boolean", path, value, "true or false")


def to_email(value: Value, context: Clocked, path: str) -> Value:
    """An address, trimmed; the host needs no dot. The empty text is left to the presence test."""
    text = to_text(value, context, path)
    text = text.strip(_BLANKS) if text.__class__ is str else ""
    if value != "" and not _EMAIL.fullmatch(text):
        raise InputError("Invalid email format.", path)
    return text


def to_password(value: Value, context: Clocked, path: str) -> Value:
    """A password in clear, trimmed, or a hash of one; checks and hashing come later."""
    if value.__class__ in (list, dict):
        raise InputError(TEXT_REFUSED, path)
    text = to_text(value, context, path)
    return text.strip(_BLANKS) if text.__class__ is str else text


def to_uuid(value: Value, context: Clocked, path: str) -> Value:
    """Any 8-4-4-4-12 hexadecimal digits; the empty text is the nil uuid."""
    if value == "" and value.__class__ is str:
        return NIL_UUID
    if value.__class__ is str and _UUID.fullmatch(value):
        return value
    raise refuse("Value is not a valid uuid", path, value, "a uuid, 8-4-4-4-12 hexadecimal digits")


def to_date(value: Value, context: Clocked, path: str) -> Value:
    """A calendar date as `YYYY-MM-DD` text; the empty text stays."""
    match = _DATE.fullmatch(value) if value.__class__ is str else None
    if match is not None:
        year, month, day = map(int, match.groups())
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if 1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1] and (leap or (month, day) != (2, 29)):
            return value
    elif value.__class__ is str and value == "":
        return value
    raise refuse("Value is not a valid date", path, value, "a date written YYYY-MM-DD")


def to_date_column(value: Value, context: Clocked, path: str) -> Value:
    """As `to_date`; `now` is today."""
    if value == "now" and value.__class__ is str:
        from xsrun.dates.formats import format_timestamp

        return format_timestamp(context.now(), "Y-m-d")
    return to_date(value, context, path)


def to_timestamp(value: Value, context: Clocked, path: str) -> Value:
    """Milliseconds since the epoch: a number as it is, or a text with a time or a relative phrase."""
    if value.__class__ is int and MIN_INT <= value <= MAX_INT:
        return value
    if value.__class__ is str or value.__class__ is float:
        from xsrun.dates.timestamps import parse_timestamp_value

        try:
            return parse_timestamp_value(value, context.now())
        except XanoScriptError:
            pass
    raise refuse("Value is not a valid timestamp", path, value, "milliseconds, or a text with a date and time")


def to_timestamp_column(empty: Value) -> Coercion:
    """As `to_timestamp`; the empty text clears the column, which then holds `empty`."""

    def coerce(value: Value, context: Clocked, path: str) -> Value:
        return empty if value.__class__ is str and not value else to_timestamp(value, context, path)

    return coerce


def to_json_value(value: Value, context: Clocked, path: str) -> Value:
    """Anything; a text that parses as JSON is decoded."""
    if value.__class__ is str:
        try:
            return from_json(value)
        except ValueError:
            return value
    return value


def as_it_is(value: Value, context: Clocked, path: str) -> Value:
    """Anything, untouched."""
    return value


def to_upload(value: Value, context: Clocked, path: str) -> Value:
    """An upload, or the object that describes one."""
    if value.__class__ is dict or type_name(value) == "resource":
        return value
    raise refuse("Value is not a valid file", path, value, "an uploaded file, a data URL or base64 text")


def to_file(value: Value, context: Clocked, path: str) -> Value:
    """An upload, the object that describes one, or its content as a data URL or base64 text."""
    if value.__class__ is str and value:
        from xsrun.services.files import embedded

        file = embedded(value)
        if file is not None:
            return file
    return to_upload(value, context, path)


def to_media(value: Value, context: Clocked, path: str) -> Value:
    """What `storage.create_image` and its like return: an object with a `path`. An upload itself is refused."""
    if value.__class__ is str:
        value = to_json_value(value, context, path)
    if value.__class__ is dict and value.get("path") is not None:
        return value
    raise MissingParamError(
        "path",
        f"{path}.path",
        hint="an upload goes into a file input; storage.create_image and its like turn it into this type",
    )


def to_media_column(value: Value, context: Clocked, path: str) -> Value:
    """As `to_media`; an empty object clears the column. The `url` that reading adds is not kept."""
    if value in ({}, [], ""):
        return {}
    found = to_media(value, context, path)
    return {name: item for name, item in found.items() if name != "url"} if "url" in found else found


def to_vector(size: int | None) -> Coercion:
    """The coercion to a list of exactly `size` numbers, of any length when `size` is None."""

    def coerce(value: Value, context: Clocked, path: str) -> Value:
        numbers = to_json_value(value, context, path)
        if numbers.__class__ is not list or not all(item.__class__ in (int, float) for item in numbers):
            raise refuse("Value is not a valid vector", path, value, "a list of numbers")
        if size is not None and len(numbers) != size:
            raise InputError(f"expected {size} dimensions, not {len(numbers)}", path)
        return numbers

    return coerce


def to_geo(field_type: str, *, column: bool = False) -> Coercion:
    """The coercion to the `{type, data}` object of a geo type; WKT texts are accepted. A column closes polygons."""
    from xsrun.values import geo

    word, _, name = geo.SHAPES[field_type]

    def coerce(value: Value, context: Clocked, path: str) -> Value:
        shape = to_json_value(value, context, path)
        if not geo.is_shape(field_type, shape):
            shape = geo.shape_of_wkt(field_type, value) if value.__class__ is str else None
        if shape is not None:
            return geo.closed(shape) if column else shape
        wanted = f'{{type: "{word}", data: ...}} with {{lng, lat}} positions, or WKT text'
        raise refuse(f"Only strings are supported for: {name}", path, value, wanted)

    return coerce


def to_enum(values: list[str]) -> Coercion:
    """The coercion to one of these texts; without any, to any text."""
    allowed = frozenset(values)

    def coerce(value: Value, context: Clocked, path: str) -> Value:
        text = to_text(value, context, path)
        if allowed and text not in allowed:
            shown = ", ".join(values[:12]) + (", ..." if len(values) > 12 else "")
            raise InputError(
                f"Input '{text_of(text)}' is not one of the allowable values.",
                path,
                hint=f"{path} takes one of: {shown}",
            )
        return text

    return coerce


#: What an input of each type makes of a value; a type that is not here takes anything.
COERCIONS: dict[str, Coercion] = {
    "text": to_text,
    "int": to_int,
    "decimal": to_decimal,
    "bool": to_bool,
    "email": to_email,
    "password": to_password,
    "uuid": to_uuid,
    "date": to_date,
    "timestamp": to_timestamp,
    "json": to_json_value,
    "file": to_file,
    **dict.fromkeys(MEDIA_TYPES, to_media),
}
#: What a column of each type makes of a value.
COLUMN_COERCIONS: dict[str, Coercion] = {
    **COERCIONS,
    "int": to_clamped_int,
    "json": as_it_is,
    "date": to_date_column,
    **dict.fromkeys(MEDIA_TYPES, to_media_column),
}
