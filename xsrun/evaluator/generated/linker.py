"""What a generated function needs besides its own code: builtins by name, constants, and the support functions."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType

from xsrun import registry
from xsrun.evaluator.generated.vocabulary import GLOBALS
from xsrun.fields.declared import Declared
from xsrun.hints import Any
from xsrun.records import record
from xsrun.registry import Builtin, Kind
from xsrun.running.context import Context
from xsrun.values.conversion import Value


class Linker:
    """Collects the globals of one construct's code while it is compiled, and makes the function in the end.

    Builtins are recorded by kind and name, not by function, so that code kept on disk can be linked again.
    """

    def __init__(self, assigned: frozenset[str]) -> None:
        self.builtins: dict[str, tuple[Kind, str, str]] = {}
        self.constants: dict[str, Any] = {}
        #: declared inputs: global name -> position
        self.fields: dict[str, int] = {}
        #: constructs that are called directly: global name -> (kind, name)
        self.callees: dict[str, tuple[str, str]] = {}
        self.assigned = assigned

    def builtin(self, record: Builtin) -> str:
        """The global name under which generated code calls a builtin."""
        identifier = f"{record.kind}_{record.name.replace('.', '_')}"
        self.builtins[identifier] = (record.kind, record.name, record.module)
        return identifier

    def constant(self, value: Any) -> str:
        """The global name of an object that is made while compiling (a query plan, a list of fields)."""
        identifier = f"constant_{len(self.constants) + 1}"
        self.constants[identifier] = value
        return identifier

    def helper(self, function: Callable[..., Value]) -> str:
        """The global name under which generated code calls a function of a module."""
        identifier = f"{function.__module__.rpartition('.')[2]}_{function.__name__}"
        self.constants[identifier] = function
        return identifier

    def callee(self, kind: str, name: str) -> str:
        """The global name under which generated code calls another construct of the workspace."""
        for identifier, known in self.callees.items():
            if known == (kind, name):
                return identifier
        identifier = f"callee_{len(self.callees) + 1}"
        self.callees[identifier] = (kind, name)
        return identifier

    def field(self, position: int) -> str:
        """The global name of a declared input, by its position."""
        identifier = f"field_{position + 1}"
        self.fields[identifier] = position
        return identifier

    def may_assign(self, variable: str) -> bool:
        """Does any statement of the construct set this variable?"""
        return variable in self.assigned

    def note_variable(self, variable: str) -> None:
        """A variable that is read with care: nothing needs to be done for it."""


@record
class Compiled:
    """A stack as Python functions, and what is needed to make them again from the code.

    `run(context, inputs)` takes inputs that are bound, `direct(context, depth, *inputs)` raw ones by position.
    """

    run: Callable[..., Value]
    direct: Callable[..., Value]
    code: CodeType
    linker: Linker


def link(code: CodeType, linker: Linker, declared: list[Declared]) -> tuple[FunctionType, FunctionType]:
    """The functions `run` and `direct` that the code of a module defines, with their globals in place.

    A directly called construct is found and compiled when it is called for the first time; its function then takes
    the place of the finder.
    """
    namespace = {**GLOBALS, **linker.constants}
    for identifier, position in linker.fields.items():
        namespace[identifier] = declared[position]
    for identifier, (kind, name, module) in linker.builtins.items():
        record = registry.find(kind, name, module)
        if record is None:
            raise LookupError(f"{kind} {name} is not there any more")
        namespace[identifier] = record.function
    for identifier, (construct_kind, name) in linker.callees.items():
        namespace[identifier] = _finder(namespace, identifier, construct_kind, name)
    exec(code, namespace)
    run = namespace["run"]
    return run, namespace.get("direct", run)


def _finder(namespace: dict[str, Any], identifier: str, kind: str, name: str) -> Callable[..., Value]:
    def find(context: Context, depth: int, *values: Value) -> Value:
        workspace = context.workspace
        assert workspace is not None
        function = workspace.direct(kind, name)
        namespace[identifier] = function
        return function(context, depth, *values)

    return find
