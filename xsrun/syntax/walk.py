"""Walking through a construct: its statements, the expressions of each, and what is below those."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xsrun.hints import Any
from xsrun.syntax.nodes import (
    Attribute,
    Between,
    Binary,
    Body,
    Call,
    Cast,
    Document,
    Entry,
    Expression,
    FilterCall,
    Group,
    ListLiteral,
    Literal,
    Node,
    ObjectLiteral,
    Path,
    Quoted,
    Spread,
    Statement,
    Ternary,
    Unary,
    Variable,
)


def is_off(statement: Statement) -> bool:
    """Whether a statement never runs: a `!` stands before it, or `disabled = true` in its body."""
    if statement.disabled:
        return True
    if statement.body is not None:
        for item in reversed(statement.body.items):
            if item.__class__ is Attribute and item.name == "disabled":
                return isinstance(item.value, Literal) and item.value.value is True
    return False


def statements(body: Body | Document | None) -> Iterator[Statement]:
    """Every statement and sub-block below a body that can run, in order, outer ones first."""
    pending = body.items[::-1] if body else []
    while pending:
        item = pending.pop()
        if item.__class__ is Statement and not is_off(item):
            yield item
            if item.body is not None:
                pending += item.body.items[::-1]


def failing_statements(block: Statement | None) -> set[int]:
    """The statements below a block that a test expects to fail, by identity: they are wrong on purpose."""
    below_block = statements(block.body) if block is not None else ()
    return {id(inner) for item in below_block if item.name == "expect.to_throw" for inner in statements(item.body)}


def expressions(statement: Statement) -> Iterator[tuple[Expression, str]]:
    """The expressions of a statement with what they are there for: an attribute's name, "target", "if" or "as".

    The expressions of statements in its body are not among them.
    """
    target = statement.target
    if isinstance(target, Expression):
        yield target, "target"
    if statement.condition is not None:
        yield statement.condition, "if"
    for item in statement.body.items if statement.body else []:
        if isinstance(item, Attribute) and not item.disabled:
            yield item.value, item.name
    if statement.result is not None:
        yield statement.result, "as"


def parts(node: Expression) -> list[Expression]:
    """The expressions directly below one, in order."""
    find = _PARTS.get(node.__class__)
    return find(node) if find is not None else []


def has_parts(node: Expression) -> bool:
    """May an expression have others below it?"""
    return node.__class__ in _PARTS


def _of_filter(node: FilterCall) -> list[Expression]:
    return [node.operand, *node.arguments] if node.operand is not None else list(node.arguments)


def _of_object(node: ObjectLiteral) -> list[Expression]:
    """The values of entries that are not disabled, and what stands between them: spreads and placeholders."""
    found: list[Expression] = []
    for entry in node.entries:
        if not isinstance(entry, Entry):
            found.append(entry)
        elif not entry.disabled:
            found.append(entry.value)
    return found


def _of_path(node: Path) -> list[Expression]:
    keys = [segment.key for segment in node.segments if isinstance(segment.key, Expression)]
    return keys if isinstance(node.base, Variable) else [node.base, *keys]


#: What is below an expression, by its class; of the classes that have nothing below them, nothing.
_PARTS: dict[type[Node], Callable[[Any], list[Expression]]] = {
    Binary: lambda node: [node.left, node.right],
    FilterCall: _of_filter,
    Group: lambda node: [node.expression],
    ObjectLiteral: _of_object,
    ListLiteral: lambda node: list(node.items),
    Path: _of_path,
    Ternary: lambda node: [node.condition, node.then, node.otherwise],
    Between: lambda node: [node.operand, node.low, node.high],
    Unary: lambda node: [node.operand],
    Cast: lambda node: [node.operand],
    Quoted: lambda node: [node.expression] if node.expression is not None else [],
    Spread: lambda node: [node.value],
    Call: lambda node: list(node.arguments),
}


def below(node: Expression) -> Iterator[Expression]:
    """An expression and everything below it, in order."""
    stack = [node]
    while stack:
        inner = stack.pop()
        yield inner
        find = _PARTS.get(inner.__class__)
        if find is not None:
            stack += find(inner)[::-1]
