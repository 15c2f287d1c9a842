"""The operators, tests and functions of Twig."""

from __future__ import annotations

import random as randomness
from collections.abc import Callable

from xsrun.dates.timestamps import parse_timestamp_value
from xsrun.errors import XanoScriptError
from xsrun.services.templates.functions import FunctionEnvironment, State
from xsrun.services.templates.values import (
    UNDEFINED,
    Moment,
    entries,
    is_true,
    items,
    member,
    to_arithmetic,
    to_output,
    to_whole,
)
from xsrun.values import arithmetic
from xsrun.values.comparison import compare, loose_equal, strict_equal
from xsrun.values.conversion import Value, describe, normalize_object
from xsrun.values.digits import whole_of_digits

# Operators -----------------------------------------------------------------------------------------------------------


def calculate(function: Callable[[Value, Value], Value]) -> Callable[[Value, Value], Value]:
    """An operator of arithmetic on PHP's numbers."""
    return lambda left, right: function(to_arithmetic(left), to_arithmetic(right))


def floor_divide(left: Value, right: Value) -> Value:
    quotient = arithmetic.divide(to_arithmetic(left), to_arithmetic(right))
    return int(quotient // 1)


def power(left: Value, right: Value) -> Value:
    base, exponent = (arithmetic.add(to_arithmetic(side), 0) for side in (left, right))
    try:
        if base.__class__ is int and exponent.__class__ is int and exponent >= 0:
            if abs(base) > 1 and exponent > 64:
                return float(base) ** exponent
            return arithmetic.add(base**exponent, 0)
        result = float(base) ** exponent
    except OverflowError:
        return float("inf")
    except ZeroDivisionError:
        raise arithmetic.division_by_zero() from None
    return result if isinstance(result, float) else float("nan")


def concatenate(state: State, *parts: Value) -> str:
    text = "".join(map(to_output, parts))
    state.run.check_size(len(text))
    return text


def number_range(state: State, first: Value, last: Value, step: Value = 1) -> list[Value]:
    """`1..5`, `'a'..'e'`, `range(0, 10, 5)`; downwards too."""
    if all(side.__class__ is str and len(side) == 1 and not side.isdigit() for side in (first, last)):
        return [chr(code) for code in number_range(state, ord(first), ord(last), step)]
    distance = abs(to_whole(step, 1)) or 1
    start, stop = to_whole(first), to_whole(last)
    state.run.check_size(abs(stop - start) // distance + 1)
    return list(range(start, stop + 1, distance) if start <= stop else range(start, stop - 1, -distance))


def spaceship(left: Value, right: Value) -> int:
    return compare(*_comparable(left, right))


def _comparable(left: Value, right: Value) -> tuple[Value, Value]:
    """Moments count by their time."""
    if left.__class__ is Moment or right.__class__ is Moment:
        left, right = (side.milliseconds if side.__class__ is Moment else side for side in (left, right))
    return left, right


def equal(left: Value, right: Value) -> bool:
    return loose_equal(*_comparable(left, right))


def is_in(value: Value, container: Value) -> bool:
    if container.__class__ is str:
        return value.__class__ not in (list, dict) and to_output(value) in container
    return any(equal(value, item) for _, item in entries(container))


def starts_with(left: Value, right: Value) -> bool:
    return left.__class__ is str and right.__class__ is str and left.startswith(right)


def ends_with(left: Value, right: Value) -> bool:
    return left.__class__ is str and right.__class__ is str and left.endswith(right)


def matches(state: State, left: Value, right: Value) -> bool:
    """A regular expression in delimiters, read by the language's own filter."""
    function = state.find_filter("regex_matches")
    assert function is not None
    return bool(function(to_output(right), to_output(left)))


def has_some(values: Value, test: Value) -> bool:
    return any(is_true(test(item, key)) for key, item in entries(values)) if callable(test) else False


def has_every(values: Value, test: Value) -> bool:
    return all(is_true(test(item, key)) for key, item in entries(values)) if callable(test) else False


def make_list(_subject: Value, *parts: Value) -> list[Value]:
    """Items in pairs with whether they are spread."""
    made: list[Value] = []
    for spread, item in zip(parts[::2], parts[1::2], strict=True):
        made.extend(items(item, "spread") if spread else [item])
    return made


def make_hash(_subject: Value, *parts: Value) -> Value:
    """Keys and values in turn; the key of a spread object is null."""
    made: dict[str, Value] = {}
    for key, item in zip(parts[::2], parts[1::2], strict=True):
        if key is None:
            made.update({to_output(name): value for name, value in entries(item)})
        else:
            made[key] = item
    return normalize_object(made)


# Tests ---------------------------------------------------------------------------------------------------------------


def is_empty(value: Value) -> bool:
    """Twig's empty: null, false, "", [] and {}; 0 is not."""
    return value is UNDEFINED or value is None or value is False or (value.__class__ in (str, list, dict) and not value)


def is_divisible(value: Value, divisor: Value) -> bool:
    return arithmetic.modulo(to_arithmetic(value), to_arithmetic(divisor)) == 0


# Functions -----------------------------------------------------------------------------------------------------------


def to_moment(state: State, value: Value, zone: Value = None) -> Moment:
    """What Twig makes a date of: nothing means now, a number is seconds, a text is a time or a phrase."""
    if value.__class__ is Moment:
        return value
    if value is None or value == "":
        return Moment(state.run.now())
    if value.__class__ in (int, float):
        return Moment(int(value * 1000))
    if value.__class__ is not str:
        raise XanoScriptError(f"A date cannot be made of {describe(value)}.")
    seconds = whole_of_digits(value.removeprefix("-"))
    if seconds is not None:
        return Moment((-seconds if value.startswith("-") else seconds) * 1000)
    return Moment(parse_timestamp_value(value, state.run.now(), zone))


def date(state: State, _subject: Value, value: Value = None, timezone: Value = None) -> Moment:
    return to_moment(state, value, timezone)


def attribute(_subject: Value, value: Value, key: Value, _arguments: Value = None) -> Value:
    return member(value, key)


def cycle(_subject: Value, values: Value, position: Value) -> Value:
    found = items(values, "function `cycle`")
    return found[to_whole(position) % len(found)] if found else None


def greatest(_subject: Value, *values: Value) -> Value:
    return _extreme(values, 1)


def least(_subject: Value, *values: Value) -> Value:
    return _extreme(values, -1)


def _extreme(values: tuple[Value, ...], sign: int) -> Value:
    candidates = items(values[0], "function `max` or `min`") if len(values) == 1 else list(values)
    if not candidates:
        raise XanoScriptError("`max` and `min` need at least one value.")
    found = candidates[0]
    for candidate in candidates[1:]:
        if compare(candidate, found) == sign:
            found = candidate
    return found


def random(_subject: Value, values: Value = None, most: Value = None) -> Value:
    """A random number up to one, between two, or a member of a list or text."""
    if values is None or values.__class__ in (int, float):
        low, high = (0, to_whole(values, 2**31 - 1)) if most is None else (to_whole(values), to_whole(most))
        return randomness.randint(min(low, high), max(low, high))
    choices = list(values) if values.__class__ is str else items(values, "function `random`")
    return randomness.choice(choices) if choices else ""


def dump(state: State, _subject: Value, *values: Value) -> str:
    function = state.find_filter("json_encode")
    assert function is not None
    shown = values or ({key: value for key, value in state.variables.items() if not key.startswith("$")},)
    return "\n".join(to_output(function(value)) for value in shown)


def declare_operators(environment: FunctionEnvironment) -> None:
    """Everything of this module, by the names that the parser uses."""
    declare = environment.declare
    for sign, function in (
        ("+", arithmetic.add),
        ("-", arithmetic.subtract),
        ("*", arithmetic.multiply),
        ("/", arithmetic.divide),
        ("%", arithmetic.modulo),
    ):
        declare(sign, calculate(function))
    declare("//", floor_divide)
    declare("**", power)
    declare("negative", lambda value: arithmetic.negate(to_arithmetic(value)))
    declare("positive", lambda value: arithmetic.add(to_arithmetic(value), 0))
    declare("~", concatenate, with_state=True)
    declare("..", number_range, with_state=True)
    declare("==", equal)
    declare("!=", lambda left, right: not equal(left, right))
    declare("same as", strict_equal)
    declare("not same as", lambda left, right: not strict_equal(left, right))
    declare("<=>", spaceship)
    declare("<", lambda left, right: spaceship(left, right) < 0)
    declare("<=", lambda left, right: spaceship(left, right) <= 0)
    declare(">", lambda left, right: spaceship(left, right) > 0)
    declare(">=", lambda left, right: spaceship(left, right) >= 0)
    declare("xor", lambda left, right: is_true(left) is not is_true(right))
    declare("in", is_in)
    declare("not in", lambda value, container: not is_in(value, container))
    declare("starts with", starts_with)
    declare("ends with", ends_with)
    declare("matches", matches, with_state=True)
    declare("has some", has_some)
    declare("has every", has_every)
    declare("truth", is_true, raw=True)
    declare("text", to_output)
    declare("list", make_list)
    declare("hash", make_hash)
    declare_tests(declare)
    declare_functions(declare)


def declare_functions(declare: Callable[..., None]) -> None:
    for name, made, with_state in (
        ("attribute", attribute, False),
        ("cycle", cycle, False),
        ("date", date, True),
        ("dump", dump, True),
        ("max", greatest, False),
        ("min", least, False),
        ("random", random, False),
    ):
        declare(f"function {name}", made, with_state=with_state)
    declare(
        "function range",
        lambda state, _subject, low, high, step=1: number_range(state, low, high, step),
        with_state=True,
    )


def declare_tests(declare: Callable[..., None]) -> None:
    declare("test defined", lambda value: value is not UNDEFINED, raw=True)
    declare("test empty", is_empty, raw=True)
    for name in ("null", "none"):
        declare(f"test {name}", lambda value: value is None)
    declare("test even", lambda value: is_divisible(value, 2))
    declare("test odd", lambda value: not is_divisible(value, 2))
    declare("test divisible by", is_divisible)
    declare("test same as", strict_equal)
    declare("test iterable", lambda value: value.__class__ in (list, dict))
    declare("test sequence", lambda value: value.__class__ is list)
    declare("test mapping", lambda value: value.__class__ is dict)
    declare("test true", lambda value: value is True)
