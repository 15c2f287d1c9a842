"""Filters of one number: rounding, writing, roots, logarithms and angles, as PHP's functions of the same names."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

from xsrun.hints import TYPE_CHECKING
from xsrun.registry import filter
from xsrun.running.context import Context as RunContext
from xsrun.values.conversion import MAX_INT, MIN_INT, clamp_int, to_text

if TYPE_CHECKING:
    import ast
    from decimal import Context, Decimal

    from xsrun.evaluator.inlining import FilterUse

INFINITY = float("inf")
NAN = float("nan")


def _real(function: Callable[[float], float], value: float, overflow: float = INFINITY) -> float:
    """A function of the math library, with PHP's results where Python raises: NaN outside the domain."""
    try:
        return function(value)
    except ValueError:
        return NAN
    except OverflowError:
        return overflow


# Rounding ------------------------------------------------------------------------------------------------------------


def _abs_in_line(use: FilterUse) -> ast.expr:
    return use.values[0] if use.surely(0, "natural") else use.made("A", use.test(0, "int"), "A >= 0")


@filter("abs", inline=_abs_in_line)
def abs_(value: float) -> float:
    """The number without its sign.

    >>> (-3.5)|abs
    3.5
    """
    return clamp_int(abs(value)) if isinstance(value, int) else abs(value)


def _whole(function: Callable[[float], int], value: float) -> float:
    """A rounded decimal as an int if 64 bits hold it."""
    if isinstance(value, int) or not math.isfinite(value):
        return value
    result = function(value)
    return result if MIN_INT <= result <= MAX_INT else float(result)


def _floor_in_line(use: FilterUse) -> ast.expr:
    if use.surely(0, "int"):
        return use.values[0]
    if use.surely(0, "number"):
        return use.made("A if A.__class__ is int else int(A // 1)", "A > -1e15", "A < 1e15")
    return use.made("A", "A.__class__ is int")


@filter("floor", result="rounded", inline=_floor_in_line)
def floor(value: float) -> float:
    """The largest whole number that is not above the piped one.

    >>> 2.7|floor
    2
    >>> (-2.3)|floor
    -3
    """
    return _whole(math.floor, value)


@filter("ceil", result="rounded")
def ceil(value: float) -> float:
    """The smallest whole number that is not below the piped one.

    >>> 2.1|ceil
    3
    """
    return _whole(math.ceil, value)


#: Beyond these, rounding a double gives the double itself, or zero.
_MOST_PLACES = 400


@cache
def _exact() -> Context:
    """Enough for every digit a double can have."""
    from decimal import ROUND_HALF_UP, Context

    return Context(prec=1200, rounding=ROUND_HALF_UP)


def _quantized(number: Decimal, places: int) -> Decimal:
    return number.quantize(number.__class__((0, (1,), -places)), context=_exact())


def rounded(value: float, places: int) -> float:
    """PHP 8's round(): half away from zero, after rounding to the 15 digits that a double is good for.

    So 1.005, which is stored a little lower, becomes 1.01. The result is a decimal, except for an int that is too large
    for one to hold.
    """
    if not math.isfinite(value) or value == 0 or places > _MOST_PLACES:
        return float(value)
    if places < -_MOST_PLACES:
        return 0.0
    from decimal import Decimal

    number = Decimal(value)
    if isinstance(value, int):
        if places >= 0:
            return float(value) if abs(value) <= 2**53 else value
        return float(_quantized(number, places))
    certain = 14 - number.adjusted()
    if certain > places:
        number = _quantized(number, certain)
    elif places + number.adjusted() >= 15:
        return value
    return float(_quantized(number, places))


@filter("round")
def round_(value: float, precision: int = 0) -> float:
    """The number rounded to so many decimals, half away from zero; a negative precision rounds to tens, hundreds, ...

    >>> 3.14159|round:2
    3.14
    >>> (-2.5)|round
    -3.0
    >>> 1234.5|round:-2
    1200.0
    """
    return rounded(value, precision)


@filter("number_format")
def number_format(
    context: RunContext, value: float, decimals: int, decimal_separator: str, thousands_separator: str
) -> str:
    """The number as text with so many decimals, rounded, and its thousands in groups.

    >>> 31253212.141592|number_format:2:".":","
    "31,253,212.14"
    >>> 1234.5|number_format:0:"":""
    "1235"
    """
    places = max(decimals, 0)
    context.check_size(places)
    point, comma = to_text(decimal_separator), to_text(thousands_separator)
    if not math.isfinite(value):
        return str(value)
    number = value if isinstance(value, int) else rounded(value, places)
    digits, _, fraction = format(abs(number), f".{min(places, _MOST_PLACES * 3)}f").partition(".")
    if isinstance(number, int) and abs(number) > 2**53:
        digits = str(abs(number))
    groups = [digits[max(end - 3, 0) : end] for end in range(len(digits), 0, -3)]
    sign = "-" if number < 0 else ""
    return sign + comma.join(reversed(groups)) + (point + fraction.ljust(places, "0") if places else "")


# Roots, powers of e, logarithms --------------------------------------------------------------------------------------


@filter("sqrt")
def sqrt(value: float) -> float:
    """The square root; NaN below zero.

    >>> 9|sqrt
    3.0
    """
    return _real(math.sqrt, value)


@filter("exp")
def exp(value: float) -> float:
    """e to the power of the number.

    >>> 0|exp
    1.0
    """
    return _real(math.exp, value)


def _logarithm(function: Callable[[float], float], value: float) -> float:
    return -INFINITY if value == 0 else _real(function, value)


@filter("ln")
def ln(value: float) -> float:
    """The natural logarithm; minus infinity at zero, NaN below.

    >>> 1|ln
    0.0
    """
    return _logarithm(math.log, value)


@filter("log10")
def log10(value: float) -> float:
    """The logarithm to base 10.

    >>> 1000|log10
    3.0
    """
    return _logarithm(math.log10, value)


@filter("log")
def log(value: float, base: float) -> float:
    """The logarithm to a given base.

    >>> 8|log:2
    3.0
    """
    if base == 2:
        return _logarithm(math.log2, value)
    if base == 10:
        return log10(value)
    if base <= 0 or base == 1:
        return NAN
    return _logarithm(math.log, value) / math.log(base)


# Angles --------------------------------------------------------------------------------------------------------------


@filter("deg2rad")
def deg2rad(value: float) -> float:
    """Degrees as radians.

    >>> 0|deg2rad
    0.0
    """
    return value / 180.0 * math.pi


@filter("rad2deg")
def rad2deg(value: float) -> float:
    """Radians as degrees.

    >>> 0|rad2deg
    0.0
    """
    return value / math.pi * 180.0


@filter("sin")
def sin(value: float) -> float:
    """The sine of an angle in radians.

    >>> 0|sin
    0.0
    """
    return _real(math.sin, value)


@filter("cos")
def cos(value: float) -> float:
    """The cosine of an angle in radians.

    >>> 0|cos
    1.0
    """
    return _real(math.cos, value)


@filter("tan")
def tan(value: float) -> float:
    """The tangent of an angle in radians.

    >>> 0|tan
    0.0
    """
    return _real(math.tan, value)


@filter("asin")
def asin(value: float) -> float:
    """The angle in radians that has this sine; NaN outside -1 to 1.

    >>> 0|asin
    0.0
    """
    return _real(math.asin, value)


@filter("acos")
def acos(value: float) -> float:
    """The angle in radians that has this cosine; NaN outside -1 to 1.

    >>> 1|acos
    0.0
    """
    return _real(math.acos, value)


@filter("atan")
def atan(value: float) -> float:
    """The angle in radians that has this tangent.

    >>> 0|atan
    0.0
    """
    return math.atan(value)


@filter("sinh")
def sinh(value: float) -> float:
    """The hyperbolic sine.

    >>> 0|sinh
    0.0
    """
    return _real(math.sinh, value, math.copysign(INFINITY, value))


@filter("cosh")
def cosh(value: float) -> float:
    """The hyperbolic cosine.

    >>> 0|cosh
    1.0
    """
    return _real(math.cosh, value)


@filter("tanh")
def tanh(value: float) -> float:
    """The hyperbolic tangent.

    >>> 0|tanh
    0.0
    """
    return math.tanh(value)


@filter("asinh")
def asinh(value: float) -> float:
    """The inverse hyperbolic sine.

    >>> 0|asinh
    0.0
    """
    return math.asinh(value)


@filter("acosh")
def acosh(value: float) -> float:
    """The inverse hyperbolic cosine; NaN below 1.

    >>> 1|acosh
    0.0
    """
    return _real(math.acosh, value)


@filter("atanh")
def atanh(value: float) -> float:
    """The inverse hyperbolic tangent; an infinity at 1 and -1, NaN beyond.

    >>> 0|atanh
    0.0
    """
    return math.copysign(INFINITY, value) if abs(value) == 1 else _real(math.atanh, value)
