"""Filters of numbers and of lists of numbers, with the results of PHP's functions of the same names (semantics 2.5).

An int stays an int while the result is whole and fits 64 bits; a decimal function outside its domain gives NaN or an
infinity and no error. The filters for rounding and angles are in `math_functions`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable

from xsrun.errors import XanoScriptError
from xsrun.filters import math_functions
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import filter
from xsrun.values.comparison import compare
from xsrun.values.conversion import MIN_INT, Value, as_number, clamp_int
from xsrun.values.php_arrays import cast_to_number, members

if TYPE_CHECKING:
    import ast

    from xsrun.evaluator.inlining import FilterUse

#: The registry imports this module for the whole family; importing the other declares its filters.
PARTS = (math_functions,)

DIVISION_BY_ZERO = "Division by zero"
ZERO_HINT = "test the divisor before dividing"
#: A power of ints that may be longer than this is calculated in decimals; 64 bits is all that an int can have.
_MOST_BITS = 256


# Two numbers ---------------------------------------------------------------------------------------------------------


@filter("add", operator="+")
def add(piped: float, value: float) -> float:
    """The sum of two numbers.

    >>> 2|add:3
    5
    """
    return _fitting(piped + value)


@filter("subtract", operator="-")
def subtract(piped: float, value: float) -> float:
    """The piped number less the argument.

    >>> 2|subtract:3
    -1
    """
    return _fitting(piped - value)


@filter("multiply", operator="*")
def multiply(piped: float, value: float) -> float:
    """The product of two numbers.

    >>> 4|multiply:2.5
    10.0
    """
    return _fitting(piped * value)


@filter("divide", operator="/")
def divide(piped: float, value: float) -> float:
    """The piped number divided by the argument: an int when both are ints and it comes out even, else a decimal.

    >>> 20|divide:4
    5
    >>> 7|divide:2
    3.5
    """
    return quotient(piped, value)


def quotient(value: float, other: float) -> float:
    """Division as the language has it. Raises when the divisor is zero."""
    if other == 0:
        raise XanoScriptError(DIVISION_BY_ZERO, hint=ZERO_HINT)
    if isinstance(value, int) and isinstance(other, int) and value % other == 0:
        return clamp_int(value // other)
    return value / other


@filter("modulus")
def modulus(piped: int, value: int) -> int:
    """The remainder of a division of ints; its sign is that of the piped number.

    >>> 20|modulus:3
    2
    >>> (-8)|modulus:3
    -2
    """
    piped, value = wrapped(piped), wrapped(value)
    if value == 0:
        raise XanoScriptError(DIVISION_BY_ZERO, hint=ZERO_HINT)
    remainder = abs(piped) % abs(value)
    return -remainder if piped < 0 else remainder


@filter("pow")
def pow_(value: float, exp: float) -> float:
    """The piped number to a power: an int when both are ints, the power is not negative and the result fits.

    >>> 2|pow:10
    1024
    >>> 2|pow:-1
    0.5
    """
    if isinstance(value, int) and isinstance(exp, int) and exp >= 0:
        power = exp if abs(value) > 1 or exp < 2 else 2 - exp % 2  # 0, 1 and -1 need no counting
        if value.bit_length() * power < _MOST_BITS:
            return _fitting(value**power)
    return _float_power(float(value), float(exp))


def _float_power(value: float, exp: float) -> float:
    odd = exp % 2 == 1
    try:
        result = value**exp
    except ZeroDivisionError:
        return float("inf")
    except OverflowError:
        return float("-inf") if value < 0 and odd else float("inf")
    return float("nan") if isinstance(result, complex) else result


def _fitting(number: float) -> float:
    return clamp_int(number) if isinstance(number, int) else number


# Smaller and larger --------------------------------------------------------------------------------------------------


def _extreme(items: Iterable[Value], wanted: int) -> Value:
    """The first of the members that compare lowest (-1) or highest (1), or null when there are none."""
    result: Value = None
    for position, item in enumerate(items):
        if position == 0 or compare(item, result) == wanted:
            result = item
    return result


@filter("array_min")
def array_min(value: list[Value] | dict[str, Value]) -> Value:
    """The smallest member, or null when there is none.

    >>> [5, 2, 8]|array_min
    2
    """
    return _extreme(members(value), -1)


@filter("array_max")
def array_max(value: list[Value] | dict[str, Value]) -> Value:
    """The largest member, or null when there is none.

    >>> [5, 2, 8]|array_max
    8
    """
    return _extreme(members(value), 1)


def _extreme_of(value: Value, other: Value, wanted: int) -> Value:
    if isinstance(value, list | dict):
        return _extreme(members(value), wanted)
    number = as_number(value)
    return number if other is None else _extreme((number, as_number(other)), wanted)


def _chosen(use: FilterUse, sign: str) -> ast.expr | None:
    """The smaller or larger of two numbers."""
    if len(use.values) != 2:
        return None
    tests = [use.test(position, "number") for position in (0, 1)]
    if tests[1] and use.constant(1) is not ...:
        return None
    return use.made(f"B if B {sign} A else A", *tests)


@filter("min", inline=lambda use: _chosen(use, "<"))
def min_(piped: Value, value: Value = None) -> Value:
    """The smaller of two numbers. Over a list: its smallest member, or null when there is none.

    >>> 5|min:3
    3
    >>> [3, 1, 2]|min
    1
    """
    return _extreme_of(piped, value, -1)


@filter("max", inline=lambda use: _chosen(use, ">"))
def max_(piped: Value, value: Value = None) -> Value:
    """The larger of two numbers. Over a list: its largest member, or null when there is none.

    >>> 5|max:8
    8
    >>> [3, 1, 2]|max
    3
    """
    return _extreme_of(piped, value, 1)


@filter("clamp_min")
def clamp_min(value: float, min: float) -> float:
    """The piped number, or a lower bound if it is below that.

    >>> 3|clamp_min:5
    5
    """
    return min if value < min else value


@filter("clamp_max")
def clamp_max(value: float, max: float) -> float:
    """The piped number, or an upper bound if it is above that.

    >>> 15|clamp_max:10
    10
    """
    return max if value > max else value


# Lists ---------------------------------------------------------------------------------------------------------------


def _folded(items: list[Value], start: int, operation: Callable[[float, float], float]) -> float:
    """Members put together from left to right, as PHP does; lists and objects among them do not count."""
    result: float = start
    for item in items:
        if not isinstance(item, list | dict):
            result = _fitting(operation(result, cast_to_number(item)))
    return result


@filter("sum")
def sum_(value: list[Value] | dict[str, Value]) -> float:
    """The total of a list; null counts as 0, a text as the number it begins with.

    >>> [1, 2.5, "3", null]|sum
    6.5
    """
    return _folded(members(value), 0, operator.add)


@filter("product")
def product(value: list[Value] | dict[str, Value]) -> float:
    """The product of a list; null counts as 0, and the product of nothing is 1.

    >>> [2, 3, 4]|product
    24
    """
    return _folded(members(value), 1, operator.mul)


@filter("avg")
def avg(value: list[Value] | dict[str, Value]) -> Value:
    """The mean of a list, or null when it has no members.

    >>> [1, 2, 3, 4]|avg
    2.5
    """
    return quotient(sum_(value), len(value)) if value else None


# Bits ----------------------------------------------------------------------------------------------------------------


def wrapped(number: int) -> int:
    """The int that the lowest 64 bits of a number mean, the highest of them being the sign."""
    return (number - MIN_INT) % 2**64 + MIN_INT


@filter("bitwise_and")
def bitwise_and(piped: int, value: int) -> int:
    """The bits that both ints have.

    >>> 7|bitwise_and:3
    3
    """
    return wrapped(piped & value)


@filter("bitwise_or")
def bitwise_or(piped: int, value: int) -> int:
    """The bits that either int has.

    >>> 7|bitwise_or:9
    15
    """
    return wrapped(piped | value)


@filter("bitwise_xor")
def bitwise_xor(piped: int, value: int) -> int:
    """The bits that one int has and the other has not.

    >>> 7|bitwise_xor:9
    14
    """
    return wrapped(piped ^ value)
