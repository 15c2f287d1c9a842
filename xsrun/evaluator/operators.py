"""Operators and conditions.

Two ints, or a text that is a text: the common case is in line, everything else calls `support`. An operand that is
needed twice is kept in a temporary with `:=`.
"""

from __future__ import annotations

import ast

from xsrun import registry
from xsrun.evaluator.arithmetic import COMPARISON, ArithmeticCompiler
from xsrun.evaluator.generated.filter_calls import fail
from xsrun.evaluator.inference import BOOL, DECIMAL, INT, LIST, NULL, NUMBER, OBJECT, TEXT, Kind
from xsrun.evaluator.quasiquote import call, constant, expression, is_simple, name, place
from xsrun.names.places import ungrouped
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Expression,
    FilterCall,
    Group,
    Literal,
    Located,
    Now,
    Quoted,
    Ternary,
    Unary,
)
from xsrun.syntax.operators import is_query_operator
from xsrun.values.conversion import parse_number, to_text, truthy

_ARITHMETIC = frozenset("+-*/%")
_EQUALITY = {
    "==": "loose_equal",
    "=": "loose_equal",
    "!=": "not_equal",
    "===": "strict_equal",
    "!==": "not_identical",
}
_WORD_OPERATORS = {
    "in": "is_in",
    "contains": "contains",
    "includes": "includes",
    "overlaps": "overlaps",
    "like": "like",
    "ilike": "ilike",
    "@>": "contains",
}
#: Texts up to this length are joined without a look at the size limit; how long an int is at most.
_SHORT, _INT_LENGTH = 4096, 20
#: Classes whose truth is the same in Python and PHP; of texts, "0" is false.
_TRUE_AS_IN_PYTHON = NUMBER | BOOL | NULL | LIST | OBJECT
_BOOLEAN_OPERATORS = frozenset((*COMPARISON, *_EQUALITY, "&&", "||", *_WORD_OPERATORS))


class OperatorCompiler(ArithmeticCompiler):
    """Compiles operators."""

    def stored_condition(self, node: Expression) -> ast.expr:
        """The condition of an `if` and its kin, whose comparisons the engine stores as a list of operators.

        The words of a `where` are stored with the others, and fail when they are reached; in an expression (in
        backticks, as an argument) they work.
        """
        if node.__class__ is Group:
            return self.stored_condition(node.expression)
        if isinstance(node, Binary) and node.operator in ("&&", "||"):
            operator = ast.And() if node.operator == "&&" else ast.Or()
            sides = [self.stored_condition(node.left), self.stored_condition(node.right)]
            return place(ast.BoolOp(operator, sides), node)
        if is_query_operator(node):
            return self.no_such_operator(node)
        return self.condition(node)

    def no_such_operator(self, node: Binary | Between) -> ast.expr:
        """What raises for an operator that only a `where` has."""
        hint = f"`{node.operator}` works in the where of a query; put the condition in backticks, or use a filter"
        message = f"Invalid op: {node.operator}"
        return call(self.linker.helper(fail), node, constant(message, node), constant(hint, node))

    def condition(self, node: Expression) -> ast.expr:
        """A Python expression whose Python truth is the XanoScript truth of a node."""
        inner = ungrouped(node)
        if isinstance(inner, Binary) and inner.operator in ("&&", "||"):
            operator = ast.And() if inner.operator == "&&" else ast.Or()
            return place(ast.BoolOp(operator, [self.condition(inner.left), self.condition(inner.right)]), inner)
        if isinstance(inner, Unary) and inner.operator == "!":
            return place(ast.UnaryOp(ast.Not(), self.condition(inner.operand)), inner)
        if isinstance(inner, Quoted) and inner.expression is not None:
            return self.condition(inner.expression)
        if isinstance(inner, Literal):
            return constant(truthy(inner.value), inner)
        value = self.read(inner)
        return value if self.is_boolean(inner) else self.truth(value, self.kinds.of(inner), inner)

    def truth(self, value: ast.expr, kind: Kind, inner: Located) -> ast.expr:
        """A Python expression whose Python truth is the XanoScript truth of a value."""
        if kind.within(_TRUE_AS_IN_PYTHON):
            return value
        first, later = self.simple(value, inner)
        if kind.within(TEXT):
            return expression("A and B != '0'", inner, A=first, B=later)
        return expression("B if A.__class__ is bool else truthy(B)", inner, A=first, B=later)

    def is_boolean(self, node: Expression) -> bool:
        """Does the node always give a bool?"""
        node = ungrouped(node)
        if isinstance(node, Binary):
            return node.operator in _BOOLEAN_OPERATORS or node.operator.startswith("not ")
        if isinstance(node, Unary):
            return node.operator == "!"
        if isinstance(node, FilterCall):
            record = registry.find_filter(node.name)
            if record is not None and self.goes_into_lists(record, node):
                return False
            return record is not None and record.function.__annotations__.get("return") in ("bool", bool)
        return isinstance(node, Between) or self.kinds.of(node).within(BOOL)

    def goes_into_lists(self, record: registry.Builtin, node: FilterCall) -> bool:
        """May a call be of a filter that goes into lists, on a list?"""
        raise NotImplementedError

    def boolean(self, node: Expression) -> ast.expr:
        """The truth of a node as a Python bool."""
        value = self.condition(node)
        return value if self.is_boolean(node) or isinstance(value, ast.Constant) else call("bool", node, value)

    def binary(self, node: Binary) -> ast.expr:
        operator = node.operator
        if operator in _ARITHMETIC:
            return self.arithmetic(node)
        if operator in ("&&", "||"):
            return self.condition_as_bool(node)
        if operator in COMPARISON:
            return self.comparison(node)
        if operator in _EQUALITY:
            return self.equality(node)
        if operator in ("~", "++"):
            return self.concatenation(node)
        if operator in ("??", "?:"):
            return self.fallback(node)
        if operator == "..":
            return call("number_range", node, name("context", node), self.read(node.left), self.read(node.right))
        return self.word_operator(node, operator)

    def word_operator(self, node: Binary, operator: str) -> ast.expr:
        negated = operator.startswith("not ")
        function = _WORD_OPERATORS.get(operator.removeprefix("not "))
        if function is None:
            return self.no_such_operator(node)
        found = call(function, node, self.read(node.left), self.read(node.right))
        return place(ast.UnaryOp(ast.Not(), found), node) if negated else found

    def condition_as_bool(self, node: Binary) -> ast.expr:
        """`&&` and `||` as values give booleans (evidence c)."""
        operator = ast.And() if node.operator == "&&" else ast.Or()
        sides = [self.boolean(side) for side in (node.left, node.right)]
        return place(ast.BoolOp(operator, sides), node)

    def equality(self, node: Binary) -> ast.expr:
        left, right = self.read(node.left), self.read(node.right)
        one, two = self.kinds.of(node.left), self.kinds.of(node.right)
        negated = node.operator in ("!=", "!==")
        if isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
            left, right, one, two = right, left, two, one  # a constant has no say in the order
        if node.operator in ("===", "!=="):
            made = self.identity(node, left, right, one, two)
        elif isinstance(right, ast.Constant):
            made = self.equal_to_constant(node, left, right, one)
        else:
            made = self.loose_equality(node, left, right, one, two)
        if made is None:
            return call(_EQUALITY[node.operator], node, left, right)
        return place(ast.UnaryOp(ast.Not(), made), node) if negated else made

    def identity(self, node: Binary, left: ast.expr, right: ast.expr, one: Kind, two: Kind) -> ast.expr | None:
        """`===` in line, where the class of one side is known."""
        if any(one.within(single) and two.within(single) for single in (INT, DECIMAL, BOOL, TEXT)):
            return expression("A == B", node, A=left, B=right)
        if not isinstance(right, ast.Constant) or isinstance(left, ast.Constant):
            return None
        if right.value is None or right.value.__class__ is bool:
            return expression("A is B", node, A=left, B=right)
        first, later = self.simple(left, node)
        template = f"A.__class__ is {right.value.__class__.__name__} and B == C"
        return expression(template, node, A=first, B=later, C=right)

    def equal_to_constant(self, node: Binary, left: ast.expr, right: ast.expr, one: Kind) -> ast.expr | None:
        """`==` with a literal on one side."""
        value = right.value  # type: ignore[attr-defined]
        if isinstance(left, ast.Constant):
            return None
        if value is None:
            return expression("not A", node, A=left)  # "0" is not null, all else that is empty is
        if value.__class__ is bool:  # the truth of the other side decides
            return expression("not not A" if value else "not A", node, A=self.truth(left, one, node))
        if value.__class__ is not str:
            if one.within(NUMBER):
                return expression("A == B", node, A=left, B=right)
            first, later = self.simple(left, node)
            slow = call("loose_equal", node, later, right)
            return expression("B == C if A.__class__ is int else SLOW", node, A=first, B=later, C=right, SLOW=slow)
        first, later = self.simple(left, node)
        equal = "B == C"
        if parse_number(value) is not None:  # then other spellings of the number are equal too
            equal += " or len(B) > 1 and B < ':' and SLOW" if len(value) == 1 else " or B < ':' and SLOW"
        parts = {"A": first, "B": later, "C": right, "SLOW": call("loose_equal", node, later, right)}
        if one.within(TEXT):
            return expression(equal.replace("B", "A", 1) if "or" in equal else "A == C", node, **parts)
        return expression(f"({equal}) if A.__class__ is str else SLOW", node, **parts)

    def loose_equality(self, node: Binary, left: ast.expr, right: ast.expr, one: Kind, two: Kind) -> ast.expr | None:
        """`==` of two computed values: numbers and texts in line."""
        for classes in (NUMBER, BOOL):
            if one.within(classes) and two.within(classes):
                return expression("A == B", node, A=left, B=right)
        first, a = self.simple(left, node)
        second, b = self.simple(right, node)
        slow = call("loose_equal", node, a, b)
        parts = {"A": first, "B": second, "C": a, "D": b, "SLOW": slow}
        texts = "C == D or C < ':' and D < ':' and SLOW"  # no text from ":" on is a number
        for known, given, test in ((one, first, "B"), (two, second, "A")):
            if known.within(TEXT) and is_simple(given):
                return expression(f"({texts}) if {test}.__class__ is str else SLOW", node, **parts)
        ints = one.classes & INT and two.classes & INT
        template = "C == D if A.__class__ is B.__class__ is int else " if ints else ""
        if one.classes & TEXT and two.classes & TEXT:
            again = "C.__class__ is D.__class__" if ints else "A.__class__ is B.__class__"
            template += f"({texts}) if {again} is str else "
        return expression(f"{template}SLOW", node, **parts) if template else None

    def concatenation(self, node: Binary) -> ast.expr:
        """A chain of `~` as one join, so that a long one stays linear and is checked once."""
        parts: list[Expression] = []

        def gather(side: Expression) -> None:
            if isinstance(side, Binary) and side.operator in ("~", "++"):
                gather(side.left)
                gather(side.right)
            else:
                parts.append(side)

        gather(node)
        return self.joined(parts, node)

    def joined(self, parts: list[Expression], at: Located) -> ast.expr:
        """The parts as one text."""
        plain = [self.kinds.without_to_text(part) for part in parts]
        values = [self.read(part) for part in plain]
        known = [self.kinds.of(part).within(TEXT | INT) for part in plain]
        if len(values) == 1 and self.kinds.of(plain[0]).within(TEXT):
            return values[0]
        ints = [self.kinds.of(part).within(INT) for part in plain]
        pieces = [self.text_piece(value, at) for value in values]
        lengths = [_INT_LENGTH if of_int else _length(piece) for piece, of_int in zip(pieces, ints, strict=True)]
        if sum(lengths) < _SHORT:
            return place(ast.JoinedStr(pieces), at)
        return self.short_text(values, known, at) or call("concatenate_all", at, name("context", at), *values)

    def short_text(self, values: list[ast.expr], plain: list[bool], node: Located) -> ast.expr | None:
        """Texts and ints joined in line, as long as the result is short; None when that would evaluate a part twice."""
        if sum(not is_simple(value) for value in values) > 1:
            return None
        pairs = [self.simple(value, node) for value in values]
        tests = []
        for (first, later), known in sorted(zip(pairs, plain, strict=True), key=lambda pair: is_simple(pair[0][0])):
            if known and not is_simple(first):
                tests.append(expression("A.__class__", node, A=first))  # it is evaluated first; a class is true
            elif not known and not isinstance(later, ast.Constant):
                template = "A.__class__ is str or B.__class__ is int"
                tests.append(expression(template, node, A=first, B=later))
        joined = place(ast.JoinedStr([self.text_piece(later, node) for _, later in pairs]), node)
        made = self.scope.temporary()
        tests.append(expression(f"len(T := JOINED) < {_SHORT}", node, T=made, JOINED=joined))
        slow = call("concatenate_all", node, name("context", node), *[later for _, later in pairs])
        test = tests[0] if len(tests) == 1 else place(ast.BoolOp(ast.And(), tests), node)
        return place(ast.IfExp(test, name(made, node), slow), node)

    def text_piece(self, value: ast.expr, at: Located) -> ast.expr:
        """A part of an f-string."""
        if isinstance(value, ast.Constant):
            return constant(to_text(value.value), at)
        return place(ast.FormattedValue(value, -1, None), at)

    def fallback(self, node: Binary, *, keep: bool = True) -> ast.expr:
        """`a ?? b`: b when a is null or its path is missing; `a ?: b`: b when a is falsy."""
        left = self.kept_tolerant(node.left) if keep else self.tolerant(node.left)
        right = self.value(node.right) if keep else self.read(node.right)
        temporary = self.scope.temporary()
        if node.operator == "??":
            return expression("V if (V := A) is not None else B", node, V=temporary, A=left, B=right)
        return expression("V if truthy(V := A) else B", node, V=temporary, A=left, B=right)

    def between(self, node: Between) -> ast.expr:
        if node.operator.endswith("?"):
            return self.no_such_operator(node)
        found = call("between", node, self.read(node.operand), self.read(node.low), self.read(node.high))
        return place(ast.UnaryOp(ast.Not(), found), node) if node.operator.startswith("not") else found

    def unary(self, node: Unary) -> ast.expr:
        if node.operator == "!":
            return place(ast.UnaryOp(ast.Not(), self.condition(node.operand)), node)
        if node.operand.__class__ is Now:
            return call("refuse_now", node, self.read(node.operand), constant(0, node))
        kind = self.kinds.of(node.operand)
        if node.operator == "-" and (kind.within(DECIMAL) or (kind.within(INT) and self.kinds.of(node).within(INT))):
            return place(ast.UnaryOp(ast.USub(), self.read(node.operand)), node)
        return call("negate" if node.operator == "-" else "to_number", node, self.read(node.operand))

    def ternary(self, node: Ternary) -> ast.expr:
        condition = self.condition(node.condition)
        return place(ast.IfExp(condition, self.value(node.then), self.value(node.otherwise)), node)


def _length(piece: ast.expr) -> int:
    """The characters of a part of an f-string that is a constant; of another, too many."""
    return len(piece.value) if isinstance(piece, ast.Constant) and isinstance(piece.value, str) else _SHORT
