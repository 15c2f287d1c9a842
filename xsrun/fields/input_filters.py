"""The input filters of a field, put in order and ready to run (semantics 3.4)."""

from __future__ import annotations

import math
from collections.abc import Callable

from xsrun.errors import InputError
from xsrun.language.types import type_named
from xsrun.values.conversion import Value, parse_number, text_of_bytes

Step = Callable[[Value], Value]

#: The order in which filters run, whatever order they are written in.
_ORDER = (
    *("trim", "min", "max", "startsWith", "lower", "upper", "ok", "prevent", "pattern"),
    *("minAlpha", "minLowerAlpha", "minUpperAlpha", "minDigit", "minSymbol"),
)
#: These three are one test: what any of them allows.
_WHITELISTS = {"alphaOk": "abcdefghijklmnopqrstuvwxyz", "digitOk": "0123456789", "ok": ""}


def usable_steps(filters: list[tuple[str, list[str]]], field_type: str, *, is_list: bool) -> list[tuple[str, Step]]:
    """The filters in the order they run. Those that do not fit the type or make no sense are left out."""
    allowed = [_WHITELISTS[name] or "".join(arguments) for name, arguments in filters if name in _WHITELISTS]
    merged = [(name, arguments) for name, arguments in filters if name in _ORDER and name not in _WHITELISTS]
    if allowed:
        merged.append(("ok", ["".join(allowed)]))
    measured = type_named(field_type).measured
    usable: list[tuple[str, Step]] = []
    for name, arguments in sorted(merged, key=lambda entry: _ORDER.index(entry[0])):
        bound = name in ("min", "max") and (is_list or measured == "number")
        step = filter_step(name, arguments) if bound or measured == "text" else None
        if step is not None:
            usable.append((name, step))
    return usable


def filter_step(name: str, arguments: list[str]) -> Step | None:
    """An input filter with its arguments; None when xsrun has no such filter or they do not fit."""
    from xsrun import registry

    record = registry.find("input_filter", name)
    if record is None:
        return None
    parameters = record.parameters[1:]
    if sum(parameter.required for parameter in parameters) > len(arguments):
        return None
    values: list[Value] = []
    for parameter, text in zip(parameters, arguments, strict=False):
        value: Value = text
        if parameter.type in ("int", "number"):
            value = parse_number(text)
            if value is None or not math.isfinite(value):
                return None
        values.append(int(value) if parameter.type == "int" else value)
    function = record.function
    return (lambda value: function(value, *values)) if values else function


def run_steps(steps: list[Step], value: Value, path: str) -> Value:
    """The value after the filters; a failure names the path."""
    is_bytes = value.__class__ is bytes
    if is_bytes:  # a byte string that is not UTF-8 goes through the filters as text and comes back
        value = value.decode("utf-8", "surrogateescape")
    try:
        for step in steps:
            value = step(value)
    except InputError as error:
        raise InputError(error.message, path, hint=error.hint) from None
    return text_of_bytes(value.encode("utf-8", "surrogateescape")) if is_bytes else value
