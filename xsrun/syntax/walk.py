"""Walking through a construct: its statements, the expressions of each, and what is below those."""

from __future__ import annotations

from collections.abc import Iterator

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
    value = statement.attribute("disabled") if statement.body else None
    return isinstance(value, Literal) and value.value is True


def statements(body: Body | Document | None) -> Iterator[Statement]:
    """Every statement and sub-block below a body that can run, in order, outer ones first."""
    for item in body.items if body else []:
        if item.__class__ is Statement and not is_off(item):
            yield item
            yield from statements(item.body)


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
    if isinstance(node, Binary):
        return [node.left, node.right]
    if isinstance(node, FilterCall):
        return [node.operand, *node.arguments] if node.operand is not None else list(node.arguments)
    if isinstance(node, Group):
        return [node.expression]
    if isinstance(node, ObjectLiteral):
        return _entries(node.entries)
    if isinstance(node, ListLiteral):
        return list(node.items)
    return _rarer_parts(node)


def _entries(entries: list[Entry | Spread]) -> list[Expression]:
    """The values of entries that are not disabled, and what stands between them: spreads and placeholders."""
    found: list[Expression] = []
    for entry in entries:
        if not isinstance(entry, Entry):
            found.append(entry)
        elif not entry.disabled:
            found.append(entry.value)
    return found


def _rarer_parts(node: Expression) -> list[Expression]:
    if isinstance(node, Path):
        keys = [segment.key for segment in node.segments if isinstance(segment.key, Expression)]
        return keys if isinstance(node.base, Variable) else [node.base, *keys]
    if isinstance(node, Ternary):
        return [node.condition, node.then, node.otherwise]
    if isinstance(node, Between):
        return [node.operand, node.low, node.high]
    if isinstance(node, (Unary, Cast)):
        return [node.operand]
    if isinstance(node, Quoted):
        return [node.expression] if node.expression is not None else []
    if isinstance(node, Spread):
        return [node.value]
    return list(node.arguments) if isinstance(node, Call) else []


def below(node: Expression) -> Iterator[Expression]:
    """An expression and everything below it, in order."""
    stack = [node]
    while stack:
        inner = stack.pop()
        yield inner
        stack.extend(reversed(parts(inner)))
