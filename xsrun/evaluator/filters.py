"""Filter chains and domain calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from xsrun import registry
from xsrun.evaluator.filter_arguments import lacking_arguments, without_surplus
from xsrun.evaluator.generated.filter_calls import fail, for_each_element
from xsrun.evaluator.inference import CONTAINER, LIST
from xsrun.evaluator.inlining import as_operator, filtered
from xsrun.evaluator.operators import OperatorCompiler
from xsrun.evaluator.quasiquote import call, constant, expression, is_simple, name, place, tuple_of
from xsrun.syntax.nodes import Call, FilterCall, Located

if TYPE_CHECKING:
    from xsrun.registry import Parameter

_CONVERTERS = {
    "text": ("as_text", "str"),
    "int": ("as_int", "int"),
    "number": ("as_number", ""),
    "bool": ("as_bool", "bool"),
    "list": ("as_list", "list"),
    "object": ("as_object", "dict"),
    "array": ("as_array", ""),
}
_PYTHON_TYPES = {"text": str, "int": int, "bool": bool}
#: Filters that may be given a path that is missing: they exist to deal with it (semantics 1.2).
_TOLERANT = frozenset(("first_notnull", "first_notempty", "is_null", "is_empty"))


class FilterCompiler(OperatorCompiler):
    """Compiles filters and calls of value builtins."""

    def filter_call(self, node: FilterCall) -> ast.expr:
        operand = constant(None, node) if node.operand is None else None
        if node.disabled:
            return operand or self.value(node.operand)
        record = registry.find_filter(node.name)
        if record is None:
            return self.unknown_filter(node)
        lacking = lacking_arguments(record, node)
        if lacking:
            return self.failing(lacking, f"its form is |{record.signature}", node)
        node = without_surplus(record, node)
        if record.form:
            compiled = operand or (self.operand(record, node))
            made: ast.expr = record.function(self, compiled, node)
            return made
        operator = as_operator(self, record, node)
        if operator is not None:
            return operator
        return filtered(self, record, operand or self.operand(record, node), node)

    def operand(self, record: registry.Builtin, node: FilterCall) -> ast.expr:
        """The piped value; some filters may be given a path that is missing."""
        keeps = record.gives is None and not self.gives_scalar(record, node)
        if record.name in _TOLERANT and node.operand is not None:
            return self.kept_tolerant(node.operand) if keeps else self.tolerant(node.operand)
        return self.value(node.operand) if keeps else self.read(node.operand)

    def gives_scalar(self, record: registry.Builtin, node: FilterCall) -> bool:
        """Is the result surely no container, so that nothing of the filter's values is in it?"""
        return record.gives_scalar or not self.kinds.of(node).classes & CONTAINER

    def builtin_call(self, record: registry.Builtin, values: list[ast.expr], node: Located) -> ast.expr:
        """A call of a value builtin with positional values, each converted as its parameter asks."""
        if self.goes_into_lists(record, node) and not isinstance(values[0], ast.Constant):
            return self.elementwise_call(record, values, node)
        parameters = list(record.parameters)
        converted = []
        for position, value in enumerate(values):
            parameter = parameters[min(position, len(parameters) - 1)]
            converted.append(self.convert(value, parameter, node))
        if record.wants_context:
            converted.insert(0, name("context", node))
        extra = {registry.ENVIRONMENT: self.program_environment(node)} if record.wants_environment else {}
        return call(self.linker.builtin(record), node, *converted, **extra)

    def goes_into_lists(self, record: registry.Builtin, node: Located) -> bool:
        """May a call be of a filter that goes into lists, on a list? A statement of the same name refuses them."""
        return record.elementwise and isinstance(node, FilterCall) and bool(self.kinds.of(node.operand).classes & LIST)

    def elementwise_call(self, record: registry.Builtin, values: list[ast.expr], node: Located) -> ast.expr:
        """A call of a filter that goes into lists; a text, which is no list, goes to its function straight away."""
        first, *parameters = record.parameters
        converter = _CONVERTERS.get(first.type)
        arguments = [
            self.convert(value, parameters[min(position, len(parameters) - 1)], node)
            for position, value in enumerate(values[1:])
        ]
        context = [name("context", node)] if record.wants_context else []
        each, function = self.linker.helper(for_each_element), name(self.linker.builtin(record), node)
        convert = name(converter[0], node) if converter else constant(None, node)
        lead, later = self.simple(values[0], node)
        given = tuple_of(context, node), tuple_of(arguments, node)
        if first.type != "text" or not all(map(is_simple, arguments)):
            return call(each, node, function, convert, values[0], *given)
        slow = call(each, node, function, convert, later, *given)
        straight = call(self.linker.builtin(record), node, *context, later, *arguments)
        return expression("FAST if A.__class__ is str else SLOW", node, A=lead, FAST=straight, SLOW=slow)

    def convert(self, value: ast.expr, parameter: Parameter, at: Located) -> ast.expr:
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
        first, later = self.simple(value, at)
        tests = []
        if python:
            tests.append(expression(f"A.__class__ is {python}", at, A=first))
            first = later
        if parameter.nullable:
            tests.append(expression("A is None", at, A=first))
        test = tests[0] if len(tests) == 1 else place(ast.BoolOp(ast.Or(), tests), at)
        return place(ast.IfExp(test, later, call(function, at, later)), at)

    def failing(self, message: str, hint: str | None, node: FilterCall) -> ast.expr:
        """The engine stores what cannot work, and fails when it is reached: after the piped value is computed."""
        texts = constant(message, node), constant(hint, node)
        return call(self.linker.helper(fail), node, *texts, self.read(node.operand))

    def unknown_filter(self, node: FilterCall) -> ast.expr:
        from xsrun.diagnostics.suggest import nearest
        from xsrun.language import catalogue

        names = [*catalogue.names("filter")]
        close = nearest(node.name, names)
        hint = f"there is no such filter; did you mean `{close}`?" if close else "there is no such filter"
        return self.failing(f"Unable to locate func entry: {node.name}", hint, node)

    def call(self, node: Call) -> ast.expr:
        """A domain call: `math.add(5, 3)`, the filter of the same name on its first argument (language 2.10)."""
        record = registry.find_function(node.name)
        if record is None:
            hint = "there is no such function; use a filter: value|name:argument"
            return call(
                self.linker.helper(fail),
                node,
                constant(f"Unable to locate func entry: {node.name}", node),
                constant(hint, node),
            )
        operand = node.arguments[0] if node.arguments else None
        return self.value(self.positioned(FilterCall(operand, record.name, node.arguments[1:], False), node))
