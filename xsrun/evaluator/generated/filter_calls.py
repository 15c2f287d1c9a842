"""What calls of filters share when they run: going into lists, and failing where the engine fails."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.errors import XanoScriptError
from xsrun.hints import NoReturn
from xsrun.values.conversion import Value
from xsrun.values.extent import check_extent


def for_each_element(
    function: Callable[..., Value],
    convert: Callable[[Value], Value] | None,
    value: Value,
    context: tuple[Value, ...],
    arguments: tuple[Value, ...],
) -> Value:
    """What a filter gives for a value; of a list, the list of what it gives for each element (evidence G6)."""
    if value.__class__ is list:
        check_extent(value)
    return _for_each(function, convert, value, context, arguments)


def _for_each(
    function: Callable[..., Value],
    convert: Callable[[Value], Value] | None,
    value: Value,
    context: tuple[Value, ...],
    arguments: tuple[Value, ...],
) -> Value:
    """The same for a value that has no more elements than can be walked."""
    if value.__class__ is list:
        return [_for_each(function, convert, item, context, arguments) for item in value]
    return function(*context, value if convert is None else convert(value), *arguments)


def fail(message: str, hint: str | None, *_computed: Value) -> NoReturn:
    """What is stored although it cannot work: it fails when it is reached, after its operands are computed."""
    raise XanoScriptError(message, hint=hint)
