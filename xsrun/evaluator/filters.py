"""Filter chains and domain calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from xsrun import registry
from xsrun.errors import XanoScriptSyntaxError
from xsrun.evaluator.common_filters import as_operator, filtered
from xsrun.evaluator.kinds import CONTAINER
from xsrun.evaluator.operators import OperatorCompiler
from xsrun.evaluator.quote import Located, call, constant, expression, name, place
from xsrun.syntax.nodes import Call, FilterCall

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
            raise self.unknown_filter(node)
        if record.form:
            compiled = operand or (self.operand(record, node))
            made: ast.expr = record.function(self, compiled, node)
            return made
        self.check_arguments(record, node)
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
        parameters = list(record.parameters)
        converted = []
        for position, value in enumerate(values):
            parameter = parameters[min(position, len(parameters) - 1)]
            converted.append(self.convert(value, parameter, node))
        if record.wants_context:
            converted.insert(0, name("context", node))
        extra = {registry.ENVIRONMENT: self.program_environment(node)} if record.wants_environment else {}
        return call(self.linker.builtin(record), node, *converted, **extra)

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

    def check_arguments(self, record: registry.Builtin, node: FilterCall) -> None:
        given = len(node.arguments)
        parameters = record.parameters if record.form else record.parameters[1:]
        needed = sum(parameter.required for parameter in parameters)
        variadic = any(parameter.variadic for parameter in parameters)
        if given < needed or (given > len(parameters) and not variadic):
            count = str(needed) if needed == len(parameters) else f"{needed} to {len(parameters)}"
            if variadic:
                count = f"at least {needed}"
            few = "Too few arguments: " if given < needed else "Too many arguments: "
            message = f"{few}the filter `{node.name}` takes {count}, not {given}"
            raise self.refuse(message, node, f"its form is |{record.signature}")

    def unknown_filter(self, node: FilterCall) -> XanoScriptSyntaxError:
        from xsrun import catalogue
        from xsrun.diagnostics.suggest import nearest

        names = [*catalogue.names("filter")]
        close = nearest(node.name, names)
        hint = f"did you mean `{close}`?" if close else None
        return self.refuse(f"unknown filter `{node.name}`", node, hint)

    def call(self, node: Call) -> ast.expr:
        """A domain call: `math.add(5, 3)`, the filter of the same name on its first argument (language 2.10)."""
        names = [node.name.rpartition(".")[2], node.name.replace(".", "_")]
        aliases = {"object.keys": "keys", "object.values": "values", "object.entries": "entries"}
        for candidate in [aliases.get(node.name, ""), *names]:
            if candidate and registry.find_filter(candidate) is not None:
                operand = node.arguments[0] if node.arguments else None
                made = FilterCall(operand, candidate, node.arguments[1:], False)
                return self.value(self.positioned(made, node))
        raise self.refuse(f"unknown function `{node.name}`", node, "use a filter: value|name:argument")
