"""Calls of builtins that are Python functions of values, each value converted as its parameter asks."""

from __future__ import annotations

import ast
from functools import partial

from xsrun import registry
from xsrun.evaluator.generated.filter_calls import for_each_element
from xsrun.evaluator.guards import Guarded
from xsrun.evaluator.kinds import CONTAINER, LIST
from xsrun.evaluator.quasiquote import call, constant, is_simple, name, tuple_of
from xsrun.evaluator.state import CompilerState
from xsrun.evaluator.variables import program_environment
from xsrun.registry import Parameter
from xsrun.syntax.nodes import FilterCall, Located

_CONVERTERS = {
    "text": ("as_text", "str"),
    "utf8": ("as_utf8", "str"),
    "int": ("as_int", "int"),
    "number": ("as_number", ""),
    "bool": ("as_bool", "bool"),
    "list": ("as_list", "list"),
    "object": ("as_object", "dict"),
    "array": ("as_array", ""),
}
_PYTHON_TYPES = {"text": str, "utf8": str, "int": int, "bool": bool}


def gives_scalar(state: CompilerState, record: registry.Builtin, node: FilterCall) -> bool:
    """Is the result surely no container, so that nothing of the filter's values is in it?"""
    return record.gives_scalar or not state.kinds.of(node).classes & CONTAINER


def builtin_call(state: CompilerState, record: registry.Builtin, values: list[ast.expr], node: Located) -> ast.expr:
    """A call of a value builtin with positional values, each converted as its parameter asks."""
    if goes_into_lists(state, record, node) and not isinstance(values[0], ast.Constant):
        return elementwise_call(state, record, values, node)
    parameters = list(record.parameters)
    converted = []
    for position, value in enumerate(values):
        parameter = parameters[min(position, len(parameters) - 1)]
        converted.append(convert(state, value, parameter, node))
    if record.wants_context:
        converted.insert(0, name("context", node))
    extra = {registry.ENVIRONMENT: program_environment(state, node)} if record.wants_environment else {}
    return call(state.linker.builtin(record), node, *converted, **extra)


def goes_into_lists(state: CompilerState, record: registry.Builtin, node: Located) -> bool:
    """May a call be of a filter that goes into lists, on a list? A statement of the same name refuses them."""
    return record.elementwise and isinstance(node, FilterCall) and bool(state.kinds.of(node.operand).classes & LIST)


def elementwise_call(state: CompilerState, record: registry.Builtin, values: list[ast.expr], node: Located) -> ast.expr:
    """A call of a filter that goes into lists; a text, which is not a list, goes to its function straight away."""
    first, *parameters = record.parameters
    converter = _CONVERTERS.get(first.type)
    arguments = [
        convert(state, value, parameters[min(position, len(parameters) - 1)], node)
        for position, value in enumerate(values[1:])
    ]
    context = [name("context", node)] if record.wants_context else []
    each, function = state.linker.helper(for_each_element), name(state.linker.builtin(record), node)
    converter_name = name(converter[0], node) if converter else constant(None, node)
    given = tuple_of(context, node), tuple_of(arguments, node)

    def through_lists(value: ast.expr) -> ast.expr:
        return call(each, node, function, converter_name, value, *given)

    if first.type != "text" or not all(map(is_simple, arguments)):
        return through_lists(values[0])

    def straight(value: ast.expr) -> ast.expr:
        return call(state.linker.builtin(record), node, *context, value, *arguments)

    return Guarded(state, node, values[0]).code(straight, ["A.__class__ is str"], through_lists)


def convert(state: CompilerState, value: ast.expr, parameter: Parameter, at: Located) -> ast.expr:
    """The value as the parameter's type: in line when it has the type already, else through its converter."""
    found = _CONVERTERS.get(parameter.type)
    if found is None:
        return value
    function, python = found
    if isinstance(value, ast.Constant):
        if value.value.__class__ is _PYTHON_TYPES.get(parameter.type):
            return value
        if value.value is None and parameter.nullable:
            return value
        return call(function, at, value)
    if not python and not parameter.nullable:
        return call(function, at, value)
    tests = [f"A.__class__ is {python}"] if python else []
    if parameter.nullable:
        tests.append("A is None")
    return Guarded(state, at, value).code("A", [" or ".join(tests)], partial(call, function, at))
