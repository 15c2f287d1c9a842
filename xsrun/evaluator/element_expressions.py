"""Expressions that are evaluated for each element of a list."""

from __future__ import annotations

import ast
from collections.abc import Callable

from xsrun.evaluator.generated import collections
from xsrun.evaluator.operators import condition as true_condition
from xsrun.evaluator.operators import stored_condition
from xsrun.evaluator.quasiquote import call, constant, expression, function, name
from xsrun.evaluator.state import CompilerState
from xsrun.syntax.nodes import Expression, Located
from xsrun.values.conversion import Value


def element_call(
    state: CompilerState,
    helper: Callable[..., Value],
    value: ast.expr,
    node: Expression,
    at: Located,
    *more: ast.expr,
    condition: bool = False,
    stored: bool = False,
    result: bool = False,
) -> ast.expr:
    """A call of a function of `generated.collections` with a value and an expression over its elements."""
    choosing = collections.WHOLE.get(helper)
    made, positions = element_function(
        state, node, condition=condition, stored=stored, result=result, choosing=choosing
    )
    identifier = state.linker.helper(helper)
    return call(identifier, at, name("context", at), value, made, constant(positions, at), *more)


def element_function(
    state: CompilerState,
    node: Expression,
    *,
    condition: bool,
    result: bool,
    stored: bool = False,
    choosing: bool | None = None,
) -> tuple[ast.expr, bool | None]:
    """The expression as a lambda, and whether it takes `$index` and `$parent` too, because it needs them.

    `condition`: its Python truth is what counts; `stored`: it is that of a statement's `if`. `result`: it takes
    `$result` in front. `choosing`, if given: where it needs the element only, it may be a function of all elements,
    which gives those it holds for, or all results.
    """
    names = {root: state.scope.fresh(root + "_") for root in ("this", "index", "parent")}
    if result:
        names["result"] = state.scope.fresh("result_")
    with state.scope.element({**names, "$": names["this"]}):
        look = stored_condition if stored else true_condition
        body = look(state, node) if condition else state.value(node)
    used = {inner.id for inner in ast.walk(body) if isinstance(inner, ast.Name)}
    positions = names["index"] in used or names["parent"] in used
    parameters = [names["this"], names["index"], names["parent"]] if positions else [names["this"]]
    if result:
        parameters.insert(0, names["result"])
    if choosing is not None and not positions and not state.trace:  # what is traced keeps `$this` as a parameter
        template = "[THIS for THIS in ITEMS if BODY]" if choosing else "[BODY for THIS in ITEMS]"
        items = state.scope.fresh("items_")
        return function([items], expression(template, node, BODY=body, THIS=names["this"], ITEMS=items), node), None
    return function(parameters, body, node), positions
