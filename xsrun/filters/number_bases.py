"""The filters between numbers and their digits in other bases. Characters that are not digits are passed over, as PHP
does; what has more than 64 bits is a decimal.
"""

from __future__ import annotations

import math

from xsrun.errors import XanoScriptError
from xsrun.registry import filter
from xsrun.values.characters import characters
from xsrun.values.conversion import MAX_INT

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PREFIXES = {16: "0x", 8: "0o", 2: "0b"}


def _from_digits(text: str, base: int) -> float:
    """The number that digits stand for; beyond 64 bits a decimal, calculated as PHP does."""
    digits = text.lower()
    if digits[:2] == _PREFIXES.get(base):
        digits = digits[2:]
    number: float = 0
    for char in digits:
        digit = _DIGITS.find(char)
        if 0 <= digit < base:
            number = number * base + digit
            if number > MAX_INT:
                number = float(number)
    return number


def _to_digits(number: float, base: int) -> str:
    """The digits of a number that is not negative; of a decimal as many as it is exact to, then what is left over."""
    if number == math.inf:
        raise XanoScriptError("An infinite value cannot be converted to another base")
    digits: list[str] = []
    while True:
        digits.append(_DIGITS[int(number % base if isinstance(number, int) else math.fmod(number, base))])
        number = number // base if isinstance(number, int) else number / base
        if number < 1:
            return "".join(reversed(digits))


def _unsigned(value: int) -> int:
    """An int as PHP's conversions see it: 64 bits without a sign."""
    return value & (2**64 - 1)


@filter("dechex")
def dechex(value: int) -> str:
    """An int as hexadecimal digits. A negative one is read as 64 bits without a sign.

    >>> 255|dechex
    "ff"
    """
    return format(_unsigned(value), "x")


@filter("hexdec")
def hexdec(value: str) -> float:
    """The number that hexadecimal digits stand for.

    >>> "ff"|hexdec
    255
    """
    return _from_digits(characters(value), 16)


@filter("decbin")
def decbin(value: int) -> str:
    """An int as binary digits. A negative one is read as 64 bits without a sign.

    >>> 10|decbin
    "1010"
    """
    return format(_unsigned(value), "b")


@filter("bindec")
def bindec(value: str) -> float:
    """The number that binary digits stand for.

    >>> "1010"|bindec
    10
    """
    return _from_digits(characters(value), 2)


@filter("decoct")
def decoct(value: int) -> str:
    """An int as octal digits. A negative one is read as 64 bits without a sign.

    >>> 15|decoct
    "17"
    """
    return format(_unsigned(value), "o")


@filter("octdec")
def octdec(value: str) -> float:
    """The number that octal digits stand for.

    >>> "17"|octdec
    15
    """
    return _from_digits(characters(value), 8)


@filter("base_convert")
def base_convert(value: str, from_base: int, to_base: int) -> str:
    """Digits of one base in another, both from 2 to 36. Beyond 64 bits the last digits are not exact, as in PHP.

    >>> "ff"|base_convert:16:10
    "255"
    >>> "zz"|base_convert:36:16
    "50f"
    """
    for name, base in (("from_base", from_base), ("to_base", to_base)):
        if not 2 <= base <= 36:
            raise XanoScriptError(f"{name} must be between 2 and 36 (inclusive)")
    return _to_digits(_from_digits(characters(value), from_base), to_base)
