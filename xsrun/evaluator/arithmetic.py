"""Arithmetic and order of numbers in line.

What an operand can be (`kinds`) decides which tests are left: of what may be no number, whether it is an int; of a
result, whether it fits 64 bits. Everything else calls `xsrun.values.arithmetic`. An operand that is needed twice is
kept in a temporary with `:=`; a test evaluates both operands, in order, before it decides.
"""

from __future__ import annotations

import ast
import sys

from xsrun.evaluator.inference import DECIMAL, INT, NATURAL, NUMBER, Kind
from xsrun.evaluator.quasiquote import Part, call, constant, expression, is_simple, place
from xsrun.evaluator.state import CompilerState
from xsrun.records import record
from xsrun.syntax.nodes import Binary, Located, Now
from xsrun.values.conversion import MAX_INT, MIN_INT

_SLOW = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
_INLINE: dict[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}
COMPARISON = {"<": "less", "<=": "less_or_equal", ">": "greater", ">=": "greater_or_equal"}
#: Of decimals: NaN compares as equal with everything, as in PHP's `<=>`.
_WITH_NAN = {"<": "A < B", "<=": "not A > B", ">": "A > B", ">=": "not A < B"}
_FINITE = f"A >= 0.0 and A <= {sys.float_info.max!r}"


@record
class Operands:
    """Two operands to be used more than once.

    `test` evaluates both and tells whether they are what was asked for; None when they surely are and only the first
    is still to be evaluated: with `lead`, in place of its first use.
    """

    a: ast.expr
    b: ast.expr
    lead: ast.expr
    test: ast.expr | None


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


def tested_operands(
    state: CompilerState, node: Located, left: ast.expr, right: ast.expr, one: Kind, two: Kind, known: int = NUMBER
) -> Operands | None:
    """The operands, tested for being ints unless they are of `known` classes; None when one cannot be an int."""
    first, a = state.simple(left, node)
    second, b = state.simple(right, node)
    if any(isinstance(side, ast.Constant) and side.value.__class__ not in (int, float) for side in (a, b)):
        return None
    parts = {"A": first, "B": second}
    if one.within(known) and two.within(known):
        if is_simple(second):
            return Operands(a, b, first, None)
        template = "B.__class__" if is_simple(first) else "A.__class__ and B.__class__"  # classes are true
    elif one.within(known):
        template = "B.__class__ is int" if is_simple(first) else "A.__class__ and B.__class__ is int"
    elif two.within(known) and is_simple(second):
        template = "A.__class__ is int"
    elif two.within(known) and not two.within(INT):
        template = "(A, B)[0].__class__ is int"
    else:
        template = "A.__class__ is B.__class__ is int"
    return Operands(a, b, a, expression(template, node, **parts))


def sum_or_product(
    state: CompilerState, node: Binary, left: ast.expr, right: ast.expr, one: Kind, two: Kind
) -> ast.expr:
    """`+`, `-` and `*`."""
    slow, operator = _SLOW[node.operator], _INLINE[node.operator]()
    fits = _limit_test(node, left, right)
    if one.within(NUMBER) and two.within(NUMBER):
        result = place(ast.BinOp(left, operator, right), node)
        if state.kinds.of(node).within(INT) or state.kinds.of(node).within(DECIMAL):
            return result
        return expression(f"R if {fits} else clamp_int(R)", node, R=state.scope.temporary(), RESULT=result)
    pair = tested_operands(state, node, left, right, one, two)
    if pair is None or pair.test is None:
        return call(slow, node, left, right)
    result = place(ast.BinOp(pair.a, operator, pair.b), node)
    parts: dict[str, Part] = {"R": state.scope.temporary(), "RESULT": result, "TEST": pair.test}
    return expression(f"R if TEST and {fits} else SLOW", node, SLOW=call(slow, node, pair.a, pair.b), **parts)


def by_constant(state: CompilerState, node: Binary, left: ast.expr, right: ast.expr, one: Kind) -> ast.expr:
    """`/` and `%` with a positive int literal on the right: of ints and decimals in line."""
    if isinstance(left, ast.Constant):
        return call(_SLOW[node.operator], node, left, right)
    if node.operator == "%" and one.within(NATURAL):
        return expression("A % B", node, A=left, B=right)
    lead, a = state.simple(left, node)
    if node.operator == "%":
        template = "A % B if LEAD >= 0 else SLOW"
        if not one.within(INT):
            template = "A % B if LEAD.__class__ is int and A >= 0 else "
            template += f"int(A) % B if A.__class__ is float and {_FINITE} else SLOW"
    elif one.within(INT):
        template = "A / B if LEAD % B else A // B"
    elif one.within(NUMBER):
        template = "A / B if LEAD.__class__ is float or A % B else A // B"
    else:
        template = "(A / B if A % B else A // B) if LEAD.__class__ is int else A / B if A.__class__ is float else SLOW"
    return expression(template, node, A=a, B=right, LEAD=lead, SLOW=call(_SLOW[node.operator], node, a, right))


def by_any(state: CompilerState, node: Binary, left: ast.expr, right: ast.expr, one: Kind, two: Kind) -> ast.expr:
    """`/` and `%` with anything on the right: of ints in line."""
    slow = _SLOW[node.operator]
    pair = tested_operands(state, node, left, right, one, two, INT)
    if pair is None:
        return call(slow, node, left, right)
    test = pair.test or expression("A.__class__", node, A=pair.lead)  # a class is true
    result = "A % B if TEST" if node.operator == "%" else "(A / B if A % B else A // B) if TEST"
    if node.operator == "%" and not one.within(NATURAL):
        result += " and A >= 0"
    parts = {"A": pair.a, "B": pair.b, "TEST": test, "SLOW": call(slow, node, pair.a, pair.b)}
    return expression(f"{result} and B > 0 else SLOW", node, **parts)


def comparison(state: CompilerState, node: Binary) -> ast.expr:
    left, right = state.read(node.left), state.read(node.right)
    one, two = state.kinds.of(node.left), state.kinds.of(node.right)
    may_be_nan = (one.within(NUMBER) and not one.within(INT)) or (two.within(NUMBER) and not two.within(INT))
    compared = _WITH_NAN[node.operator] if may_be_nan else f"A {node.operator} B"
    if one.within(NUMBER) and two.within(NUMBER):
        return expression(compared, node, A=left, B=right)
    slow = COMPARISON[node.operator]
    pair = tested_operands(state, node, left, right, one, two)
    if pair is None or pair.test is None:
        return call(slow, node, left, right)
    parts = {"A": pair.a, "B": pair.b, "TEST": pair.test}
    return expression(f"({compared}) if TEST else SLOW", node, SLOW=call(slow, node, pair.a, pair.b), **parts)


def _limit_test(node: Binary, left: ast.expr, right: ast.expr) -> str:
    """The test that keeps a result, `RESULT`, in `R` and tells whether it fits 64 bits."""
    step = right if isinstance(right, ast.Constant) else left if node.operator == "+" else None
    if isinstance(step, ast.Constant) and step.value.__class__ is int and node.operator != "*":
        rises = (step.value >= 0) == (node.operator == "+")
        return f"(R := RESULT) <= {MAX_INT}" if rises else f"(R := RESULT) >= {MIN_INT}"
    return f"(R := RESULT) <= {MAX_INT} and R >= {MIN_INT}"


def _fold(operator: str, left: ast.expr, right: ast.expr) -> float | None:
    """The result of arithmetic on two int constants, when it is surely an int within 64 bits."""
    if not (isinstance(left, ast.Constant) and isinstance(right, ast.Constant)):
        return None
    a, b = left.value, right.value
    if a.__class__ is not int or b.__class__ is not int:
        return None
    result = {"+": a + b, "-": a - b, "*": a * b}.get(operator)
    return result if result is not None and MIN_INT <= result <= MAX_INT else None
