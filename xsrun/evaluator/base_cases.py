"""Calls of a function by itself that it answers at once.

    conditional {
      if ($input.n < 2) {
        return { value = $input.n }
      }
    }

A function that begins so has a base case, which ends half of all calls of a recursion into two. Where the function
calls itself the condition is tested before the call, with the arguments in place of the inputs, and where it holds
there is no call: recursion takes a third less time. Such a call counts no step; each that is made has a bounded number
of them, so that a recursion without an end is found as before. The function does not ask again: `bound` is None.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from xsrun.evaluator.operators import stored_condition
from xsrun.evaluator.quasiquote import assign, constant, expression, name
from xsrun.evaluator.recursion import BaseCase, Recursion
from xsrun.evaluator.state import CompilerState
from xsrun.syntax.nodes import Located

#: Python code that cannot fail, when the kinds of its operands are known.
_SAFE = (
    ast.Name,
    ast.Constant,
    ast.Compare,
    ast.BoolOp,
    ast.UnaryOp,
    ast.BinOp,
    ast.NamedExpr,
    ast.IfExp,
    ast.expr_context,
    ast.boolop,
    ast.unaryop,
    ast.cmpop,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Mod,
)


def unless_answered(
    state: CompilerState,
    arguments: list[ast.expr],
    at: Located,
    called: Callable[[list[ast.expr]], ast.expr],
) -> ast.expr:
    """What a call of the function by itself gives: its base case, else what `called` makes of the arguments.

    `arguments` are all inputs in their order, of the types that are declared. Those that both need get names.
    """
    inputs = state.scope.inputs
    own = set(inputs.values())
    names = [one.id if isinstance(one, ast.Name) and one.id in own else state.scope.temporary() for one in arguments]
    case = state.recursion.base_case if state.recursion is not None else None
    answer = _answer(state, case, dict(zip(inputs, names, strict=True))) if case is not None else None
    if answer is None:
        return called(arguments)
    for local, argument in zip(names, arguments, strict=True):
        if local not in own:
            state.emit(assign(local, argument, at))
    condition, value = answer
    template = "VALUE if CONDITION and depth < context.depth_limit else CALL"
    made = called([name(local, at) for local in names])
    assert isinstance(made, ast.Call)
    made.args[-1] = constant(None, at)
    return expression(template, at, VALUE=value, CONDITION=condition, CALL=made)


def taken_from(stack: list[ast.stmt], recursion: Recursion | None) -> list[ast.stmt]:
    """Take the base case out of the code of a function that begins with it."""
    if recursion is None or recursion.base_case is None or not stack:
        return []
    match stack[0]:
        case ast.If(body=[ast.Return()], orelse=[]) as found:
            del stack[0]
            return [found]
    return []


def _answer(state: CompilerState, case: BaseCase, inputs: dict[str, str]) -> tuple[ast.expr, ast.expr] | None:
    """The condition and the value, with other locals for the inputs; None when they may fail."""
    scope = state.scope
    own, scope.inputs = scope.inputs, inputs
    try:
        with state.narrowing():
            state.forget()
            answer = stored_condition(state, case.condition), state.value(case.value)
    finally:
        scope.inputs = own
    return answer if all(_cannot_fail(node) for part in answer for node in ast.walk(part)) else None


def _cannot_fail(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "clamp_int"
    if isinstance(node, ast.Attribute):
        return node.attr == "__class__"
    return isinstance(node, _SAFE)
