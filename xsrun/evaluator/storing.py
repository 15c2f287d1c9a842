"""Storing values in variables and at paths below them; in line, where the variable owns the containers on the way."""

from __future__ import annotations

import ast
from collections.abc import Callable

from xsrun import registry
from xsrun.evaluator.arithmetic import bounded_afterwards
from xsrun.evaluator.builtin_calls import builtin_call
from xsrun.evaluator.changes import owned_call, owner_name
from xsrun.evaluator.filter_arguments import lacking_arguments, without_surplus
from xsrun.evaluator.filters import failing, unknown_filter
from xsrun.evaluator.kinds import ANY, INT, NATURAL, OBJECT, TEXT, Kind, member_of
from xsrun.evaluator.quasiquote import (
    Part,
    assign,
    call,
    is_simple,
    name,
    place,
    statement_position,
    statements,
    tuple_of,
)
from xsrun.evaluator.state import CompilerState
from xsrun.evaluator.variables import key_value, kind_of_key
from xsrun.names.places import Place, place_of, root_of
from xsrun.registry import demands
from xsrun.syntax.nodes import Expression, FilterCall, Located, Segment, Statement

_STORE = """
if O.root is VTEST:
    V[K] = T
else:
    SLOW
"""
_STORE_IN_EITHER = """
if O.root is VTEST:
    V[K] = T
elif O.root is V and V.__class__ is dict and K.__class__ is str:
    V[K] = T
else:
    SLOW
"""
_STORE_BELOW = """
if O.root is VTEST and ((C := V[K]) is O.recent or O.holds(C, V))BELOW:
    C[J] = T
else:
    SLOW
"""


def store_in_line(
    state: CompilerState,
    root: str,
    holder: Kind,
    keys: list[tuple[ast.expr, Kind]],
    item: ast.expr,
    child: str,
    slow: list[ast.stmt],
    at: Located,
) -> list[ast.stmt]:
    """Store at one key, or two, in containers that the variable owns: without a call.

    `holder` is what the variable can hold, keys come with what they can be. `slow` is for everything else; `child` is a
    free name.
    """
    if len(keys) > 2:
        return slow
    key, kind = keys[0]
    parts: dict[str, Part] = {"V": f"v_{root}", "O": owner_name(root), "K": key, "T": item, "SLOW": slow}
    if len(keys) == 1:
        template = _STORE if kind.within(INT) or kind.within(TEXT) else _STORE_IN_EITHER
        return statements(template.replace("TEST", _and(place_test("V", "K", kind, holder))), at, **parts)
    below, kind_below = keys[1]
    there = _and("K in V") if kind.within(TEXT) else ""
    template = _STORE_BELOW.replace("BELOW", _and(place_test("C", "J", kind_below, member_of(holder))))
    found = place_test("V", "K", kind, holder, state.inside if kind.within(NATURAL) else str)
    template = template.replace("TEST", _and(found) + there)
    return statements(template, at, J=below, C=child, **parts)


def _and(test: str) -> str:
    return f" and {test}" if test else ""


def place_test(container: str, key: str, kind: Kind, holder: Kind = ANY, inside: Callable[[str], str] = str) -> str:
    """The test that a key names a place in a container: of an object if it is a text, else of a list; nothing when the
    container surely is an object. `inside` may leave out the test of the end (see `CompilerState.inside`)."""
    if kind.within(TEXT):
        return "" if holder.within(OBJECT) else f"{container}.__class__ is dict"
    whole = "" if kind.within(INT) else f" and {key}.__class__ is int"
    start = "" if kind.within(NATURAL) else "0 <= "
    return f"{container}.__class__ is list{whole}{_and(inside(f'{start}{key} < len({container})'))}"


def changeable(state: CompilerState, node: Expression) -> Place:
    """The variable and the segments that a header or result names."""
    state.demand(demands.unchanging(node))
    place = place_of(node)
    assert place is not None
    return place


def store(state: CompilerState, target: Expression, value: ast.expr, at: Located) -> None:
    """Emit the assignment of a value to a variable or a path below one."""
    root, segments = changeable(state, target)
    if not segments:
        state.emit(bounded_afterwards(f"v_{root}", value, at) or assign(f"v_{root}", value, at))
        if isinstance(value, (ast.List, ast.Dict)) and root in state.scope.owners:  # a new one, in no other hands
            state.emit(place(ast.Expr(owned_call("start", root, at, name(f"v_{root}", at))), at))
    else:
        store_below(state, root, segments, value, at)
    state.scope.assigned.add(root)


def store_below(state: CompilerState, root: str, segments: list[Segment], value: ast.expr, at: Located) -> None:
    """Emit the assignment of a value to a path below a variable: where it is, or with copies of what is shared."""
    local = name(f"v_{root}", at)
    holder = state.kinds.variables.get(root, ANY) if root in state.scope.assigned else ANY
    item, keys = held(state, value, at, root), held_keys(state, segments, at, root)
    ensure_set(state, root, at)
    changed = call("assign", at, owned(state, root, len(segments) > 1, at), local, tuple_of(keys, at), item)
    known = [(key, kind_of_key(state, segment)) for key, segment in zip(keys, segments, strict=True)]
    child = state.scope.fresh("child_")
    state.emit(store_in_line(state, root, holder, known, item, child, [assign(f"v_{root}", changed, at)], at))


def owned(state: CompilerState, root: str, below: bool, at: Located) -> ast.expr:
    """What a variable owns, for code that changes it in place; with `below`, containers below it too."""
    changes = state.scope.changes
    assert root in state.scope.owners and (root in changes.below or not below), (
        f"${root} is changed in place: the statement is to be declared with changes_target"
    )
    return name(owner_name(root), at)


def held(state: CompilerState, value: ast.expr, at: Located, changed: str) -> ast.expr:
    """A value that is computed now and used later, while a variable changes."""
    if isinstance(value, ast.Constant) or (
        isinstance(value, ast.Name) and value.id != f"v_{changed}" and value.id.startswith("v_")
    ):
        return value
    temporary = state.scope.fresh("held_")
    state.emit(assign(temporary, value, at))
    return name(temporary, at)


def held_keys(state: CompilerState, segments: list[Segment], at: Located, changed: str) -> list[ast.expr]:
    """The keys of a path, each computed once."""
    keys = []
    for segment in segments:
        key = key_value(state, segment)
        keys.append(key if is_simple(key) else held(state, key, at, changed))
    return keys


def ensure_set(state: CompilerState, root: str, at: Located) -> None:
    """Give a variable that may be unset the value null, so that a path below it can be made."""
    if root not in state.scope.assigned:
        state.emit(statements("try:\n    V\nexcept NameError:\n    V = None", at, V=f"v_{root}"))


def bind_result(state: CompilerState, node: Statement, value: ast.expr) -> None:
    """Emit the evaluation of a statement's value, bound to what follows its `as`, if anything does."""
    if node.result is None:
        state.emit(place(ast.Expr(value), statement_position(node)))
    else:
        bind(state, node.result, value, statement_position(node))


def bind(state: CompilerState, result: Expression, value: ast.expr, at: Located) -> None:
    """Assign to a result place; filters after the variable are applied first (`as $r|first`)."""
    chain: list[FilterCall] = []
    while isinstance(result, FilterCall) and result.operand is not None:
        chain.append(result)
        result = result.operand
    for filter_call in reversed(chain):
        temporary = state.scope.fresh()
        state.emit(assign(temporary, value, at))
        with state.scope.element({"$piped": temporary}, binds_this=False):
            value = apply_filter(state, filter_call, name(temporary, at))
    store(state, result, value, at)


def apply_filter(state: CompilerState, node: FilterCall, operand: ast.expr) -> ast.expr:
    record = registry.find_filter(node.name)
    if record is None:
        return unknown_filter(state, node)
    lacking = lacking_arguments(record, node)
    if lacking:
        return failing(state, lacking, None, node)
    node = without_surplus(record, node)
    if record.form:
        made: ast.expr = record.function(state, operand, node)
        return made
    return builtin_call(state, record, [operand, *map(state.value, node.arguments)], node)


def note_assigned(state: CompilerState, result: Expression) -> None:
    root = root_of(result)
    if root is not None:
        state.scope.assigned.add(root)
