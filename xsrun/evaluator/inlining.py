"""The filters that programs use most, in line for the values they are mostly used on.

A rule gives the fast code and the tests that must hold for it, or None; whatever fails them goes to the filter itself.
A, B and C stand for the piped value and the arguments.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from xsrun.evaluator.arithmetic import arithmetic
from xsrun.evaluator.builtin_calls import builtin_call, gives_scalar
from xsrun.evaluator.guards import LETTERS, Guarded
from xsrun.evaluator.inference import CONTAINER, INT, LIST, NATURAL, NUMBER, OBJECT, TEXT, Kind
from xsrun.evaluator.quasiquote import Part, call, constant, is_simple, list_of, place
from xsrun.evaluator.state import CompilerState
from xsrun.syntax.nodes import Binary, FilterCall, Now
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.registry import Builtin

#: Longer paths are left to the filter.
_MOST_KEYS = 4
#: Code of more nodes than this is not written twice.
_MOST_REPEATED = 60
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
#: Filters whose path may be given as a number, or as a number made a text, which is the same.
_BY_PATH = frozenset(("get", "has", "set"))


class FilterUse:
    """One use of a filter: its values as they are compiled, and what they can be."""

    def __init__(self, state: CompilerState, record: Builtin, piped: ast.expr, node: FilterCall) -> None:
        self.state, self.record, self.node = state, record, node
        arguments = list(node.arguments)
        if record.name in _BY_PATH and arguments:
            arguments[0] = state.kinds.without_to_text(arguments[0], NUMBER)
        scalar = gives_scalar(state, record, node)
        self.values = [piped, *map(state.read if scalar else state.value, arguments)]
        self.kinds = [state.kinds.of(one) for one in (node.operand, *arguments)]

    def constant(self, position: int) -> Value:
        """The value of an argument that is a literal; Ellipsis for any other."""
        value = self.values[position]
        return value.value if isinstance(value, ast.Constant) else ...

    def test(self, position: int, classes: int, name: str) -> str:
        """The test that a value is of a Python class; empty when it surely is of these."""
        kind: Kind = self.kinds[position]
        return "" if kind.within(classes) else f"{LETTERS[position]}.__class__ is {name}"

    def count(self, position: int) -> list[str] | None:
        """The tests that an argument is an int that is not negative; None when it cannot be one."""
        value = self.constant(position)
        if value is not ...:
            return [] if value.__class__ is int and value >= 0 else None
        if not self.kinds[position].classes & INT:
            return None
        sign = "" if self.kinds[position].within(NATURAL) else f"{LETTERS[position]} >= 0"
        return [self.test(position, INT, "int"), sign]

    def made(self, fast: str, *tests: str, **more: Part) -> ast.expr:
        """The fast code where the tests hold, else a call of the filter."""
        return Guarded(self.state, self.node, *self.values).code(fast, tests, self.called, **more)

    def called(self, *values: ast.expr) -> ast.expr:
        """A call of the filter."""
        return builtin_call(self.state, self.record, list(values), self.node)


def as_operator(state: CompilerState, record: Builtin, node: FilterCall) -> ast.expr | None:
    """A filter as the operator that does the same, or None."""
    sign = _SIGNS.get(record.name)
    if sign is None or node.operand is None or Now in (node.operand.__class__, node.arguments[0].__class__):
        return None
    return arithmetic(state, state.positioned(Binary(node.operand, sign, node.arguments[0]), node))


def filtered(state: CompilerState, record: Builtin, piped: ast.expr, node: FilterCall) -> ast.expr:
    """A filter that is a function: in line as far as there is a rule, else called."""
    use = FilterUse(state, record, piped, node)
    rule = _RULES.get(record.name)
    made = rule(use) if rule is not None and not isinstance(piped, ast.Constant) else None
    return made or use.called(*use.values)


# Sizes and members ---------------------------------------------------------------------------------------------------


def count(use: FilterUse) -> ast.expr:
    return use.made("len(A)", use.test(0, CONTAINER, "list"))


def strlen(use: FilterUse) -> ast.expr:
    return use.made("len(A)", use.test(0, TEXT, "str"))


def first(use: FilterUse) -> ast.expr:
    return use.made("A[0]", use.test(0, LIST, "list"), "A")


def last(use: FilterUse) -> ast.expr:
    return use.made("A[-1]", use.test(0, LIST, "list"), "A")


def get(use: FilterUse) -> ast.expr | None:
    """A name of an object, or a position of a list. A text of letters and digits is one key."""
    if len(use.values) == 3 and not is_simple(use.values[2]):
        return None
    key = use.constant(1)
    if key.__class__ is str:
        return _get_below(use, key.split("."))
    if use.kinds[1].within(TEXT):
        return use.made("A[B]", use.test(0, OBJECT, "dict"), "B in A", "B.isalnum()")
    position = use.count(1)
    if position is None or use.kinds[0].within(OBJECT):
        return None
    return use.made("A[B]", use.test(0, LIST, "list"), *position, "B < len(A)")


def _get_below(use: FilterUse, keys: list[str]) -> ast.expr | None:
    """Names of objects inside objects."""
    if len(keys) > _MOST_KEYS or not all(key.isidentifier() for key in keys):
        return None
    tests = [use.test(0, OBJECT, "dict")]
    parts: dict[str, Part] = {}
    container = "A"
    for number, key in enumerate(keys):
        parts[f"K{number}"] = constant(key, use.node)
        tests.append(f"K{number} in {container}")
        if number + 1 < len(keys):
            parts[f"T{number}"] = use.state.scope.temporary()
            tests.append(f"(T{number} := {container}[K{number}]).__class__ is dict")
            container = f"T{number}"
    return use.made(f"{container}[K{len(keys) - 1}]", *tests, **parts)


def has(use: FilterUse) -> ast.expr | None:
    key = use.constant(1)
    if key.__class__ is str:
        return use.made("B in A", use.test(0, OBJECT, "dict")) if key.isidentifier() else None
    if use.kinds[1].within(TEXT):
        return use.made("B in A", use.test(0, OBJECT, "dict"), "B.isalnum()")
    position = use.count(1)
    if position is None or use.kinds[0].within(OBJECT):
        return None
    return use.made("B < len(A)", use.test(0, LIST, "list"), *position)


def set_(use: FilterUse) -> ast.expr | None:
    key = use.constant(1)
    if key.__class__ is str:
        return use.made("{**A, B: C}", use.test(0, OBJECT, "dict")) if key.isidentifier() else None
    return call("set_member", use.node, *use.values)


# Lists and texts -----------------------------------------------------------------------------------------------------


def push(use: FilterUse) -> ast.expr | None:
    return use.made("[*A, B]", use.test(0, LIST, "list")) if len(use.values) == 2 else None


def merge(use: FilterUse) -> ast.expr | None:
    """Two lists as one; the members of a list literal without the list."""
    if len(use.values) != 2:
        return None
    added = use.values[1]
    if not isinstance(added, ast.List) or sum(1 for _ in ast.walk(added)) > _MOST_REPEATED:
        return use.made("[*A, *B]", use.test(0, LIST, "list"), use.test(1, LIST, "list"))

    def longer(items: ast.expr) -> ast.expr:
        return list_of([place(ast.Starred(items, ast.Load()), use.node), *added.elts], use.node)

    one = Guarded(use.state, use.node, use.values[0])
    return one.code(longer, ["A.__class__ is list"], lambda items: use.called(items, added))


def _part(use: FilterUse) -> tuple[str, list[str]] | None:
    """The part of A that a start and a length tell, and the tests that neither is negative."""
    start = use.count(1)
    if start is None:
        return None
    if len(use.values) == 2 or use.constant(2) is None:
        return "A[B:]", start
    length = use.count(2)
    if length is None:
        return None
    return ("A[:C]" if use.constant(1) == 0 else "A[B:B + C]"), [*start, *length]


def slice_(use: FilterUse) -> ast.expr | None:
    part = _part(use)
    return use.made(part[0], use.test(0, LIST, "list"), *part[1]) if part is not None else None


def substr(use: FilterUse) -> ast.expr | None:
    """Part of a text; one that is not all ASCII may hold stray bytes, which the filter looks for."""
    part = _part(use)
    if part is None:
        return None
    result = f"(R := {part[0]}).isascii()"
    return use.made("R", use.test(0, TEXT, "str"), *part[1], result, R=use.state.scope.temporary())


# Numbers -------------------------------------------------------------------------------------------------------------


def to_text(use: FilterUse) -> ast.expr:
    if use.kinds[0].within(TEXT):
        return use.values[0]
    return use.made("str(A)", use.test(0, INT, "int"))


def to_int(use: FilterUse) -> ast.expr:
    kind = use.kinds[0]
    if kind.within(INT):
        return use.values[0]
    if kind.within(NUMBER):
        return use.made("int(A)", "A > -9e18", "A < 9e18")
    return use.made("A", "A.__class__ is int")


def floor(use: FilterUse) -> ast.expr:
    if use.kinds[0].within(INT):
        return use.values[0]
    if use.kinds[0].within(NUMBER):
        return use.made("A if A.__class__ is int else int(A // 1)", "A > -1e15", "A < 1e15")
    return use.made("A", "A.__class__ is int")


def abs_(use: FilterUse) -> ast.expr:
    if use.kinds[0].within(NATURAL):
        return use.values[0]
    return use.made("A", use.test(0, INT, "int"), "A >= 0")


def _chosen(use: FilterUse, sign: str) -> ast.expr | None:
    if len(use.values) != 2:
        return None
    tests = [use.test(position, NUMBER, "int") for position in (0, 1)]
    if isinstance(use.values[1], ast.Constant) and tests[1]:
        return None
    return use.made(f"B if B {sign} A else A", *tests)


def min_(use: FilterUse) -> ast.expr | None:
    return _chosen(use, "<")


def max_(use: FilterUse) -> ast.expr | None:
    return _chosen(use, ">")


_RULES: dict[str, Callable[[FilterUse], ast.expr | None]] = {
    "count": count,
    "strlen": strlen,
    "first": first,
    "shift": first,
    "last": last,
    "pop": last,
    "get": get,
    "has": has,
    "set": set_,
    "push": push,
    "append": push,
    "merge": merge,
    "slice": slice_,
    "substr": substr,
    "to_text": to_text,
    "to_int": to_int,
    "floor": floor,
    "abs": abs_,
    "min": min_,
    "max": max_,
}
