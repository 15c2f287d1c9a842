"""Operators and conditions.

Two ints, or a text that is a text: the common case is in line, everything else calls `support`. An operand that is
needed twice is kept in a temporary with `:=`. A guard like `(t1 := A).__class__ is (t2 := B).__class__ is int`
evaluates both operands, in order, before it decides.
"""

from __future__ import annotations

import ast
from typing import Any

from xsrun import registry
from xsrun.evaluator.quote import call, constant, expression, is_simple, name, place
from xsrun.evaluator.variables import VariableCompiler
from xsrun.runtime.values import MAX_INT, MIN_INT, parse_number, to_text, truthy
from xsrun.syntax.nodes import (
    Between,
    Binary,
    Expression,
    FilterCall,
    Group,
    Literal,
    Now,
    Quoted,
    Ternary,
    Unary,
)

_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
_INLINE = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}
_COMPARISON = {"<": "less", "<=": "less_or_equal", ">": "greater", ">=": "greater_or_equal"}
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
_BOOLEAN_OPERATORS = frozenset((*_COMPARISON, *_EQUALITY, "&&", "||", *_WORD_OPERATORS))


class OperatorCompiler(VariableCompiler):
    """Compiles operators."""

    def condition(self, node: Expression) -> ast.expr:
        """A Python expression whose Python truth is the XanoScript truth of a node."""
        inner = node
        while inner.__class__ is Group:
            inner = inner.expression
        if isinstance(inner, Binary) and inner.operator in ("&&", "||"):
            operator = ast.And() if inner.operator == "&&" else ast.Or()
            return place(ast.BoolOp(operator, [self.condition(inner.left), self.condition(inner.right)]), inner)
        if isinstance(inner, Unary) and inner.operator == "!":
            return place(ast.UnaryOp(ast.Not(), self.condition(inner.operand)), inner)
        if isinstance(inner, Quoted) and inner.expression is not None:
            return self.condition(inner.expression)
        if isinstance(inner, Literal):
            return constant(truthy(inner.value), inner)
        value = self.value(inner)
        if self.is_boolean(inner):
            return value
        return expression("V if (V := E).__class__ is bool else truthy(V)", inner, E=value, V=self.scope.temporary())

    def is_boolean(self, node: Expression) -> bool:
        """Does the node always give a bool?"""
        while node.__class__ is Group:
            node = node.expression
        if isinstance(node, Binary):
            return node.operator in _BOOLEAN_OPERATORS or node.operator.startswith("not ")
        if isinstance(node, Unary):
            return node.operator == "!"
        if isinstance(node, FilterCall):
            record = registry.find_filter(node.name)
            return record is not None and record.function.__annotations__.get("return") in ("bool", bool)
        return isinstance(node, Between) or (isinstance(node, Literal) and node.value.__class__ is bool)

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
        if operator in _COMPARISON:
            return self.comparison(node)
        if operator in _EQUALITY:
            return self.equality(node)
        if operator in ("~", "++"):
            return self.concatenation(node)
        if operator in ("??", "?:"):
            return self.fallback(node)
        if operator == "..":
            return call("number_range", node, name("context", node), self.value(node.left), self.value(node.right))
        return self.word_operator(node, operator)

    def word_operator(self, node: Binary, operator: str) -> ast.expr:
        plain = operator.removesuffix("?")
        if operator != plain:
            raise self.refuse(f"`{operator}` works in database conditions only", node, f"write {plain}")
        negated = plain.startswith("not ")
        function = _WORD_OPERATORS.get(plain.removeprefix("not "))
        if function is None:
            raise self.refuse(f"`{operator}` works in database conditions only", node)
        found = call(function, node, self.value(node.left), self.value(node.right))
        return place(ast.UnaryOp(ast.Not(), found), node) if negated else found

    def condition_as_bool(self, node: Binary) -> ast.expr:
        """`&&` and `||` as values give booleans (evidence c)."""
        operator = ast.And() if node.operator == "&&" else ast.Or()
        sides = [self.boolean(side) for side in (node.left, node.right)]
        return place(ast.BoolOp(operator, sides), node)

    def arithmetic(self, node: Binary) -> ast.expr:
        function = _ARITHMETIC[node.operator]
        if any(side.__class__ is Now for side in (node.left, node.right)):
            return call("refuse_now", node, self.value(node.left), self.value(node.right))
        left, right = self.value(node.left), self.value(node.right)
        folded = _fold(node.operator, left, right)
        if folded is not None:
            return constant(folded, node)
        first, a = self.simple(left, node.left)
        second, b = self.simple(right, node.right)
        guard = self.both_ints(node, first, a, second, b)
        if guard is None:
            return call(function, node, left, right)
        result = self.scope.temporary()
        if node.operator in _INLINE:
            operation = place(ast.BinOp(a, _INLINE[node.operator](), b), node)
            check = expression(f"{MIN_INT} <= (R := OPERATION) <= {MAX_INT}", node, R=result, OPERATION=operation)
            both = place(ast.BoolOp(ast.And(), [guard, check]), node)
            return place(ast.IfExp(both, name(result, node), call(function, node, a, b)), node)
        if node.operator == "%":
            test = expression("G and A >= 0 < B", node, G=guard, A=a, B=b)
            operation = place(ast.BinOp(a, ast.Mod(), b), node)
            return place(ast.IfExp(test, operation, call(function, node, a, b)), node)
        return call(function, node, left, right)

    def both_ints(self, node: Any, first: ast.expr, a: ast.expr, second: ast.expr, b: ast.expr) -> ast.expr | None:
        """A test that both operands are ints, evaluating both; None when a constant rules it out."""
        left_constant = isinstance(a, ast.Constant)
        right_constant = isinstance(b, ast.Constant)
        if (left_constant and a.value.__class__ is not int) or (  # type: ignore[attr-defined]
            right_constant and b.value.__class__ is not int  # type: ignore[attr-defined]
        ):
            return None
        if right_constant:
            return expression("A.__class__ is int", node, A=first)
        if left_constant:
            return expression("B.__class__ is int", node, B=second)
        return expression("A.__class__ is B.__class__ is int", node, A=first, B=second)

    def comparison(self, node: Binary) -> ast.expr:
        left, right = self.value(node.left), self.value(node.right)
        first, a = self.simple(left, node.left)
        second, b = self.simple(right, node.right)
        guard = self.both_ints(node, first, a, second, b)
        function = _COMPARISON[node.operator]
        if guard is None:
            return call(function, node, left, right)
        return expression(
            f"A {node.operator} B if GUARD else SLOW", node, A=a, B=b, GUARD=guard, SLOW=call(function, node, a, b)
        )

    def equality(self, node: Binary) -> ast.expr:
        function = _EQUALITY[node.operator]
        left, right = self.value(node.left), self.value(node.right)
        sides = (left, right)
        fixed = next((side for side in sides if isinstance(side, ast.Constant)), None)
        sign = "==" if node.operator in ("==", "=", "===") else "!="
        if fixed is not None and node.operator in ("==", "=", "!="):
            other = left if fixed is right else right
            kind = fixed.value.__class__
            if isinstance(fixed.value, str) and parse_number(fixed.value) is not None:
                return call(function, node, left, right)
            if kind in (int, str):
                first, later = self.simple(other, node)
                return expression(
                    f"B {sign} C if A.__class__ is {kind.__name__} else SLOW",
                    node,
                    A=first,
                    B=later,
                    C=fixed,
                    SLOW=call(function, node, later, fixed),
                )
        if node.operator in ("==", "=", "!=") and fixed is None:
            first, a = self.simple(left, node.left)
            second, b = self.simple(right, node.right)
            guard = self.both_ints(node, first, a, second, b)
            assert guard
            slow = call(function, node, a, b)
            return expression(f"A {sign} B if GUARD else SLOW", node, A=a, B=b, GUARD=guard, SLOW=slow)
        return call(function, node, left, right)

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
        values = [self.value(part) for part in parts]
        return self.short_text(values, node) or call("concatenate_all", node, name("context", node), *values)

    def short_text(self, values: list[ast.expr], node: Any) -> ast.expr | None:
        """Texts and ints joined in line, as long as the result is short; None when that would evaluate a part twice."""
        if sum(not is_simple(value) for value in values) > 1:
            return None
        pairs = [self.simple(value, node) for value in values]
        tests, pieces = [], []
        for first, later in sorted(pairs, key=lambda pair: is_simple(pair[0])):
            if not isinstance(later, ast.Constant):
                template = "A.__class__ is str or B.__class__ is int"
                tests.append(expression(template, node, A=first, B=later))
        for _, later in pairs:
            if isinstance(later, ast.Constant):
                pieces.append(constant(to_text(later.value), node))
            else:
                pieces.append(place(ast.FormattedValue(later, -1, None), node))
        joined = place(ast.JoinedStr(pieces), node)
        made = self.scope.temporary()
        tests.append(expression("len(T := JOINED) < 4096", node, T=made, JOINED=joined))
        slow = call("concatenate_all", node, name("context", node), *[later for _, later in pairs])
        test = tests[0] if len(tests) == 1 else place(ast.BoolOp(ast.And(), tests), node)
        return place(ast.IfExp(test, name(made, node), slow), node)

    def fallback(self, node: Binary) -> ast.expr:
        """`a ?? b`: b when a is null or its path is missing; `a ?: b`: b when a is falsy."""
        left, right = self.tolerant(node.left), self.value(node.right)
        temporary = self.scope.temporary()
        if node.operator == "??":
            return expression("V if (V := A) is not None else B", node, V=temporary, A=left, B=right)
        return expression("V if truthy(V := A) else B", node, V=temporary, A=left, B=right)

    def between(self, node: Between) -> ast.expr:
        if node.operator.endswith("?"):
            raise self.refuse(f"`{node.operator}` works in database conditions only", node)
        found = call("between", node, self.value(node.operand), self.value(node.low), self.value(node.high))
        return place(ast.UnaryOp(ast.Not(), found), node) if node.operator.startswith("not") else found

    def unary(self, node: Unary) -> ast.expr:
        if node.operator == "!":
            return place(ast.UnaryOp(ast.Not(), self.condition(node.operand)), node)
        if node.operand.__class__ is Now:
            return call("refuse_now", node, self.value(node.operand), constant(0, node))
        return call("negate" if node.operator == "-" else "to_number", node, self.value(node.operand))

    def ternary(self, node: Ternary) -> ast.expr:
        condition = self.condition(node.condition)
        return place(ast.IfExp(condition, self.value(node.then), self.value(node.otherwise)), node)


def _fold(operator: str, left: ast.expr, right: ast.expr) -> float | None:
    """The result of arithmetic on two int constants, when it is surely an int within 64 bits."""
    if not (isinstance(left, ast.Constant) and isinstance(right, ast.Constant)):
        return None
    a, b = left.value, right.value
    if a.__class__ is not int or b.__class__ is not int:
        return None
    result = {"+": a + b, "-": a - b, "*": a * b}.get(operator)
    return result if result is not None and MIN_INT <= result <= MAX_INT else None
