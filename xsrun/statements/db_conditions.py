"""Conditions of a `db.*` statement: which parts of them are columns, and the code of the operands between."""

from __future__ import annotations

import ast

from xsrun.database.aggregates import AGGREGATES
from xsrun.database.plans import Column, Operand, Setting
from xsrun.errors import UnavailableError
from xsrun.evaluator.quasiquote import call
from xsrun.hints import TYPE_CHECKING, NoReturn
from xsrun.language.roots import ADDON_FUNCTION
from xsrun.names.fixed_values import UNKNOWN, fixed_value
from xsrun.names.places import is_fixed, unwrapped
from xsrun.registry import demands, find_filter, find_function
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Call,
    Entry,
    Expression,
    FilterCall,
    Group,
    Literal,
    Located,
    Node,
    ObjectLiteral,
    Path,
    Placeholder,
    Quoted,
    Spread,
    Statement,
    Ternary,
    Unary,
    Variable,
)
from xsrun.syntax.spans import filter_span
from xsrun.values.conversion import to_text

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler

#: What a filter that only values have may be replaced with in a condition.
_INSTEAD = {
    "starts_with": 'write `ilike "text%"`',
    "istarts_with": 'write `ilike "text%"`',
    "ends_with": 'write `ilike "%text"`',
    "iends_with": 'write `ilike "%text"`',
    "contains": "write `includes` for texts",
    "icontains": "write `includes`",
    "strlen": "compare the text itself, or filter the rows afterwards",
    "count": "write |length",
    "is_null": "write `== null`",
    "is_empty": 'write `== null` or `== ""`',
    "in": "write `in`",
    "regex_matches": "write `~`",
}


def is_operator(name: str) -> bool:
    """Can the database run the filter of this name? The operators are loaded when a condition first has one."""
    from xsrun.database.operators import OPERATORS

    return name in OPERATORS


def names_database(node: Node) -> bool:
    """Is a node itself the root of a column, or the call of an addon for each row?"""
    return (isinstance(node, Variable) and node.name == "db") or (
        isinstance(node, Call) and node.name == ADDON_FUNCTION
    )


def refuse_addon_call() -> NoReturn:
    """Documentation names the call; what it gives is recorded nowhere."""
    raise UnavailableError(
        f"`{ADDON_FUNCTION}` cannot run here: it is not known what it gives",
        hint="call the addon for each row with the attribute addon = [{name: ..., input: {...}, as: ...}]",
    )


class ConditionBuilder:
    """Collects the operands of one statement while its conditions are made."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.operands: list[ast.expr] = []
        self.truths: set[int] = set()
        self.optional: set[int] = set()
        self.lists: set[int] = set()
        self.aggregating = False
        #: of the parts of each expression that was asked about: do they read the database?
        self._reading: dict[Node, bool] = {}

    def place(self, node: Statement) -> tuple[str, int, int]:
        """Where the statement stands."""
        return self.compiler.filename, node.line, node.column

    def operand(self, node: Expression) -> Operand:
        """A value that the generated code passes."""
        return self.add(self.compiler.value(node), node)

    def add(self, code: ast.expr, node: Expression) -> Operand:
        self.operands.append(code)
        made: Operand = Operand(len(self.operands) - 1).at(node, node)
        return made

    def setting(self, node: Expression | None) -> Setting:
        """A part that is mostly written as a literal: its value, else an operand."""
        if node is None:
            return None
        fixed = fixed_value(node)
        return fixed if fixed is not UNKNOWN else self.operand(node)

    def reads_database(self, node: Node) -> bool:
        """Does any part of an expression name a column, or an addon that is called for each row?"""
        reading = self._reading
        if node not in reading:
            for one in reversed(list(node.walk())):  # what is below comes first
                reading[one] = names_database(one) or any(reading[child] for child in one.children())
        return reading[node]

    # Conditions ----------------------------------------------------------------------------------------------------

    def condition(self, node: Expression) -> Expression:
        """A condition with its columns and operands told apart."""
        if isinstance(node, (Group, Quoted)):
            inner = node.expression
            return self.operand(node) if inner is None else self.condition(inner)
        if not self.reads_database(node):
            operand = self.operand(node)
            self.truths.add(operand.index)
            return operand
        if isinstance(node, Unary) and node.operator == "!":
            return self.rebuilt(Unary("!", self.condition(node.operand)), node)
        if isinstance(node, Binary) and node.operator in ("&&", "||"):
            sides = self.condition(node.left), self.condition(node.right)
            return self.rebuilt(Binary(sides[0], node.operator, sides[1]), node)
        return self.value(node)

    def value(self, node: Expression) -> Expression:
        """A value in a condition, with its columns and operands told apart."""
        if isinstance(node, (Group, Quoted)) and node.expression is not None:
            return self.value(node.expression)
        if not self.reads_database(node):
            return self.operand(node)
        if isinstance(node, Path):
            return self.column(node)
        if isinstance(node, Binary):
            return self.binary(node)
        if isinstance(node, Between):
            operand, low, high = (self.value(one) for one in (node.operand, node.low, node.high))
            if node.operator.endswith("?"):
                self.optional.update(one.index for one in (low, high) if isinstance(one, Operand))
            return self.rebuilt(Between(operand, node.operator, low, high), node)
        if isinstance(node, Unary):
            inner = self.condition(node.operand) if node.operator == "!" else self.value(node.operand)
            return self.rebuilt(Unary(node.operator, inner), node)
        if isinstance(node, Ternary):
            parts = self.condition(node.condition), self.value(node.then), self.value(node.otherwise)
            return self.rebuilt(Ternary(*parts), node)
        called = filtered_value(node)
        if isinstance(called, Call) and called.name == ADDON_FUNCTION:
            return self.add(call(self.compiler.linker.helper(refuse_addon_call), node), node)
        if isinstance(node, FilterCall):
            return self.filter_call(node)
        if isinstance(node, Call) and find_function(node.name) is None:
            raise self.compiler.refuse("XS409", f"there is no function `{node.name}`", node, self.column_filters())
        hint = "compare columns: $db.some_table.column == $input.value"
        raise self.compiler.refuse("XS405", "this cannot stand in a database condition", node, hint)

    def binary(self, node: Binary) -> Expression:
        if node.operator in ("&&", "||"):
            return self.condition(node)
        left, right = self.value(node.left), self.value(node.right)
        sides = [side.index for side in (left, right) if isinstance(side, Operand)]
        if node.operator.endswith("?") and node.operator != "??":
            self.optional.update(sides)
        if node.operator.removeprefix("not ").removesuffix("?") == "in" and isinstance(right, Operand):
            self.lists.add(right.index)
        return self.rebuilt(Binary(left, node.operator, right), node)

    def filter_call(self, node: FilterCall) -> Expression:
        if node.disabled and node.operand is not None:
            return self.filtered(node.operand)
        known = is_operator(node.name) or (self.aggregating and node.name in AGGREGATES)
        if not known or node.operand is None:
            raise self.unknown_filter(node)
        arguments = [self.value(argument) for argument in node.arguments]
        return self.rebuilt(FilterCall(self.filtered(node.operand), node.name, arguments, False), node)

    def filtered(self, node: Expression) -> Expression:
        """What a filter works on; what a chain of filters begins with was looked at for its last one."""
        if isinstance(node, FilterCall) and self.reads_database(node):
            return self.filter_call(node)
        return self.value(node)

    def unknown_filter(self, node: FilterCall, place: Located | None = None) -> Exception:
        if find_filter(node.name) is None and node.name not in AGGREGATES:
            code, message = "XS406", f"there is no filter `{node.name}`"
        else:
            code, message = "XS405", f"a database cannot run the filter `{node.name}` on a column"
        if node.name in AGGREGATES:
            hint = 'it belongs into the eval of return = {type: "aggregate"}'
        else:
            instead = _INSTEAD.get(node.name)
            listed = self.column_filters()
            hint = f"{instead}; {listed}" if instead else listed
        return self.compiler.refuse(code, message, filter_span(node) if place is None else place, hint)

    def column_filters(self) -> str:
        from xsrun.database.operators import filter_names

        return f"filters that work on columns: {', '.join(filter_names())}"

    def column(self, node: Path) -> Expression:
        """`$db.a.b`: its names."""
        if not (isinstance(node.base, Variable) and node.base.name == "db"):
            hint = "name the column alone: $db.some_table.column"
            raise self.compiler.refuse(
                "XS408", "a member of a computed value cannot be read in the database", node, hint
            )
        names = []
        for segment in node.segments:
            key = to_text(segment.key.value) if isinstance(segment.key, Literal) else segment.key
            if not is_fixed(segment):
                hint = "write the column's name; to choose columns when it runs, give `external` its search as JSON"
                raise self.compiler.refuse("XS408", "the name of a column must be written out", node, hint)
            names.append(str(key))
        return self.rebuilt(Column(names), node)

    def rebuilt(self, made: Expression, node: Expression) -> Expression:
        placed: Expression = made.at(node, node)
        return placed

    # Objects -------------------------------------------------------------------------------------------------------

    def entries(self, node: Expression, what: str) -> list[Entry]:
        """The entries of an object that must be written out."""
        inner = unwrapped(node)
        if isinstance(inner, Placeholder):
            self.compiler.demand(demands.placeholder(inner))
        if not isinstance(inner, ObjectLiteral) or any(isinstance(entry, Spread) for entry in inner.entries):
            hint = f"write {what} = {{name: value}}; the engine does not evaluate it" if what.isidentifier() else None
            raise self.compiler.refuse("XS328", f"`{what}` must be written as an object", node, hint)
        return [entry for entry in inner.entries if isinstance(entry, Entry) and not entry.disabled]

    def object_of(self, node: Expression, what: str) -> dict[str, Expression]:
        return {entry.key: entry.value for entry in self.entries(node, what)}


def filtered_value(node: Expression) -> Expression:
    """What a chain of filters begins with."""
    while isinstance(node, FilterCall) and node.operand is not None:
        node = node.operand
    return node
