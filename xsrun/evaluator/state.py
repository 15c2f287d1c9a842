"""The state of compiling one construct, and the table of what compiles which node.

The parts of the compiler are functions of a state and a node. Those that give the value of a kind of node stand in
`HANDLERS`, by the class of the node: `@compiles(Ternary)` puts one there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xsrun.errors import XanoScriptSyntaxError
from xsrun.evaluator.changes import owned_call
from xsrun.evaluator.generated.linker import Linker
from xsrun.evaluator.inference import Kinds
from xsrun.evaluator.kinds import CONTAINER
from xsrun.evaluator.narrowing import narrowed
from xsrun.evaluator.quasiquote import Position, bind, constant, expression, is_simple, name
from xsrun.evaluator.reach import reach_of
from xsrun.evaluator.recursion import Recursion
from xsrun.evaluator.scope import Scope
from xsrun.fields.declared import Declared
from xsrun.hints import TypeVar
from xsrun.language.constructs import NO_CONSTRUCT, ConstructKey
from xsrun.names.places import unwrapped
from xsrun.registry.demands import Demand
from xsrun.syntax.nodes import Expression, FilterCall, Located, Node, Path, Variable
from xsrun.syntax.spans import Span, span_of

Made = TypeVar("Made", bound=Node)
Handler = TypeVar("Handler", bound=Callable[..., ast.expr])
Reader = TypeVar("Reader", bound=Callable[..., "ast.expr | None"])

#: What compiles a node, and what compiles it for a use that keeps neither the value nor anything in it, by class.
HANDLERS: dict[type[Node], Callable[..., ast.expr]] = {}
READERS: dict[type[Node], Callable[..., ast.expr | None]] = {}
#: Nodes that give the value of a variable or something in it.
_READING = frozenset((Variable, Path, FilterCall))


def compiles(*classes: type[Node]) -> Callable[[Handler], Handler]:
    """Enter a function of a state and a node as what gives the value of nodes of these classes."""

    def enter(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(classes, handler))
        return handler

    return enter


def reads(*classes: type[Node]) -> Callable[[Reader], Reader]:
    """The same for `CompilerState.read`; the function may leave a node to the other table by giving None."""

    def enter(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(classes, reader))
        return reader

    return enter


class CompilerState:
    """A scope to compile in, a linker for what the code needs, the file that errors name, and the code so far."""

    def __init__(
        self, scope: Scope, linker: Linker, filename: str, *, trace: bool = False, owner: ConstructKey = NO_CONSTRUCT
    ) -> None:
        self.scope = scope
        self.linker = linker
        self.filename = filename
        self._kinds = self._everywhere = Kinds()
        self._kinds_inside: Kinds | None = None
        self.trace = trace
        #: how many traced statements stand around the one that is compiled
        self.trace_level = 0
        #: kind and name of the construct, which mocks belong to
        self.owner = owner
        #: the declared inputs of a construct that may be called directly (see `compile_stack`)
        self.signature: Callable[[str, str], list[Declared] | None] | None = None
        #: how the construct calls itself
        self.recursion: Recursion | None = None
        #: how many tests were left out that a position is inside its list (see `positions`); None where none may be
        self.left_out: int | None = None
        #: the list of Python statements that is open at the time
        self.code: list[ast.stmt] = []
        #: the context manager around the whole stack, when a statement needs to know of its end
        self.manager: ast.expr | None = None

    @property
    def kinds(self) -> Kinds:
        """What expressions at the point being compiled can give; without the statements around them, anything."""
        if not self.scope.elements:
            return self._kinds
        if self._kinds_inside is None:
            self._kinds_inside = self._kinds.inside_elements()
        return self._kinds_inside

    @kinds.setter
    def kinds(self, kinds: Kinds) -> None:
        self._everywhere = kinds
        self._narrow(kinds)

    def _narrow(self, kinds: Kinds) -> None:
        if kinds is not self._kinds:
            self._kinds, self._kinds_inside = kinds, None

    def learn(self, condition: Expression, *, holds: bool) -> None:
        """What is compiled from here on runs only where a condition holds, or does not."""
        self._narrow(narrowed(self._kinds, condition, holds=holds))

    def forget(self) -> None:
        """What was learned is not known any more."""
        self._narrow(self._everywhere)

    @contextmanager
    def narrowing(self) -> Iterator[None]:
        """What is learned inside is not known any more afterwards."""
        before = self._kinds
        try:
            yield
        finally:
            self._narrow(before)

    def inside(self, test: str) -> str:
        """The test that a position that is read is inside its list, unless Python is to find out."""
        if self.left_out is None:
            return test
        self.left_out += 1
        return ""

    # Expressions ---------------------------------------------------------------------------------------------------

    def value(self, node: Expression | None) -> ast.expr:
        """The Python expression that gives the value of a node; null for a missing one."""
        if node is None:
            return constant(None, Position())
        made = self.compiled(node)
        return self.kept(node, made) if node.__class__ in _READING else made

    def compiled(self, node: Expression) -> ast.expr:
        """The same, for a use that keeps neither the value nor anything in it (see `read`)."""
        handler = HANDLERS.get(node.__class__)
        if handler is None:
            raise self.refuse("XS199", f"{type(node).__name__.lower()} cannot stand here", node)
        return handler(self, node)

    def read(self, node: Expression | None) -> ast.expr:
        """The value of a node for a use that keeps neither it nor anything in it."""
        inner = unwrapped(node)
        if inner is None:
            return self.value(node)
        reader = READERS.get(inner.__class__)
        made = reader(self, inner) if reader is not None else None
        if made is not None:
            return made
        return self.compiled(inner) if reach_of(inner)[0] else self.value(node)

    def simple(self, value: ast.expr, at: Located) -> tuple[ast.expr, ast.expr]:
        """(first use, later uses) of a value that is needed more than once."""
        if is_simple(value):
            return value, value
        temporary = self.scope.temporary()
        return bind(temporary, value, at), name(temporary, at)

    # What variables own (`xsrun.values.ownership`) -------------------------------------------------------------------

    def kept(self, node: Expression, value: ast.expr) -> ast.expr:
        """The value of a variable, path or filter as something that may be kept: what it gives away is not owned."""
        if not self.scope.owners or not self.kinds.of(node).classes & CONTAINER:
            return value
        root, reach = reach_of(node)
        if root not in self.scope.owners or (reach == "member" and root not in self.scope.changes.below):
            return value
        if reach == "value":
            return owned_call("escape", root, node, value)
        made = self.scope.temporary()
        method = "release" if reach == "member" else "release_found"
        template = "T if (T := A).__class__ is not dict and T.__class__ is not list else GIVEN"
        return expression(template, node, T=made, A=value, GIVEN=owned_call(method, root, node, name(made, node)))

    def released(self, target: Expression, value: ast.expr, at: Located) -> ast.expr:
        """A member that is taken out of the list at a variable or path."""
        root, _ = reach_of(target)
        return owned_call("release", root, at, value) if root in self.scope.changes.below else value

    # Statements ----------------------------------------------------------------------------------------------------

    def emit(self, *made: ast.stmt | list[ast.stmt]) -> None:
        """Add statements to the block being compiled."""
        for item in made:
            if isinstance(item, list):
                self.code.extend(item)
            else:
                self.code.append(item)

    @contextmanager
    def collecting(self) -> Iterator[list[ast.stmt]]:
        """Gather what is emitted inside in a list of its own."""
        outer, self.code = self.code, []
        try:
            yield self.code
        finally:
            self.code = outer

    # Programs that cannot be compiled, and expressions in texts ------------------------------------------------------

    def refuse(self, code: str, message: str, node: Located | Span, hint: str | None = None) -> XanoScriptSyntaxError:
        """The error of a program's text that cannot be compiled, at a node, under the code of the check for it."""
        from xsrun.diagnostics import Diagnostic

        line, column, end_line, end_column = node if isinstance(node, tuple) else span_of(node)
        found = Diagnostic("error", code, message, hint, self.filename, line, column, end_line, end_column)
        return XanoScriptSyntaxError(message, [found], hint=hint, file=self.filename, line=line, column=column)

    def demand(self, unmet: Demand | None) -> None:
        """Refuse what lacks something that it cannot be compiled without (`xsrun.registry.demands`)."""
        if unmet is not None:
            raise self.refuse(unmet.code, unmet.message, unmet.place, unmet.hint)

    def positioned(self, made: Made, at: Located) -> Made:
        """A node that stands in no text, as if it stood at another."""
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
