"""Templates as programs use them: with the filters of the language, and the values that a program sees."""

from __future__ import annotations

from collections.abc import Callable

from xsrun import registry
from xsrun.errors import XanoScriptError
from xsrun.registry import Parameter
from xsrun.running.context import Context
from xsrun.services.templates import render
from xsrun.values.conversion import (
    Value,
    as_array,
    as_bool,
    as_int,
    as_list,
    as_number,
    as_object,
    as_text,
    to_text,
)

_CONVERTERS: dict[str, Callable[[Value], Value]] = {
    "text": as_text,
    "int": as_int,
    "number": as_number,
    "bool": as_bool,
    "list": as_list,
    "object": as_object,
    "array": as_array,
}


def render_template(context: Context, text: str, environment: dict[str, Value]) -> str:
    """The text that a template gives. `environment` holds `$var`, `$input` and `$env`; `$args` where there are some."""
    roots = {"$auth": _identity(context), **environment}
    return render(context, to_text(text), roots, lambda name: bound_filter(context, name), is_filter)


def is_filter(name: str) -> bool:
    """Has the language a filter of this name that a template can use? Those over expressions it cannot."""
    record = registry.find_filter(name)
    return record is not None and not record.form and not record.wants_environment


def bound_filter(context: Context, name: str) -> Callable[..., Value] | None:
    """A filter of the language as a function of its values, each converted as it asks."""
    record = registry.find_filter(name)
    if record is None or not is_filter(name):
        return None
    found = record

    def call(*values: Value) -> Value:
        parameters = list(found.parameters)
        needed = sum(parameter.required for parameter in parameters)
        if (
            not parameters
            or not needed <= len(values)
            or (len(values) > len(parameters) and not parameters[-1].variadic)
        ):
            hint = f"its form is |{found.signature.replace(':', '(', 1).replace(':', ', ')}"
            raise XanoScriptError(f"The filter `{name}` does not take {len(values) - 1} arguments.", hint=hint)
        parameters += parameters[-1:] * (len(values) - len(parameters))
        converted = [_convert(value, parameter) for value, parameter in zip(values, parameters, strict=False)]
        return found.function(*([context] if found.wants_context else []), *converted)

    return call


def _convert(value: Value, parameter: Parameter) -> Value:
    converter = _CONVERTERS.get(parameter.type)
    if converter is None or (value is None and parameter.nullable):
        return value
    return converter(value)


def _identity(context: Context) -> dict[str, Value]:
    """`$auth` in a template: its id is 0 where nobody is signed in, as for JavaScript (semantics 2.6)."""
    identity = context.auth
    if identity is None:
        return {"id": 0, "extras": {}}
    return {**identity.extras, "id": identity.id, "dbo": {"id": identity.table}, "extras": identity.extras}
