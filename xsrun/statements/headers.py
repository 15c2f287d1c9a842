"""What stands in the header of a statement, for several namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.evaluator.quasiquote import statement_position
from xsrun.syntax.nodes import Expression, Group, Name, Statement

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


def subject_of(compiler: Compiler, node: Statement) -> Expression:
    """The expression in parentheses of a header."""
    target = node.target
    if isinstance(target, Group):
        return target.expression
    if isinstance(target, Expression):
        return target
    raise compiler.refuse("XS313", f"`{node.name}` needs a value in parentheses", statement_position(node))


def table_name(compiler: Compiler, node: Statement) -> str:
    """The table in the header of a statement."""
    if isinstance(node.target, Name) and node.target.text:
        return node.target.text
    hint = f'for example {node.name} "user" {{ }}'
    message = f"the name of a table must follow `{node.name}`"
    raise compiler.refuse("XS307", message, statement_position(node), hint)
