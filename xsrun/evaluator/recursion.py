"""Functions that call themselves."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.hints import NamedTuple
from xsrun.syntax.nodes import (
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

#: What a base case may be made of: inputs, literals and operators.
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
    value: Expression | None


class Recursion(NamedTuple):
    """A function that calls itself: what these calls give is what its returns and its response give."""

    name: str
    response: Expression | None
    base_case: BaseCase | None = None


def base_case_of(items: Iterable[Node]) -> BaseCase | None:
    """The base case of a function, of which these are the statements."""
    first = next((item for item in items if isinstance(item, Statement)), None)
    if first is None or first.name != "conditional" or first.attributes() or first.disabled:
        return None
    arms = first.blocks()
    is_one_if = len(arms) == 1 and arms[0].name == "if" and not (arms[0].disabled or arms[0].attributes())
    body = arms[0].body if is_one_if else None
    left = [item for item in body.items if isinstance(item, Statement)] if body is not None else []
    if len(left) != 1 or left[0].name != "return" or left[0].disabled:
        return None
    value = left[0].attribute("value")
    condition = arms[0].target
    if len(left[0].attributes()) > 1 or not isinstance(condition, Expression):
        return None
    parts = [condition] if value is None else [condition, value]
    return BaseCase(condition, value) if all(_is_of_inputs(part) for part in parts) else None


def _is_of_inputs(part: Expression) -> bool:
    nodes = list(part.walk())
    return all(isinstance(node, _NODES) for node in nodes) and all(
        node.name == "input" for node in nodes if isinstance(node, Variable)
    )
