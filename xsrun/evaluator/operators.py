"""Operators and conditions.

Two ints, or a text that is a text: the common case is in line, everything else calls `operations`. An operand that is
needed twice is kept in a temporary with `:=`.
"""

from __future__ import annotations

import ast
from functools import partial

from xsrun import registry
from xsrun.evaluator.arithmetic import COMPARISON, arithmetic, comparison
from xsrun.evaluator.builtin_calls import goes_into_lists
from xsrun.evaluator.generated.filter_calls import fail
from xsrun.evaluator.guards import Guarded
from xsrun.evaluator.hoisting import Texts
from xsrun.evaluator.kinds import BOOL, DECIMAL, INT, LIST, NULL, NUMBER, OBJECT, TEXT, Kind
from xsrun.evaluator.quasiquote import call, constant, expression, is_simple, name, place
from xsrun.evaluator.state import CompilerState, compiles, reads
from xsrun.evaluator.variables import kept_tolerant, tolerant
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


def stored_condition(state: CompilerState, node: Expression) -> ast.expr:
    """The condition of an `if` and its kin, whose comparisons the engine stores as a list of operators.

    The words of a `where` are stored with the others, and fail when they are reached; in an expression (in
    backticks, as an argument) they work.
    """
    if node.__class__ is Group:
        return stored_condition(state, node.expression)
    if isinstance(node, Binary) and node.operator in ("&&", "||"):
        operator = ast.And() if node.operator == "&&" else ast.Or()
        sides = [stored_condition(state, node.left), stored_condition(state, node.right)]
        return place(ast.BoolOp(operator, sides), node)
    if is_query_operator(node):
        return no_such_operator(state, node)
    return condition(state, node)


def no_such_operator(state: CompilerState, node: Binary | Between) -> ast.expr:
    """What raises for an operator that only a `where` has."""
    hint = f"`{node.operator}` works in the where of a query; put the condition in backticks, or use a filter"
    message = f"Invalid op: {node.operator}"
    return call(state.linker.helper(fail), node, constant(message, node), constant(hint, node))


def condition(state: CompilerState, node: Expression) -> ast.expr:
    """A Python expression whose Python truth is the XanoScript truth of a node."""
    inner = ungrouped(node)
    if isinstance(inner, Binary) and inner.operator in ("&&", "||"):
        operator = ast.And() if inner.operator == "&&" else ast.Or()
        return place(ast.BoolOp(operator, [condition(state, inner.left), condition(state, inner.right)]), inner)
    if isinstance(inner, Unary) and inner.operator == "!":
        return place(ast.UnaryOp(ast.Not(), condition(state, inner.operand)), inner)
    if isinstance(inner, Quoted) and inner.expression is not None:
        return condition(state, inner.expression)
    if isinstance(inner, Literal):
        return constant(truthy(inner.value), inner)
    value = state.read(inner)
    return value if is_boolean(state, inner) else truth(state, value, state.kinds.of(inner), inner)


def truth(state: CompilerState, value: ast.expr, kind: Kind, inner: Located) -> ast.expr:
    """A Python expression whose Python truth is the XanoScript truth of a value."""
    if kind.within(_TRUE_AS_IN_PYTHON):
        return value
    first, later = state.simple(value, inner)
    if kind.within(TEXT):
        return expression("A and B != '0'", inner, A=first, B=later)
    return expression("B if A.__class__ is bool else truthy(B)", inner, A=first, B=later)


def is_boolean(state: CompilerState, node: Expression) -> bool:
    """Does the node always give a bool?"""
    node = ungrouped(node)
    if isinstance(node, Binary):
        return node.operator in _BOOLEAN_OPERATORS or node.operator.startswith("not ")
    if isinstance(node, Unary):
        return node.operator == "!"
    if isinstance(node, FilterCall):
        record = registry.find_filter(node.name)
        if record is not None and goes_into_lists(state, record, node):
            return False
        return record is not None and record.function.__annotations__.get("return") in ("bool", bool)
    return isinstance(node, Between) or state.kinds.of(node).within(BOOL)


def boolean(state: CompilerState, node: Expression) -> ast.expr:
    """The truth of a node as a Python bool."""
    value = condition(state, node)
    return value if is_boolean(state, node) or isinstance(value, ast.Constant) else call("bool", node, value)


@compiles(Binary)
def compile_binary(state: CompilerState, node: Binary) -> ast.expr:
    operator = node.operator
    if operator in _ARITHMETIC:
        return arithmetic(state, node)
    if operator in ("&&", "||"):
        return condition_as_bool(state, node)
    if operator in COMPARISON:
        return comparison(state, node)
    if operator in _EQUALITY:
        return equality(state, node)
    if operator in ("~", "++"):
        return concatenation(state, node)
    if operator in ("??", "?:"):
        return fallback(state, node)
    if operator == "..":
        return call("number_range", node, name("context", node), state.read(node.left), state.read(node.right))
    return word_operator(state, node, operator)


def word_operator(state: CompilerState, node: Binary, operator: str) -> ast.expr:
    negated = operator.startswith("not ")
    function = _WORD_OPERATORS.get(operator.removeprefix("not "))
    if function is None:
        return no_such_operator(state, node)
    found = call(function, node, state.read(node.left), state.read(node.right))
    return place(ast.UnaryOp(ast.Not(), found), node) if negated else found


def condition_as_bool(state: CompilerState, node: Binary) -> ast.expr:
    """`&&` and `||` as values give booleans (evidence c)."""
    operator = ast.And() if node.operator == "&&" else ast.Or()
    sides = [boolean(state, side) for side in (node.left, node.right)]
    return place(ast.BoolOp(operator, sides), node)


def equality(state: CompilerState, node: Binary) -> ast.expr:
    left, right = state.read(node.left), state.read(node.right)
    one, two = state.kinds.of(node.left), state.kinds.of(node.right)
    negated = node.operator in ("!=", "!==")
    if isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
        left, right, one, two = right, left, two, one  # a constant has no say in the order
    if node.operator in ("===", "!=="):
        made = identity(state, node, left, right, one, two)
    elif isinstance(right, ast.Constant):
        made = equal_to_constant(state, node, left, right, one)
    else:
        made = loose_equality(state, node, left, right, one, two)
    if made is None:
        return call(_EQUALITY[node.operator], node, left, right)
    return place(ast.UnaryOp(ast.Not(), made), node) if negated else made


def identity(
    state: CompilerState, node: Binary, left: ast.expr, right: ast.expr, one: Kind, two: Kind
) -> ast.expr | None:
    """`===` in line, where the class of one side is known."""
    if any(one.within(single) and two.within(single) for single in (INT, DECIMAL, BOOL, TEXT)):
        return expression("A == B", node, A=left, B=right)
    if not isinstance(right, ast.Constant) or isinstance(left, ast.Constant):
        return None
    if right.value is None or right.value.__class__ is bool:
        return expression("A is B", node, A=left, B=right)
    first, later = state.simple(left, node)
    template = f"A.__class__ is {right.value.__class__.__name__} and B == C"
    return expression(template, node, A=first, B=later, C=right)


def equal_to_constant(
    state: CompilerState, node: Binary, left: ast.expr, right: ast.expr, one: Kind
) -> ast.expr | None:
    """`==` with a literal on one side."""
    value = right.value  # type: ignore[attr-defined]
    if isinstance(left, ast.Constant):
        return None
    slow = partial(call, "loose_equal", node)
    if value is None:
        return expression("not A", node, A=left)  # "0" is not null, all else that is empty is
    if value.__class__ is bool:  # the truth of the other side decides
        return expression("not not A" if value else "not A", node, A=truth(state, left, one, node))
    if value.__class__ is not str:
        if one.within(NUMBER):
            return expression("A == B", node, A=left, B=right)
        return Guarded(state, node, left, right).code("A == B", ["A.__class__ is int"], slow)
    equal = "A == B"
    if parse_number(value) is not None:  # then other spellings of the number are equal too
        equal += " or len(A) > 1 and A < ':' and SLOW" if len(value) == 1 else " or A < ':' and SLOW"
    return Guarded(state, node, left, right).code(equal, ["" if one.within(TEXT) else "A.__class__ is str"], slow)


def loose_equality(
    state: CompilerState, node: Binary, left: ast.expr, right: ast.expr, one: Kind, two: Kind
) -> ast.expr | None:
    """`==` of two computed values: numbers and texts in line."""
    for classes in (NUMBER, BOOL):
        if one.within(classes) and two.within(classes):
            return expression("A == B", node, A=left, B=right)
    first, a = state.simple(left, node)
    second, b = state.simple(right, node)
    slow = call("loose_equal", node, a, b)
    parts = {"A": first, "B": second, "C": a, "D": b, "SLOW": slow}
    asked = ("C < ':'", "D < ':'")  # no text from ":" on is a number
    if (answer := Texts.answer(state.scope, second)) is not None:
        asked = (answer, "C < ':'")
    elif (answer := Texts.answer(state.scope, first)) is not None:
        asked = (answer, "D < ':'")
    texts = f"C == D or {' and '.join(asked)} and SLOW"
    for known, given, test in ((one, first, "B"), (two, second, "A")):
        if known.within(TEXT) and is_simple(given):
            return expression(f"({texts}) if {test}.__class__ is str else SLOW", node, **parts)
    ints = one.classes & INT and two.classes & INT
    template = "C == D if A.__class__ is B.__class__ is int else " if ints else ""
    if one.classes & TEXT and two.classes & TEXT:
        again = "C.__class__ is D.__class__" if ints else "A.__class__ is B.__class__"
        template += f"({texts}) if {again} is str else "
    return expression(f"{template}SLOW", node, **parts) if template else None


def concatenation(state: CompilerState, node: Binary) -> ast.expr:
    """A chain of `~` as one join, so that a long one stays linear and is checked once."""
    parts: list[Expression] = []

    def gather(side: Expression) -> None:
        if isinstance(side, Binary) and side.operator in ("~", "++"):
            gather(side.left)
            gather(side.right)
        else:
            parts.append(side)

    gather(node)
    return joined(state, parts, node)


def joined(state: CompilerState, parts: list[Expression], at: Located) -> ast.expr:
    """The parts as one text."""
    plain = [state.kinds.without_to_text(part) for part in parts]
    values = [state.read(part) for part in plain]
    kinds = [state.kinds.of(part) for part in plain]
    if len(values) == 1 and kinds[0].within(TEXT):
        return values[0]
    ints = [kind.within(INT) for kind in kinds]
    pieces = [text_piece(state, value, at) for value in values]
    lengths = [_INT_LENGTH if of_int else _length(piece) for piece, of_int in zip(pieces, ints, strict=True)]
    if sum(lengths) < _SHORT:
        return place(ast.JoinedStr(pieces), at)
    return short_text(state, values, kinds, at) or call("concatenate_all", at, name("context", at), *values)


def short_text(state: CompilerState, values: list[ast.expr], kinds: list[Kind], node: Located) -> ast.expr | None:
    """Texts and ints joined in line, as long as the result is short; None when that would evaluate a part twice."""
    if sum(not is_simple(value) for value in values) > 1:
        return None
    pairs = [state.simple(value, node) for value in values]
    tests = []
    for (first, later), kind in sorted(zip(pairs, kinds, strict=True), key=lambda pair: is_simple(pair[0][0])):
        known = kind.within(TEXT | INT)
        if known and not is_simple(first):
            tests.append(expression("A.__class__", node, A=first))  # it is evaluated first; a class is true
        elif not known and not isinstance(later, ast.Constant):
            template = "A.__class__ is str or B.__class__ is int" if kind.classes & INT else "A.__class__ is str"
            tests.append(expression(template, node, A=first, B=later))
    joined = place(ast.JoinedStr([text_piece(state, later, node) for _, later in pairs]), node)
    made = state.scope.temporary()
    tests.append(expression(f"len(T := JOINED) < {_SHORT}", node, T=made, JOINED=joined))
    slow = call("concatenate_all", node, name("context", node), *[later for _, later in pairs])
    test = tests[0] if len(tests) == 1 else place(ast.BoolOp(ast.And(), tests), node)
    return place(ast.IfExp(test, name(made, node), slow), node)


def text_piece(state: CompilerState, value: ast.expr, at: Located) -> ast.expr:
    """A part of an f-string."""
    if isinstance(value, ast.Constant):
        return constant(to_text(value.value), at)
    return place(ast.FormattedValue(value, -1, None), at)


@reads(Binary)
def read_binary(state: CompilerState, node: Binary) -> ast.expr | None:
    """A fallback whose values nothing keeps; other operators keep nothing anyhow."""
    return fallback(state, node, keep=False) if node.operator in ("??", "?:") else None


def fallback(state: CompilerState, node: Binary, *, keep: bool = True) -> ast.expr:
    """`a ?? b`: b when a is null or its path is missing; `a ?: b`: b when a is falsy."""
    left = kept_tolerant(state, node.left) if keep else tolerant(state, node.left)
    right = state.value(node.right) if keep else state.read(node.right)
    temporary = state.scope.temporary()
    if node.operator == "??":
        return expression("V if (V := A) is not None else B", node, V=temporary, A=left, B=right)
    return expression("V if truthy(V := A) else B", node, V=temporary, A=left, B=right)


@compiles(Between)
def compile_between(state: CompilerState, node: Between) -> ast.expr:
    if node.operator.endswith("?"):
        return no_such_operator(state, node)
    found = call("between", node, state.read(node.operand), state.read(node.low), state.read(node.high))
    return place(ast.UnaryOp(ast.Not(), found), node) if node.operator.startswith("not") else found


@compiles(Unary)
def compile_unary(state: CompilerState, node: Unary) -> ast.expr:
    if node.operator == "!":
        return place(ast.UnaryOp(ast.Not(), condition(state, node.operand)), node)
    if node.operand.__class__ is Now:
        return call("refuse_now", node, state.read(node.operand), constant(0, node))
    kind = state.kinds.of(node.operand)
    if node.operator == "-" and (kind.within(DECIMAL) or (kind.within(INT) and state.kinds.of(node).within(INT))):
        return place(ast.UnaryOp(ast.USub(), state.read(node.operand)), node)
    return call("negate" if node.operator == "-" else "to_number", node, state.read(node.operand))


@compiles(Ternary)
def compile_ternary(state: CompilerState, node: Ternary) -> ast.expr:
    return place(ast.IfExp(condition(state, node.condition), state.value(node.then), state.value(node.otherwise)), node)


def _length(piece: ast.expr) -> int:
    """The characters of a part of an f-string that is a constant; of another, too many."""
    return len(piece.value) if isinstance(piece, ast.Constant) and isinstance(piece.value, str) else _SHORT
