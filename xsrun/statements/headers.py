"""What stands in the header of a statement, for several namespaces."""

from __future__ import annotations

from xsrun.hints import TYPE_CHECKING
from xsrun.registry import demands
from xsrun.syntax.nodes import Expression, Group, Name, Statement

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


def subject_of(compiler: Compiler, node: Statement) -> Expression:
    """The expression in parentheses of a header."""
    if node.name in demands.ARMS:
        compiler.demand(demands.arm(node))
    target = compiler.target(node)
    return target.expression if isinstance(target, Group) else target


def table_name(compiler: Compiler, node: Statement) -> str:
    """The table in the header of a statement."""
    assert isinstance(node.target, Name), node.name
    return node.target.text
