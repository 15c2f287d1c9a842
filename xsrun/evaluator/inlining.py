"""Filters in line, by the rules that stand beside the filters, for the values that they are mostly used on."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from xsrun.evaluator.arithmetic import arithmetic
from xsrun.evaluator.builtin_calls import builtin_call, gives_scalar
from xsrun.evaluator.guards import LETTERS, Guarded
from xsrun.evaluator.kinds import CONTAINER, INT, LIST, NATURAL, NUMBER, OBJECT, TEXT
from xsrun.evaluator.quasiquote import Part, call, constant, is_simple
from xsrun.evaluator.state import CompilerState
from xsrun.hints import TYPE_CHECKING
from xsrun.syntax.nodes import Binary, FilterCall, Now
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.registry import Builtin

#: Code of more nodes than this is not written twice.
_MOST_REPEATED = 60
#: What a rule can ask of a value: the classes, and the Python class that the test in line is for.
_CLASSES = {
    "text": (TEXT, "str"),
    "int": (INT, "int"),
    "natural": (NATURAL, "int"),
    "number": (NUMBER, "int"),
    "list": (LIST, "list"),
    "object": (OBJECT, "dict"),
    "container": (CONTAINER, "list"),
}


class FilterUse:
    """One use of a filter, as its rule is given it: its values as they are compiled, and what they can be.

    The rule (`inline=` of the filter's decorator) gives what `made` makes of the fast code and of the tests that must
    hold for it, or None; whatever fails them goes to the filter itself. A, B and C stand for the piped value and the
    arguments.
    """

    def __init__(self, state: CompilerState, record: Builtin, piped: ast.expr, node: FilterCall) -> None:
        self.state, self.record, self.node = state, record, node
        arguments = list(node.arguments)
        if record.inline is not None and arguments and record.arguments[0].name == "path":
            # a path may be given as a number, or as a number made a text, which is the same
            arguments[0] = state.kinds.without_to_text(arguments[0], NUMBER)
        scalar = gives_scalar(state, record, node)
        self.values = [piped, *map(state.read if scalar else state.value, arguments)]
        self.kinds = [state.kinds.of(one) for one in (node.operand, *arguments)]

    # What is known of the values -----------------------------------------------------------------------------------

    def constant(self, position: int) -> Value:
        """The value of an argument that is a literal; Ellipsis for any other."""
        value = self.values[position]
        return value.value if isinstance(value, ast.Constant) else ...

    def is_simple(self, position: int) -> bool:
        """Is the value a name or constant, which costs nothing to be written twice?"""
        return is_simple(self.values[position])

    def surely(self, position: int, what: str) -> bool:
        """Is a value of these classes, whatever happens?"""
        return self.kinds[position].within(_CLASSES[what][0])

    def may_be_key(self, position: int) -> bool:
        """May a value be a text, and cannot be an int?"""
        classes = self.kinds[position].classes
        return bool(classes & TEXT) and not classes & INT

    def test(self, position: int, what: str) -> str:
        """The test that a value is of a class; empty when it surely is."""
        return "" if self.surely(position, what) else f"{LETTERS[position]}.__class__ is {_CLASSES[what][1]}"

    def count(self, position: int) -> list[str] | None:
        """The tests that an argument is an int that is not negative; None when it cannot be one."""
        value = self.constant(position)
        if value is not ...:
            return [] if value.__class__ is int and value >= 0 else None
        if not self.kinds[position].classes & INT:
            return None
        return [self.test(position, "int"), "" if self.surely(position, "natural") else f"{LETTERS[position]} >= 0"]

    def part(self) -> tuple[str, list[str]] | None:
        """The part of A that a start and a length tell, and the tests that neither is negative."""
        start = self.count(1)
        if start is None:
            return None
        if len(self.values) == 2 or self.constant(2) is None:
            return "A[B:]", start
        length = self.count(2)
        if length is None:
            return None
        return ("A[:C]" if self.constant(1) == 0 else "A[B:B + C]"), [*start, *length]

    def members(self, position: int) -> dict[str, ast.expr] | None:
        """The members of a short list literal by names for a template; None for any other value."""
        value = self.values[position]
        if not isinstance(value, ast.List) or sum(1 for _ in ast.walk(value)) > _MOST_REPEATED:
            return None
        return {f"M{number}": member for number, member in enumerate(value.elts)}

    # Code ----------------------------------------------------------------------------------------------------------

    def temporary(self) -> str:
        """A name for a value inside the code."""
        return self.state.scope.temporary()

    def literal(self, value: Value) -> ast.expr:
        """A constant."""
        return constant(value, self.node)

    def made(
        self, fast: str, *tests: str, guarded: int | None = None, parts: Mapping[str, Part] | None = None
    ) -> ast.expr:
        """The fast code where the tests hold, else a call of the filter.

        `guarded`: how many of the values, the first, are used; the others are those of the call only. `parts`: what
        else the code and the tests have names for.
        """
        others = [] if guarded is None else self.values[guarded:]
        values = self.values[: len(self.values) - len(others)]
        return Guarded(self.state, self.node, *values).code(
            fast, tests, lambda *given: self.called(*given, *others), **(parts or {})
        )

    def called(self, *values: ast.expr) -> ast.expr:
        """A call of the filter."""
        return builtin_call(self.state, self.record, list(values), self.node)

    def calling(self, function: str) -> ast.expr:
        """A call of a function of generated code (`xsrun.evaluator.generated.operations`) with the values."""
        return call(function, self.node, *self.values)


def as_operator(state: CompilerState, record: Builtin, node: FilterCall) -> ast.expr | None:
    """A filter as the operator that does the same, or None."""
    if record.operator is None or node.operand is None or Now in (node.operand.__class__, node.arguments[0].__class__):
        return None
    return arithmetic(state, state.positioned(Binary(node.operand, record.operator, node.arguments[0]), node))


def filtered(state: CompilerState, record: Builtin, piped: ast.expr, node: FilterCall) -> ast.expr:
    """A filter that is a function: in line as far as there is a rule, else called."""
    use = FilterUse(state, record, piped, node)
    made: ast.expr | None = None
    if record.inline is not None and not isinstance(piped, ast.Constant):
        made = record.inline(use)
    return made or use.called(*use.values)
