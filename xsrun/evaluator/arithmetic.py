"""Arithmetic and order of numbers in line.

What an operand can be (`kinds`) decides which tests are left: of what may be no number, whether it is an int; of a
result, whether it fits 64 bits. Everything else calls `xsrun.values.arithmetic`. An operand that is needed twice is
kept in a temporary with `:=`; a test evaluates both operands, in order, before it decides.
"""

from __future__ import annotations

import ast
import sys
from functools import partial

from xsrun.evaluator.guards import Guarded
from xsrun.evaluator.kinds import DECIMAL, INT, NATURAL, NEGATIVE, NUMBER, Kind
from xsrun.evaluator.quasiquote import Part, call, constant, expression, is_simple, statements
from xsrun.evaluator.state import CompilerState
from xsrun.syntax.nodes import Binary, Located, Now
from xsrun.values.conversion import MAX_INT, MIN_INT

SLOW = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
_INLINE = frozenset("+-*")
COMPARISON = {"<": "less", "<=": "less_or_equal", ">": "greater", ">=": "greater_or_equal"}
#: Of decimals: NaN compares as equal with everything, as in PHP's `<=>`.
_WITH_NAN = {"<": "A < B", "<=": "not A > B", ">": "A > B", ">=": "not A < B"}
_FINITE = f"A >= 0.0 and A <= {sys.float_info.max!r}"


def arithmetic(state: CompilerState, node: Binary) -> ast.expr:
    """`+`, `-`, `*`, `/` and `%`."""
    operator = node.operator
    left, right = state.read(node.left), state.read(node.right)
    if any(side.__class__ is Now for side in (node.left, node.right)):
        return call("refuse_now", node, left, right)
    folded = _fold(operator, left, right)
    if folded is not None:
        return constant(folded, node)
    one, two = state.kinds.of(node.left), state.kinds.of(node.right)
    if operator in _INLINE:
        return sum_or_product(state, node, left, right, one, two)
    if isinstance(right, ast.Constant) and right.value.__class__ is int and right.value > 0:
        return by_constant(state, node, left, right, one)
    return by_any(state, node, left, right, one, two)


def _ints(left: ast.expr, right: ast.expr, one: Kind, two: Kind, known: int = NUMBER) -> str | None:
    """The test that two values are ints, as far as they may be none of `known` classes; None when one cannot be one."""
    if any(isinstance(side, ast.Constant) and side.value.__class__ not in (int, float) for side in (left, right)):
        return None
    if one.within(known):
        return "" if two.within(known) else "B.__class__ is int"
    if two.within(known) and (is_simple(right) or not two.within(INT)):
        return "A.__class__ is int"
    return "A.__class__ is B.__class__ is int"


def sum_or_product(
    state: CompilerState, node: Binary, left: ast.expr, right: ast.expr, one: Kind, two: Kind
) -> ast.expr:
    """`+`, `-` and `*`."""
    slow = SLOW[node.operator]
    result = f"A {node.operator} B"
    if one.within(NUMBER) and two.within(NUMBER):
        if not (state.kinds.of(node).within(INT) or state.kinds.of(node).within(DECIMAL)):
            result = f"R if {_is_bounded(node, one, two)} else clamp_int(R)"
        return expression(result, node, A=left, B=right, R=state.scope.temporary())
    ints = _ints(left, right, one, two)
    if ints is None:
        return call(slow, node, left, right)
    tests = [ints, *_fits(node, one, two)]
    return Guarded(state, node, left, right).code("R", tests, partial(call, slow, node), R=state.scope.temporary())


def by_constant(state: CompilerState, node: Binary, left: ast.expr, right: ast.expr, one: Kind) -> ast.expr:
    """`/` and `%` with a positive int literal on the right: of ints and decimals in line."""
    if isinstance(left, ast.Constant):
        return call(SLOW[node.operator], node, left, right)
    if node.operator == "%" and one.within(NATURAL):
        return expression("A % B", node, A=left, B=right)
    if node.operator == "%" and one.within(INT):
        return Guarded(state, node, left, right).code("A % B", ["A >= 0"], partial(call, "modulo", node))
    lead, a = state.simple(left, node)
    if node.operator == "%":
        start = "" if one.within(NATURAL | DECIMAL) else " and A >= 0"
        decimal = "" if one.within(NUMBER) else "A.__class__ is float and "  # of ints only one below zero gets there
        template = f"A % B if LEAD.__class__ is int{start} else int(A) % B if {decimal}{_FINITE} else SLOW"
    elif one.within(INT):
        template = "A / B if LEAD % B else A // B"
    elif one.within(NUMBER):
        template = "A / B if LEAD.__class__ is float or A % B else A // B"
    else:
        template = "(A / B if A % B else A // B) if LEAD.__class__ is int else A / B if A.__class__ is float else SLOW"
    return expression(template, node, A=a, B=right, LEAD=lead, SLOW=call(SLOW[node.operator], node, a, right))


def by_any(state: CompilerState, node: Binary, left: ast.expr, right: ast.expr, one: Kind, two: Kind) -> ast.expr:
    """`/` and `%` with anything on the right: of ints in line, and of a number by a decimal."""
    slow = SLOW[node.operator]
    ints = _ints(left, right, one, two, INT)
    if ints is None:
        return call(slow, node, left, right)
    result = "A % B" if node.operator == "%" else "A / B if A % B else A // B"
    tests = [ints, "A >= 0" if node.operator == "%" and not one.within(NATURAL) else "", "B > 0"]

    def otherwise(left: ast.expr, right: ast.expr) -> ast.expr:
        made = call(slow, node, left, right)
        if node.operator == "%" or not two.classes & DECIMAL or not (is_simple(left) and is_simple(right)):
            return made
        number = "" if one.within(NUMBER) else "(A.__class__ is int or A.__class__ is float) and "
        return expression(
            f"A / B if {number}B.__class__ is float and B > 0.0 else SLOW", node, A=left, B=right, SLOW=made
        )

    return Guarded(state, node, left, right).code(result, tests, otherwise)


def comparison(state: CompilerState, node: Binary) -> ast.expr:
    left, right = state.read(node.left), state.read(node.right)
    one, two = state.kinds.of(node.left), state.kinds.of(node.right)
    may_be_nan = (one.within(NUMBER) and not one.within(INT)) or (two.within(NUMBER) and not two.within(INT))
    compared = _WITH_NAN[node.operator] if may_be_nan else f"A {node.operator} B"
    if one.within(NUMBER) and two.within(NUMBER):
        return expression(compared, node, A=left, B=right)
    slow = COMPARISON[node.operator]
    ints = _ints(left, right, one, two)
    if ints is None:
        return call(slow, node, left, right)
    return Guarded(state, node, left, right).code(compared, [ints], partial(call, slow, node))


def _fits(node: Binary, one: Kind, two: Kind, result: str | None = None) -> list[str]:
    """The tests that the result fits 64 bits. The first keeps it in `R`, unless a result is given.

    What the signs of the operands rule out needs no test: a natural number added to an int within 64 bits cannot fall
    below them. Decimals pass, or are themselves what `clamp_int` gives.
    """
    operator = node.operator
    natural, negative = ([not kind.classes & without for kind in (one, two)] for without in (NEGATIVE, NATURAL))
    if operator == "-":  # as a sum of the opposite number; the opposite of a natural number is never above zero
        natural[1], negative[1] = negative[1], natural[1]
    if operator == "*":
        rises, falls = all(natural) or all(negative), False
    else:
        rises, falls = any(natural), any(negative)
    result = result or f"(R := A {operator} B)"
    if rises and not falls:
        return [f"{result} <= {MAX_INT}"]
    if falls and not rises:
        return [f"{result} >= {MIN_INT}"]
    return [f"{result} <= {MAX_INT}", f"R >= {MIN_INT}"]


def _is_bounded(node: Binary, one: Kind, two: Kind) -> str:
    """The test that the result of two numbers, kept in `R`, is a decimal or fits 64 bits.

    Python compares a decimal with a long int by their digits, which takes six times what asking for the class does. Of
    products that is asked first, which are what leaves 64 bits; of sums it would be a tenth of a loop that adds up.
    """
    if node.operator != "*" or not (one.classes | two.classes) & DECIMAL:
        return " and ".join(_fits(node, one, two))
    fits = " and ".join(_fits(node, one, two, result="R"))
    return f"(R := A * B).__class__ is float or ({fits})"


def bounded_afterwards(variable: str, value: ast.expr, at: Located) -> list[ast.stmt] | None:
    """A sum or product that may leave 64 bits, given to a variable and only then tested; None for any other value.

    It is what `sum_or_product` makes, without the temporary: a tenth of the time of a loop that adds up.
    """
    match value:
        case ast.IfExp(body=ast.Name(), orelse=ast.Call(func=ast.Name(id="clamp_int")), test=test):
            made = next(part.value for part in ast.walk(test) if isinstance(part, ast.NamedExpr))
        case _:
            return None
    parts: dict[str, Part] = {"V": variable, "R": made}
    may_be_decimal = isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or)
    fits = test.values[1] if isinstance(test, ast.BoolOp) and may_be_decimal else test
    beyond = []
    for number, one in enumerate(fits.values if isinstance(fits, ast.BoolOp) else [fits]):
        assert isinstance(one, ast.Compare)
        parts[f"L{number}"] = one.comparators[0]
        beyond.append(f"V {'>' if isinstance(one.ops[0], ast.LtE) else '<'} L{number}")
    tested = f"{'V.__class__ is int and ' * may_be_decimal}({' or '.join(beyond)})"
    return statements(f"V = R\nif {tested}:\n    V = clamp_int(V)", at, **parts)


def _fold(operator: str, left: ast.expr, right: ast.expr) -> float | None:
    """The result of arithmetic on two int constants, when it is surely an int within 64 bits."""
    if not (isinstance(left, ast.Constant) and isinstance(right, ast.Constant)):
        return None
    a, b = left.value, right.value
    if a.__class__ is not int or b.__class__ is not int:
        return None
    result = {"+": a + b, "-": a - b, "*": a * b}.get(operator)
    return result if result is not None and MIN_INT <= result <= MAX_INT else None
