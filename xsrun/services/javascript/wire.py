"""Values on their way to a worker and back, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import orjson

from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.services.javascript.outcomes import Thrown
from xsrun.values.extent import check_extent
from xsrun.values.json_errors import json_error

if TYPE_CHECKING:
    from xsrun.values import conversion

NOT_PLAIN = "The value is nested too deep for JSON, or contains itself."


def encode(scope: Mapping[str, conversion.Value]) -> bytes:
    """JSON on one line. Raises XanoScriptError for what is nested too deep, LimitError for what is too large."""
    check_extent(dict(scope))
    try:
        return orjson.dumps(scope, _plain)
    except (TypeError, ValueError):  # integers beyond 64 bits, lone surrogates, or nesting too deep for orjson
        try:
            return json.dumps(scope, default=_plain).replace("NaN", "null").encode()
        except (RecursionError, ValueError):
            raise XanoScriptError(NOT_PLAIN) from None


def _plain(value: conversion.Value) -> conversion.Value:
    """A byte string or a resource (a file, a stream) as something JSON can hold."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    record: Callable[[], conversion.Value] | None = getattr(value, "as_value", None)
    if record is not None:
        return record()
    try:
        return list(value)
    except TypeError:
        return str(value)


def decode(payload: bytes) -> conversion.Value:
    """A result. Objects with the keys "0", "1", ... are lists, as for all that the engine reads (semantics 2.1).

    Raises XanoScriptError for what is nested too deep, ValueError for what is not JSON.
    """
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        if json_error(payload, error).too_deep:
            raise XanoScriptError(NOT_PLAIN) from None
        try:
            text = json.dumps(json.loads(payload), ensure_ascii=False)  # a lone surrogate
            value = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        except RecursionError:
            raise XanoScriptError(NOT_PLAIN) from None
    return _with_lists(value) if b'{"0":' in payload else value


def _with_lists(value: conversion.Value) -> conversion.Value:
    if isinstance(value, list):
        return [_with_lists(item) for item in value]
    if isinstance(value, dict):
        items = {key: _with_lists(item) for key, item in value.items()}
        return list(items.values()) if list(items) == [str(index) for index in range(len(items))] and items else items
    return value


def thrown(details: conversion.Value) -> Thrown | None:
    """What a body threw, or None when this does not say it: a lambda may have changed what the engine tells it with."""
    if not isinstance(details, dict):
        return None
    name, message, text = (details.get(key) for key in ("name", "message", "text"))
    line, column = details.get("line"), details.get("column")
    if not (isinstance(name, str) and isinstance(message, str) and isinstance(text, str)):
        return None
    if type(line) is not int or type(column) is not int:
        return Thrown(name, message, text)
    return Thrown(name, message, text, line, column, details.get("syntax") is True)
