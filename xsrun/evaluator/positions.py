"""Positions in lists that are read without asking first whether they are there.

    var.update $grid[$i + 1][$j + 1] { value = $grid[$i][$j] + 1 }

Python asks anyhow, and raises IndexError. So a statement in a loop that computes and stores, and does nothing else, is
written twice: without these tests and, for where one would have failed, with them. Entering the first costs nothing. A
table of two dimensions takes a third less time so (CPython 3.11 and 3.13). The position that is written to keeps its
test: behind the last one is where lists grow.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from xsrun.evaluator.arithmetic import COMPARISON, SLOW
from xsrun.evaluator.hoisting import PUSHES
from xsrun.evaluator.quasiquote import statements
from xsrun.evaluator.state import CompilerState
from xsrun.syntax.nodes import Expression, Literal, Located, Path, Statement

#: Loops around a statement that becomes one more block in Python, which compiles twenty inside one another.
_MOST_LOOPS = 6
#: What may be called twice for one statement.
_REPEATABLE = frozenset(("assign", "clamp_int", "element", "filled_path", "int", "len", "member"))
_REPEATABLE |= {*SLOW.values(), *COMPARISON.values()}


def attempt(state: CompilerState, node: Statement, emit: Callable[[], None], at: Located) -> None:
    """Emit the code of a statement that only computes and stores, by a function that may run twice."""
    if not _is_worth_it(state, node):
        emit()
        return
    scope = state.scope
    assigned, named = set(scope.assigned), dict(scope.named)
    pushes = scope.loops[-1].get(PUSHES) or []
    known = len(pushes)
    state.left_out = 0
    with state.collecting() as fast:
        emit()
    left_out, state.left_out = state.left_out, None
    if not left_out:
        state.emit(fast)
        return
    # nothing of the first code has run where the second does
    scope.assigned, scope.named = assigned, named
    with state.collecting() as slow:
        del pushes[known:]
        emit()
    if all(_is_repeatable(one) for statement in fast for one in ast.walk(statement)):
        slow = statements("try:\n    FAST\nexcept IndexError:\n    SLOW", at, FAST=fast, SLOW=slow)
    state.emit(slow)


def _is_worth_it(state: CompilerState, node: Statement) -> bool:
    scope = state.scope
    around = not (state.trace or scope.elements or scope.nested) and 0 < len(scope.loops) <= _MOST_LOOPS
    return around and any(_has_position(one) for one in node.walk() if isinstance(one, Path))


class _Slow(ast.NodeTransformer):
    """Puts what is to be done where a test would have failed in place of both."""

    def visit_Try(self, node: ast.Try) -> ast.AST | list[ast.stmt]:
        match node.handlers:
            case [ast.ExceptHandler(type=ast.Name(id="IndexError"), body=slow)]:
                return slow
        return self.generic_visit(node)


def without_attempts(module: ast.Module) -> ast.Module:
    """The code of a module with all tests, and without the blocks that leaving them out takes."""
    _Slow().visit(module)
    return module


def _has_position(path: Path) -> bool:
    """Does a path have a key that is computed?"""
    return any(isinstance(one.key, Expression) and not isinstance(one.key, Literal) for one in path.segments)


def _is_repeatable(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return True
    if isinstance(node.func, ast.Attribute):
        return node.func.attr == "holds"
    return isinstance(node.func, ast.Name) and node.func.id in _REPEATABLE
