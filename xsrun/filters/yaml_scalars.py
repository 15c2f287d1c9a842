"""What a YAML scalar without quotes stands for (YAML 1.2, and dates as Symfony's YAML component reads them)."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone

from xsrun.values.conversion import MAX_INT, NUMERIC, Value, parse_number

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d\d):(\d\d)(?:\.\d*)?"
    r"(?:[ \t]*(?:Z|([-+]\d{1,2})(?::(\d\d))?))?)?",
    re.ASCII,
)
_PREFIXED = re.compile(r"([-+]?)0(?:x([0-9A-Fa-f_]+)|o([0-7_]+))")
_DIGITS = re.compile(r"[-+]?\d[\d_]*(?:\.[\d_]*)?", re.ASCII)
_CONSTANTS: dict[str, Value] = {"": None, "~": None, "null": None, "true": True, "false": False}
_SPECIAL_FLOATS = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}


def plain_scalar(text: str) -> Value:
    """The value of a scalar without quotes: null, boolean, number, date (Unix seconds), else the text."""
    lower = text.lower()
    if lower in _CONSTANTS:
        return _CONSTANTS[lower]
    if text[0] not in "0123456789+-.":
        return text
    if lower in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[lower]
    if prefixed := _PREFIXED.fullmatch(text):
        sign, hexadecimal, octal = prefixed.groups()
        digits = (hexadecimal or octal).replace("_", "")
        number = int(digits, 16 if hexadecimal else 8) if digits else 0
        return (-number if sign == "-" else number) if number <= MAX_INT else text
    if _DIGITS.fullmatch(text) or (NUMERIC.fullmatch(text) and text == text.strip()):
        return _number(text.replace("_", ""), text)
    return _timestamp(text)


def _number(digits: str, text: str) -> Value:
    number = parse_number(digits)
    if number.__class__ is float and re.fullmatch(r"[-+]?\d+", digits):
        return text  # beyond 64 bits
    if number.__class__ is int and digits.lstrip("+-")[:1] == "0" and digits.lstrip("+") != str(number):
        return text  # leading zeros
    return number


def _timestamp(text: str) -> Value:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second, offset, offset_minutes = match.groups()
    try:
        zone = UTC
        if offset:
            sign = -1 if offset[0] == "-" else 1
            zone = timezone(sign * timedelta(hours=abs(int(offset)), minutes=int(offset_minutes or 0)))
        clock = (int(hour or 0), int(minute or 0), int(second or 0))
        return int(datetime(int(year), int(month), int(day), *clock, tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        return text
