"""What every part of the expression compiler stands on: the scope, the linker, and how to refuse a program."""

from __future__ import annotations

import ast
from typing import TypeVar

from xsrun.errors import XanoScriptSyntaxError
from xsrun.evaluator.generated.linker import Linker
from xsrun.evaluator.inference import Kinds
from xsrun.evaluator.quasiquote import bind, is_simple, name
from xsrun.evaluator.scope import Scope
from xsrun.syntax.nodes import Binary, Expression, Located, Node

Made = TypeVar("Made", bound=Node)


class CompilerBase:
    """A scope to compile in, a linker for what the code needs, and the file that errors name.

    The parts of the compiler are classes that build on one another: variables, operators, filters, literals,
    statements. Each may compile any expression by `value`.
    """

    def __init__(self, scope: Scope, linker: Linker, filename: str) -> None:
        #: kind and name of the construct, which mocks belong to
        self.owner = ""
        self.scope = scope
        self.linker = linker
        self.filename = filename
        self.kinds = Kinds()

    @property
    def kinds(self) -> Kinds:
        """What expressions at the point being compiled can give; without the statements around them, anything."""
        return self._kinds_inside if self.scope.elements else self._kinds

    @kinds.setter
    def kinds(self, kinds: Kinds) -> None:
        self._kinds, self._kinds_inside = kinds, kinds.inside_elements()

    def value(self, node: Expression | None) -> ast.expr:
        """The Python expression that gives the value of a node; null for a missing one."""
        raise NotImplementedError

    def compiled(self, node: Expression) -> ast.expr:
        """The same, for a use that keeps neither the value nor anything in it (see `VariableCompiler.read`)."""
        raise NotImplementedError

    def fallback(self, node: Binary, *, keep: bool = True) -> ast.expr:
        """`a ?? b` and `a ?: b`."""
        raise NotImplementedError

    def refuse(self, code: str, message: str, node: Located, hint: str | None = None) -> XanoScriptSyntaxError:
        """The error of a program's text that cannot be compiled, at a node, under the code of the check for it."""
        from xsrun.diagnostics import Diagnostic

        end = (node.end_line, node.end_column)
        found = Diagnostic("error", code, message, hint, self.filename, node.line, node.column, *end)
        return XanoScriptSyntaxError(
            message, [found], hint=hint, file=self.filename, line=node.line, column=node.column
        )

    def simple(self, value: ast.expr, at: Located) -> tuple[ast.expr, ast.expr]:
        """(first use, later uses) of a value that is needed more than once."""
        if is_simple(value):
            return value, value
        temporary = self.scope.temporary()
        return bind(temporary, value, at), name(temporary, at)

    def positioned(self, made: Made, at: Located) -> Made:
        made.at(at, at)
        return made

    def parse(self, text: str, at: Located) -> Expression:
        """Parse an expression that a program holds as a text literal."""
        from xsrun.syntax.parser import parser
        from xsrun.syntax.source import Source

        parsed = parser().parse(Source(text, self.filename), "expression")
        if parsed.tree is None or any(found.severity == "error" for found in parsed.diagnostics):
            code, message = "XS199", "not an expression"
            if parsed.diagnostics:
                code, message = parsed.diagnostics[0].code, parsed.diagnostics[0].message
            raise self.refuse(code, f"the text is not an expression: {message}", at)
        tree: Expression = parsed.tree
        for node in tree.walk():
            node.at(at, at)
        return tree
