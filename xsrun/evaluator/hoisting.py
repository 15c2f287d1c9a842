"""What is the same in every pass of a loop, and so is done once.

Comparing texts asks whether both may be numbers, which "1.0" and "1" are, and equal. Of a text that the loop does not
change that is asked before it: looking for one in a list takes 2.3 times what it takes in Python, 2.7 before.

`array.push` makes sure that the variable owns its list and, now and then, that the list is not too long. In a loop that
does nothing else with the list that matters, its first push settles the one for all others, and the other can wait
until the piece of the passes that was counted in advance has ended (see `generated.passes`). Measured on CPython 3.11:
a push of a literal takes 34 ns in place of 84.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from xsrun.evaluator.changes import owner_name
from xsrun.evaluator.quasiquote import statements
from xsrun.evaluator.scope import Scope
from xsrun.hints import Any, NamedTuple
from xsrun.names.bindings import changeable_variables
from xsrun.syntax.nodes import Located, Node

#: Where the innermost loop keeps the pushes in it, among what is known of that loop.
PUSHES = "pushes"


class Texts:
    """The texts that a loop compares and does not change: names of values, and of what tells whether they may be
    numbers."""

    #: where a loop keeps them, among what is known of it
    KEY = "texts"

    def __init__(self, loop: Iterable[Node], set_before: set[str]) -> None:
        self.found: dict[str, str] = {}
        self._set_before = set_before - changeable_variables(loop)

    def emitted(self, at: Located) -> list[ast.stmt]:
        """What is to run before the loop."""
        return [
            one
            for value, answer in self.found.items()
            for one in statements("ANSWER = V.__class__ is str and V < ':'", at, ANSWER=answer, V=value)
        ]

    @staticmethod
    def answer(scope: Scope, value: ast.expr) -> str | None:
        """The name of what tells whether a text may be a number; None for a value that the loop may change."""
        texts: Texts | None = next((loop[Texts.KEY] for loop in reversed(scope.loops) if Texts.KEY in loop), None)
        if texts is None or scope.elements or not isinstance(value, ast.Name):
            return None
        if not (value.id.startswith("i_") or value.id.removeprefix("v_") in texts._set_before):
            return None
        if value.id not in texts.found:
            texts.found[value.id] = scope.fresh("numeric_")
        return texts.found[value.id]


class Push(NamedTuple):
    """The statements of one push to the list in a variable, beside the push itself."""

    variable: str
    own: ast.stmt
    check: ast.stmt


class _Without(ast.NodeTransformer):
    """Takes statements out of others."""

    def __init__(self, gone: set[ast.stmt]) -> None:
        self.gone = gone

    def visit(self, node: ast.AST) -> Any:
        return None if node in self.gone else self.generic_visit(node)


def hoist(code: list[ast.stmt], pushes: list[Push]) -> tuple[list[ast.stmt], list[ast.stmt], list[ast.stmt]]:
    """The statements to run before the passes of a piece, in each pass, and after the passes of the piece."""
    surely = set(_surely_run(code))
    touched = _touched(code, {one for push in pushes for one in (push.own, push.check)})
    moved: dict[str, Push] = {}
    for push in pushes:
        if push.own in surely and not {f"v_{push.variable}", owner_name(push.variable)} & touched:
            moved.setdefault(push.variable, push)
    if not moved:
        return [], code, []
    without = _Without({one for push in pushes if push.variable in moved for one in (push.own, push.check)})
    code = [kept for one in code if (kept := without.visit(one)) is not None]
    checks = [_when_long(push.check) for push in moved.values()]
    return [push.own for push in moved.values()], code, checks


def _when_long(check: ast.stmt) -> ast.stmt:
    """What is asked at every so many members (`not len(L) & 1023`), for a list of any length from there on."""
    match check:
        case ast.If(test=ast.UnaryOp(operand=ast.BinOp(left=length, right=mask)), body=body):
            return ast.copy_location(
                ast.If(ast.copy_location(ast.Compare(length, [ast.Gt()], [mask]), check), body, []), check
            )
    raise AssertionError(ast.unparse(check))


def _surely_run(code: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that every pass runs to its end, unless it fails."""
    found = []
    for one in code:
        if any(isinstance(node, ast.Continue) for node in ast.walk(one)):
            break
        found.append(one)
    return found


def _touched(code: list[ast.stmt], pushes: set[ast.stmt]) -> set[str]:
    """The names that code gives a value, or asks what they own, apart from the statements of the pushes themselves."""
    found: set[str] = set()
    pending: list[ast.AST] = list(code)
    while pending:
        node = pending.pop()
        if node in pushes:
            continue
        if isinstance(node, ast.Name) and (not isinstance(node.ctx, ast.Load) or node.id.startswith("o_")):
            found.add(node.id)
        pending.extend(ast.iter_child_nodes(node))
    return found
