"""XanoScript values, their truth, and their conversion to text, number, list, object and JSON.

A value is `None`, `bool`, `int` (64 bits), `float`, `str`, `list`, `dict` with text keys, or a resource (a stream, a
file). Texts of the engine are PHP byte strings: one that is valid UTF-8 is a `str` here, any other is `bytes`
(`text_of_bytes`). The rules are PHP 8's wherever nothing better is known (semantics 0 and 2).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress

from xsrun.errors import InputError, XanoScriptError
from xsrun.hints import Any
from xsrun.lazy_regex import ASCII, pattern
from xsrun.values.extent import check_extent

Value = Any

MAX_INT = 2**63 - 1
MIN_INT = -(2**63)

NOT_NUMERIC = "Not numeric."
NOT_TEXT = "Text filter requires a scalar value"
NOT_ARRAY = "Variable is not an array."
NOT_JOINABLE = "Variable is not text. Are you referencing a full object?"

_NINETEEN_DIGITS = pattern(r"\d{19}")
#: PHP's is_numeric, without hexadecimal: blanks around are fine.
NUMERIC = pattern(r"[ \t\n\r\v\f]*[+-]?(?:\d+(\.\d*)?|(\.\d+))([eE][+-]?\d+)?[ \t\n\r\v\f]*", ASCII)


def type_name(value: Value) -> str:
    """The language's word for the type of a value: null, bool, int, decimal, text, list, object, or resource."""
    return _TYPE_NAMES.get(value.__class__, "resource")


_TYPE_NAMES = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "decimal",
    str: "text",
    bytes: "text",
    list: "list",
    dict: "object",
}


# Truth and emptiness (semantics 2.3) ---------------------------------------------------------------------------------


def truthy(value: Value) -> bool:
    """PHP truth: null, false, 0, 0.0, "", "0", [] and {} are false, all else is true."""
    return bool(value) and value != "0"


# Text ----------------------------------------------------------------------------------------------------------------


def text_of_number(number: float) -> str:
    """The shortest text of an int or decimal, as PHP prints it: `2.0` is `2`, `1e25` is `1.0E+25`."""
    if number.__class__ is int:
        return str(number)
    if not math.isfinite(number):
        return "NAN" if number != number else ("INF" if number > 0 else "-INF")
    if number == int(number) and abs(number) < 1e15:
        return str(int(number)) if number or math.copysign(1, number) > 0 else "-0"
    text = repr(number)
    mantissa, _, exponent = text.partition("e")
    if not exponent:
        return text
    if int(exponent) in range(-4, 15):
        return format(number, ".17f").rstrip("0")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent):+d}"


def to_text(value: Value) -> str:
    """A scalar as text: null is "", booleans are `true` and `false`, numbers are in shortest form (semantics 2.5).

    Raises for lists, objects and resources. Bytes that are not UTF-8 come back with replacement characters; use
    `to_bytes` where the exact bytes matter.
    """
    if value.__class__ is str:
        return value
    kind = value.__class__
    if kind is int:
        return str(value)
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return text_of_number(value)
    if value.__class__ is bytes:
        return value.decode("utf-8", "replace")
    raise XanoScriptError(NOT_JOINABLE)


def text_of_bytes(data: bytes) -> str | bytes:
    """The value of a byte string: a `str` when it is valid UTF-8, else the `bytes` themselves."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def readable(text: str | bytes) -> str:
    """A text that people wrote, such as a name; whatever is not UTF-8 in a byte string shows as U+FFFD."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def to_bytes(value: Value) -> bytes:
    """The bytes of a text value, as the engine's byte strings hold them."""
    return value if value.__class__ is bytes else as_text(value).encode("utf-8", "surrogatepass")


# Numbers -------------------------------------------------------------------------------------------------------------


def clamp_int(number: int) -> float:
    """An integer result: it becomes a decimal beyond 64 bits, as in PHP."""
    return number if MIN_INT <= number <= MAX_INT else float(number)


def parse_number(text: str) -> float | None:
    """The int or decimal that a numeric text stands for (PHP's is_numeric), or None."""
    if len(text) < 19 and text.isascii() and text.isdecimal():
        return int(text)
    match = NUMERIC.fullmatch(text)
    if match is None:
        return None
    if match.group(1) is None and match.group(2) is None and match.group(3) is None:
        digits = text.strip()
        return clamp_int(int(digits)) if len(digits) < 100 else float(digits)  # Python refuses to read very long ints
    return float(text)


def to_number(value: Value) -> float:
    """The operand of arithmetic: numbers as they are, numeric text converted; anything else is `Not numeric.`"""
    if value.__class__ is int or value.__class__ is float:
        return value
    if value.__class__ is str:
        number = parse_number(value)
        if number is not None:
            return number
    joined = ", or join texts with ~" if value.__class__ is str else ""
    hint = f"the operand is {describe(value)}; convert it with |to_int or |to_decimal{joined}"
    raise XanoScriptError(NOT_NUMERIC, hint=hint)


def describe(value: Value) -> str:
    """A value in a few words, for hints: `the text "abc"`, `a list of 3`."""
    if value is None:
        return "null"
    kind = type_name(value)
    if kind == "list":
        return f"a list of {len(value)}"
    if kind == "object":
        return f"an object with {len(value)} keys" if len(value) != 1 else "an object with 1 key"
    if kind == "resource":
        return "a resource"
    import json

    shown = json.dumps(value if kind != "text" else to_text(value), ensure_ascii=False)
    return f"the {kind} {shown if len(shown) <= 40 else shown[:37] + '...'}"


def not_allowed(value: Value, param: str, hint: str | None = None) -> InputError:
    """The error of a value that is not among those that a parameter takes; a list or object is not written out."""
    shown = describe(value) if value.__class__ is list or value.__class__ is dict else to_text(value)
    return InputError(f"Input '{shown}' is not one of the allowable values.", param, hint=hint)


# Arguments: what a builtin's annotation asks for ---------------------------------------------------------------------


def as_text(value: Value) -> Value:
    """An argument that must be text: scalars are converted, null is "", a list or object is refused.

    Byte strings pass as they are: a builtin that cares takes them through `to_bytes`.
    """
    if value.__class__ is str or value.__class__ is bytes:
        return value
    if value.__class__ is list or value.__class__ is dict or type_name(value) == "resource":
        raise XanoScriptError(NOT_TEXT, hint=f"the value is {describe(value)}")
    return to_text(value)


def as_utf8(value: Value) -> str:
    """An argument that must be text in UTF-8, such as a name, a key or an address: other byte strings are refused."""
    text = as_text(value)
    if text.__class__ is bytes:
        raise XanoScriptError(
            "The text is not valid UTF-8",
            hint="|base64_encode and |bin2hex write bytes as text, |to_utf8 reads them as Latin-1",
        )
    return str(text)


def as_int(value: Value) -> int:
    """An argument that must be an int: numbers are truncated, numeric text is converted, null is 0."""
    if value.__class__ is int:
        return value
    if value is None or value.__class__ is bool:
        return int(value or 0)
    number = to_number(value)
    if not math.isfinite(number):
        raise XanoScriptError(NOT_NUMERIC, hint=f"{text_of_number(number)} is not a whole number")
    return int(number)


def as_number(value: Value) -> float:
    """An argument that must be an int or a decimal; null and booleans are refused like in arithmetic."""
    return value if value.__class__ is int or value.__class__ is float else to_number(value)


def as_bool(value: Value) -> bool:
    """An argument that must be a bool: the text "false" is false, all else goes by its truth."""
    return value if value.__class__ is bool else value != "false" and truthy(value)


def as_list(value: Value) -> list[Value]:
    """An argument that must be a list. A stream is read to its end."""
    if value.__class__ is list:
        return value
    if type_name(value) == "resource" and isinstance(value, Iterable):
        return list(value)
    raise XanoScriptError(NOT_ARRAY, hint=f"the value is {describe(value)}")


def as_object(value: Value) -> dict[str, Value]:
    """An argument that must be an object; an empty list is the empty object, as in PHP."""
    if value.__class__ is dict:
        return value
    if value.__class__ is list:
        return {str(index): item for index, item in enumerate(value)}
    raise XanoScriptError("Variable is not an object.", hint=f"the value is {describe(value)}")


def as_array(value: Value) -> list[Value] | dict[str, Value]:
    """An argument that may be a list or an object (PHP has one array type)."""
    return value if value.__class__ is list or value.__class__ is dict else as_list(value)


# Objects -------------------------------------------------------------------------------------------------------------


def normalize_object(entries: dict[str, Value]) -> Value:
    """An object whose keys are exactly "0", "1", ... is a list, because both are PHP arrays (semantics 2.1)."""
    if "0" in entries and list(entries) == [str(index) for index in range(len(entries))]:
        return list(entries.values())
    return entries


# JSON ----------------------------------------------------------------------------------------------------------------


def to_json(value: Value, *, indent: bool = False) -> str:
    """A value as JSON text, compact unless `indent`. Bytes lose what is not UTF-8; NaN and infinities are null.

    Raises LimitError for a value that is too large or too deep to be walked.
    """
    check_extent(value)
    return write_json(value, indent=indent)


def write_json(value: Value, *, indent: bool = False) -> str:
    """The same for a value that was measured before."""
    global _written
    if value.__class__ is int and MIN_INT <= value <= MAX_INT:
        return str(value)
    if _written < _FEW_TEXTS and "orjson" not in sys.modules and _is_simple_json(value):
        import json

        _written += 1
        separators = None if indent else (",", ":")
        return json.dumps(
            without_zero_fractions(value), ensure_ascii=False, separators=separators, indent=2 if indent else None
        )
    import orjson

    options = orjson.OPT_INDENT_2 if indent else 0
    try:
        text = orjson.dumps(value, _jsonable, options)
        if b".0" in text:  # PHP writes a decimal without a fraction like an int
            text = orjson.dumps(without_zero_fractions(value), _jsonable, options)
        return text.decode()
    except (TypeError, ValueError):  # integers beyond 64 bits, lone surrogates, or nesting too deep for orjson
        import json

        return json.dumps(value, ensure_ascii=False, default=_jsonable, indent=2 if indent else None)


#: Values with more members than this, or more texts than this, are worth the import of orjson, which takes as long as
#: a small program. Python's own library takes less, and a text that is one number needs neither.
_FEW, _FEW_TEXTS = 200, 50
_written = _read = 0
#: Short texts of JSON that mean the same to Python's own library as to orjson.
_SHORT = 200
_PLAIN_JSON = pattern(
    r"""(?:[\[\]{},: ]|"[ !#-\[\]-~]*"|(?:0|-?[1-9]\d{0,14})(?:\.\d{1,15})?(?![\d.eE])|true|false|null)++""", ASCII
)
#: What a JSON text can begin with.
_BEGINNINGS = frozenset('{["-0123456789tfn')
_SIMPLE = frozenset((bool, type(None)))


def may_be_json(text: str) -> bool:
    """Does a text begin as JSON does?"""
    return text.lstrip(" \t\n\r")[:1] in _BEGINNINGS


def _is_simple_json(value: Value) -> bool:
    """Is a value small, and does Python's own library write it as orjson would?"""
    pending = [value]
    seen = 0
    while pending:
        one = pending.pop()
        kind = one.__class__
        seen += 1
        if kind is list:
            pending.extend(one)
        elif kind is dict:
            pending.extend(one)
            pending.extend(one.values())
        elif kind is float:
            if not 1e-4 < abs(one) < 1e15 and one != 0:
                return False
        elif kind is int:
            if not MIN_INT <= one <= MAX_INT:
                return False
        elif kind is str:
            if not one.isascii() or "\x7f" in one:
                return False
        elif kind not in _SIMPLE:
            return False
        if seen + len(pending) > _FEW:
            return False
    return True


def without_zero_fractions(value: Value) -> Value:
    """The same value with every decimal that has no fraction as an int, as JSON of the engine shows it."""
    kind = value.__class__
    if kind is float:
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if kind is list:
        return [without_zero_fractions(item) for item in value]
    if kind is dict:
        return {key: without_zero_fractions(item) for key, item in value.items()}
    return value


def _jsonable(value: Value) -> Value:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    record: Callable[[], Value] | None = getattr(value, "as_value", None)
    if record is not None:
        return record()
    if isinstance(value, Iterable):
        return list(value)
    return str(value)


def from_json(text: str | bytes) -> Value:
    """The value of a JSON text. Raises JsonError, a ValueError; integers beyond 64 bits become decimals."""
    global _read
    if isinstance(text, str):
        if text.isdecimal() and text.isascii() and len(text) < 16 and (text[0] != "0" or text == "0"):
            return int(text)
        if _read < _FEW_TEXTS and "orjson" not in sys.modules and len(text) <= _SHORT:
            _read += 1
            if _PLAIN_JSON.fullmatch(text):
                import json

                with suppress(ValueError):  # which orjson tells better
                    return json.loads(text)
    import orjson

    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        from xsrun.values.json_errors import json_error

        raise json_error(text, error) from None
    # orjson gives ints up to 2**64 - 1: a run of 19 digits tells that there may be one
    digits = _NINETEEN_DIGITS.search(text if isinstance(text, str) else text.decode("utf-8", "replace"))
    return value if digits is None else _within_64_bits(value)


def _within_64_bits(value: Value) -> Value:
    if value.__class__ is int:
        return clamp_int(value)
    if value.__class__ is list:
        return [_within_64_bits(item) for item in value]
    if value.__class__ is dict:
        return {key: _within_64_bits(item) for key, item in value.items()}
    return value


def copy_deep(value: Value) -> Value:
    """A copy that shares no list or object with the original. Scalars and resources are shared.

    Raises LimitError for a value that is too large or too deep to be walked.
    """
    check_extent(value)
    return _copied(value)


def _copied(value: Value) -> Value:
    if value.__class__ is list:
        return [_copied(item) for item in value]
    if value.__class__ is dict:
        return {key: _copied(item) for key, item in value.items()}
    return value
