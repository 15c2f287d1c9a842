"""The filters that turn values into others: scalars, JSON, objects from keys and values. The larger groups have
modules of their own, imported here so that the registry finds them: URLs, number bases, binary texts, CSV, XML, YAML,
geographic values.
"""

from __future__ import annotations

import math
import re

from xsrun.errors import LimitError, XanoScriptError
from xsrun.filters import (  # noqa: F401
    binary_texts,
    csv_rows,
    geometry,
    number_bases,
    urls,
    xml_nodes,
    yaml_documents,
)
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.running.unfolded_size import check_unfolded
from xsrun.values.characters import characters
from xsrun.values.conversion import (
    MAX_INT,
    MIN_INT,
    NOT_TEXT,
    Value,
    as_text,
    clamp_int,
    describe,
    from_json,
    normalize_object,
    truthy,
    write_json,
)
from xsrun.values.extent import TOO_DEEP
from xsrun.values.json_errors import JsonError
from xsrun.values.php_arrays import cast_to_number

if TYPE_CHECKING:
    import ast

    from xsrun.evaluator.inlining import FilterUse

# Scalars -------------------------------------------------------------------------------------------------------------


def _to_text_in_line(use: FilterUse) -> ast.expr:
    return use.values[0] if use.surely(0, "text") else use.made("str(A)", use.test(0, "int"))


@filter("to_text", elementwise=True, result="text", inline=_to_text_in_line)
def to_text(value: Value) -> Value:
    """A scalar as text: null is "", booleans are `true` and `false`, numbers are in shortest form.

    >>> 1.50|to_text
    "1.5"
    >>> true|to_text
    "true"
    """
    return as_text(value)


def _to_int_in_line(use: FilterUse) -> ast.expr:
    if use.surely(0, "int"):
        return use.values[0]
    if use.surely(0, "number"):
        return use.made("int(A)", "A > -9e18", "A < 9e18")
    digits = "len(A) < 19 and A.isascii() and A.isdigit()"
    if use.surely(0, "text"):
        return use.made("int(A)", digits)
    return use.made(f"A if A.__class__ is int else int(A) if A.__class__ is str and {digits} else SLOW")


@filter("to_int", elementwise=True, result="int", inline=_to_int_in_line)
def to_int(value: Value) -> int:
    """A scalar as int: a text counts as the number it begins with, decimals lose their fraction, null is 0.

    A text stops at the ends of 64 bits; a decimal beyond them wraps around, as in PHP.

    >>> "133.45 kg"|to_int
    133
    >>> (-3.99)|to_int
    -3
    """
    if value.__class__ is int:
        return int(value)
    if value.__class__ is str and len(value) < 19 and value.isascii() and value.isdigit():
        return int(value)
    number = cast_to_number(_scalar(value))
    if not math.isfinite(number):
        return 0 if value.__class__ is float else MAX_INT if number > 0 else MIN_INT
    whole = int(number)
    if value.__class__ is float:
        return (whole + 2**63) % 2**64 - 2**63
    return max(MIN_INT, min(MAX_INT, whole))


@filter("to_decimal", elementwise=True)
def to_decimal(value: Value) -> float:
    """A scalar as decimal: a text counts as the number it begins with, null is 0.

    >>> "133.45 kg"|to_decimal
    133.45
    """
    return float(cast_to_number(_scalar(value)))


@filter("to_bool")
def to_bool(value: Value) -> bool:
    """A scalar as boolean: "false" in any case is false, as are null, 0, "" and "0"; all else is true.

    >>> "true"|to_bool
    true
    >>> "0"|to_bool
    false
    """
    if value.__class__ is list or value.__class__ is dict:
        raise XanoScriptError(NOT_TEXT, hint=f"the value is {describe(value)}; |is_empty tells whether it is empty")
    return truthy(value) and not (value.__class__ is str and value.lower() == "false")


def _scalar(value: Value) -> Value:
    if value is not None and value.__class__ not in (str, bytes, int, float, bool):
        raise XanoScriptError(NOT_TEXT, hint=f"the value is {describe(value)}")
    return value


# JSON ----------------------------------------------------------------------------------------------------------------

#: Signs of what needs a second look: a key "0" (the object may be a list), an int that may have more than 64 bits.
_UNUSUAL = re.compile(r'"0"\s*:|\d{19}')


@filter("json_decode")
def json_decode(value: str) -> Value:
    """The value of a JSON text. Raises for text that is not JSON.

    Ints beyond 64 bits become decimals. An object with the keys "0", "1", ... is a list, as everywhere.

    >>> '{"a":[1,2.5,null]}'|json_decode
    {"a": [1, 2.5, null]}
    """
    if isinstance(value, bytes):
        raise XanoScriptError(
            "Error parsing JSON: Malformed UTF-8 characters, possibly incorrectly encoded",
            hint="the text is binary; is it compressed or encrypted?",
        )
    try:
        decoded = from_json(value)
        return _normalized(decoded) if _UNUSUAL.search(value) else decoded
    except JsonError as error:
        raise XanoScriptError("Error parsing JSON: Syntax error", hint=str(error)) from None
    except RecursionError:
        raise XanoScriptError("Error parsing JSON: Maximum stack depth exceeded") from None


def _normalized(value: Value) -> Value:
    if value.__class__ is list:
        return [_normalized(item) for item in value]
    if value.__class__ is dict:
        return normalize_object({key: _normalized(item) for key, item in value.items()})
    return clamp_int(value) if value.__class__ is int else value


@filter("json_encode")
def json_encode(context: Context, value: Value) -> str:
    """A value as JSON text, without blanks.

    >>> {a: 1, b: [true, null, "x"]}|json_encode
    "{\\"a\\":1,\\"b\\":[true,null,\\"x\\"]}"
    """
    try:
        check_unfolded(context, value)
        return write_json(value)
    except RecursionError:
        raise LimitError(TOO_DEEP) from None


# Objects -------------------------------------------------------------------------------------------------------------


@filter("create_object")
def create_object(keys: list[Value] | dict[str, Value], values: list[Value] | dict[str, Value]) -> Value:
    """An object with the piped keys and as many values.

    >>> ["name","age"]|create_object:["Lee",30]
    {"name": "Lee", "age": 30}
    """
    names, items = _members(keys), _members(values)
    if len(names) != len(items):
        raise XanoScriptError(
            "The keys and the values must have the same number of elements",
            hint=f"{len(names)} keys, {len(items)} values",
        )
    return normalize_object({characters(as_text(name)): item for name, item in zip(names, items, strict=True)})


@filter("create_object_from_entries")
def create_object_from_entries(entries: list[Value] | dict[str, Value]) -> Value:
    """An object from a list of `{key, value}` records (what the filter `entries` gives) or of pairs.

    Anything else in the list is left out.

    >>> [{key: "a", value: 1}, {key: "b", value: 2}]|create_object_from_entries
    {"a": 1, "b": 2}
    """
    result: dict[str, Value] = {}
    for entry in _members(entries):
        if entry.__class__ is dict and "key" in entry:
            key, item = entry["key"], entry.get("value")
        elif entry.__class__ is list and len(entry) == 2:
            key, item = entry
        else:
            continue
        result[characters(as_text(key))] = item
    return normalize_object(result)


def _members(value: Value) -> list[Value]:
    return list(value.values()) if value.__class__ is dict else value
