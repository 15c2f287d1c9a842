"""Arithmetic of the language: PHP's, with its own refusals (semantics 2.5).

Ints stay ints while they fit 64 bits and become decimals beyond. Numeric text counts as its number; null, booleans and
any other text are refused.
"""

from __future__ import annotations

import math

from xsrun.errors import XanoScriptError
from xsrun.values.conversion import Value, clamp_int, to_number


def _operands(left: Value, right: Value) -> tuple[float, float]:
    return to_number(left), to_number(right)


def add(left: Value, right: Value) -> float:
    one, two = _operands(left, right)
    result = one + two
    return clamp_int(result) if result.__class__ is int else result


def subtract(left: Value, right: Value) -> float:
    one, two = _operands(left, right)
    result = one - two
    return clamp_int(result) if result.__class__ is int else result


def multiply(left: Value, right: Value) -> float:
    one, two = _operands(left, right)
    result = one * two
    return clamp_int(result) if result.__class__ is int else result


def divide(left: Value, right: Value) -> float:
    """An int when two ints divide exactly, else a decimal (evidence d)."""
    one, two = _operands(left, right)
    if two == 0:
        raise division_by_zero()
    if one.__class__ is int and two.__class__ is int:
        quotient, rest = divmod(one, two)
        if not rest:
            return clamp_int(int(quotient))
    try:
        return one / two
    except OverflowError:
        return float(one) / float(two)


def modulo(left: Value, right: Value) -> float:
    """PHP's `%`: both sides are truncated to ints, the sign is the dividend's. Of huge decimals it may be a decimal."""
    one, two = _operands(left, right)
    dividend, divisor = _whole(one), _whole(two)
    if divisor == 0:
        raise division_by_zero()
    rest = abs(dividend) % abs(divisor)
    return clamp_int(-rest if dividend < 0 else rest)


def _whole(number: float) -> int:
    return int(number) if math.isfinite(number) else 0


def negate(value: Value) -> float:
    return clamp_int(-value) if value.__class__ is int else -to_number(value)


def division_by_zero() -> XanoScriptError:
    return XanoScriptError("Division by zero", hint="test the divisor before dividing")


#: whole numbers that are made at once: another thread has its turn between two pieces
_PIECE = 100_000


def whole_numbers(start: int, stop: int) -> list[int]:
    """The whole numbers from one bound to the other, both included, downwards too."""
    step = 1 if start <= stop else -1
    if abs(stop - start) < _PIECE:
        return list(range(start, stop + step, step))
    found: list[int] = []
    for first in range(start, stop + step, step * _PIECE):
        last = first + step * (_PIECE - 1)
        found += range(first, (min(last, stop) if step > 0 else max(last, stop)) + step, step)
    return found
