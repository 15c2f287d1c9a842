"""Functions that call themselves."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from xsrun.hints import NamedTuple
from xsrun.syntax.nodes import (
    Attribute,
    Binary,
    Expression,
    Group,
    Literal,
    Name,
    Node,
    Path,
    Quoted,
    Segment,
    Statement,
    Unary,
    Variable,
)

#: An expression of more nodes is not worth writing at each call.
_MOST = 16
#: What a base case may be made of.
_NODES = (Binary, Group, Literal, Path, Quoted, Segment, Unary, Variable)


def calls(node: Node, function: str | None) -> bool:
    """Is a statement a plain call of a function, neither asynchronous nor with mocks?"""
    if not isinstance(node, Statement) or node.name != "function.run" or not isinstance(node.target, Name):
        return False
    more = {item.name for item in node.attributes()} - {"input", "description"}
    return node.target.text == function and not more and not node.blocks("mock")


class BaseCase(NamedTuple):
    """The condition that a function begins with, and what it returns where that holds."""

    condition: Expression
    value: Expression


class Recursion(NamedTuple):
    """A function that calls itself: what these calls give is what its returns and its response give."""

    name: str
    response: Expression | None
    base_case: BaseCase | None = None


def base_case_of(items: Iterable[Node]) -> BaseCase | None:
    """The base case of a function, of which these are the statements."""
    first = next((item for item in items if isinstance(item, Statement)), None)
    arm = _only(first, "conditional", "if")
    left = _only(arm, "if", "return")
    inside = left.body.items if left is not None and left.body is not None else []
    if arm is None or left is None or left.disabled:
        return None
    match arm.target, inside:
        case Expression() as condition, [Attribute(name="value", disabled=False, value=value)]:
            return BaseCase(condition, value) if _is_plain(condition) and _is_plain(value) else None
    return None


def _only(statement: Statement | None, name: str, inner: str) -> Statement | None:
    """The statement of a name that is all there is in a statement of another name, which runs."""
    if statement is None or statement.name != name or statement.disabled or statement.body is None:
        return None
    match statement.body.items:
        case [Statement(name=only) as found] if only == inner:
            return found
    return None


def _is_plain(part: Expression) -> bool:
    """Is an expression short, and made of inputs, literals and operators alone?"""
    nodes = list(islice(part.walk(), _MOST + 1))
    return len(nodes) <= _MOST and all(
        isinstance(node, _NODES) and (not isinstance(node, Variable) or node.name == "input") for node in nodes
    )
