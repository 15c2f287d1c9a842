"""What a generated function needs besides its own code: builtins by name, constants, and the support functions."""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import Any

from xsrun import registry
from xsrun.evaluator import support
from xsrun.registry import Builtin, Kind


class Linker:
    """Collects the globals of one construct's code while it is compiled, and makes the function in the end.

    Builtins are recorded by kind and name, not by function, so that code kept on disk can be linked again.
    """

    def __init__(self, assigned: frozenset[str]) -> None:
        self.builtins: dict[str, tuple[Kind, str]] = {}
        self.constants: dict[str, Any] = {}
        self.assigned = assigned

    def builtin(self, record: Builtin) -> str:
        """The global name under which generated code calls a builtin."""
        identifier = f"{record.kind}_{record.name.replace('.', '_')}"
        self.builtins[identifier] = (record.kind, record.name)
        return identifier

    def constant(self, value: Any) -> str:
        """The global name of an object that is made while compiling (a query plan, a list of fields)."""
        identifier = f"constant_{len(self.constants) + 1}"
        self.constants[identifier] = value
        return identifier

    def may_assign(self, variable: str) -> bool:
        """Does any statement of the construct set this variable?"""
        return variable in self.assigned

    def note_variable(self, variable: str) -> None:
        """A variable that is read with care: nothing needs to be done for it."""


_SUPPORT: dict[str, Any] = {name: value for name, value in vars(support).items() if not name.startswith("__")}


def link(code: CodeType, builtins: dict[str, tuple[Kind, str]], constants: dict[str, Any]) -> FunctionType:
    """The function that the code of a module defines, with its globals in place."""
    namespace = {**_SUPPORT, **constants}
    for identifier, (kind, name) in builtins.items():
        record = registry.find(kind, name)
        if record is None:
            raise LookupError(f"{kind} {name} is not there any more")
        namespace[identifier] = record.function
    exec(code, namespace)  # noqa: S102 - code that this package generated, never program text
    made = namespace["run"]
    assert isinstance(made, FunctionType)
    return made
