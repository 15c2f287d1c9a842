"""Templates of Python code, filled with nodes.

`expression("A if test(A) else B", at, A=..., B=...)` gives an `ast` tree in which the names A and B are replaced by the
given nodes (a text renames them) and everything else has the position of the XanoScript node `at`. Templates are
this project's own text; what a program says gets in as nodes only.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

Part = ast.expr | str | list[ast.stmt]


class Position:
    """Where generated code says it came from."""

    __slots__ = ("column", "end_column", "end_line", "line")

    def __init__(self, line: int = 1, column: int = 1, end_line: int = 1, end_column: int = 1) -> None:
        self.line, self.column, self.end_line, self.end_column = line, column, end_line, end_column


def place(node: Any, at: Any) -> Any:
    """Give one `ast` node the position of a XanoScript node."""
    node.lineno = at.line or 1
    node.col_offset = max(at.column - 1, 0)
    node.end_lineno = max(at.end_line, node.lineno)
    node.end_col_offset = max(at.end_column - 1, 0)
    return node


@cache
def _parsed(template: str, mode: str) -> Any:
    tree: Any = ast.parse(template, mode=mode)
    return tree.body


def _fill(node: Any, at: Any, parts: dict[str, Part]) -> Any:
    """A copy of a template with its parts in place."""
    if isinstance(node, ast.Name) and node.id in parts:
        part = parts[node.id]
        if isinstance(part, str):
            return place(ast.Name(part, node.ctx), at)
        if isinstance(node.ctx, ast.Store):
            assert isinstance(part, ast.Name)
            return place(ast.Name(part.id, node.ctx), at)
        return part
    made = node.__class__.__new__(node.__class__)  # the constructor asks for the fields, from Python 3.15 on
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            items: list[Any] = []
            for item in value:
                if isinstance(item, ast.Expr) and isinstance(item.value, ast.Name) and item.value.id in parts:
                    block = parts[item.value.id]
                    if isinstance(block, list):
                        items.extend(block)
                        continue
                items.append(_fill(item, at, parts) if isinstance(item, ast.AST) else item)
            setattr(made, field, items)
        elif isinstance(value, ast.AST):
            setattr(made, field, _fill(value, at, parts))
        elif isinstance(value, str) and field in ("name", "arg", "attr", "id") and isinstance(parts.get(value), str):
            setattr(made, field, parts[value])
        else:
            setattr(made, field, value)
    if isinstance(made, (ast.expr, ast.stmt, ast.excepthandler, ast.arg, ast.keyword)):
        place(made, at)
    return made


def expression(template: str, at: Any, **parts: Part) -> ast.expr:
    """An expression from a template."""
    return _fill(_parsed(template, "eval"), at, parts)


def statements(template: str, at: Any, **parts: Part) -> list[ast.stmt]:
    """Statements from a template. A line that is just a part's name is replaced by that list of statements."""
    filled = _fill(ast.Module(_parsed(template, "exec"), []), at, parts)
    return filled.body


# Small nodes ---------------------------------------------------------------------------------------------------------


def name(identifier: str, at: Any) -> ast.expr:
    return place(ast.Name(identifier, ast.Load()), at)


def constant(value: Any, at: Any) -> ast.expr:
    """A constant. Negative numbers too: Python's compiler takes them whole."""
    return place(ast.Constant(value), at)


def call(function: str, at: Any, *arguments: ast.expr, **keywords: ast.expr) -> ast.expr:
    """A call of a function by its global name."""
    named = [place(ast.keyword(key, value), at) for key, value in keywords.items()]
    return place(ast.Call(name(function, at), list(arguments), named), at)


def tuple_of(items: list[ast.expr], at: Any) -> ast.expr:
    return place(ast.Tuple(items, ast.Load()), at)


def list_of(items: list[ast.expr], at: Any) -> ast.expr:
    return place(ast.List(items, ast.Load()), at)


def assign(target: str, value: ast.expr, at: Any) -> ast.stmt:
    return place(ast.Assign([place(ast.Name(target, ast.Store()), at)], value), at)


def bind(target: str, value: ast.expr, at: Any) -> ast.expr:
    """`(target := value)`."""
    return place(ast.NamedExpr(place(ast.Name(target, ast.Store()), at), value), at)


def function(parameters: list[str], body: ast.expr, at: Any) -> ast.expr:
    """`lambda parameters: body`."""
    arguments = ast.arguments([], [place(ast.arg(p), at) for p in parameters], None, [], [], None, [])
    return place(ast.Lambda(arguments, body), at)


def is_simple(node: ast.expr) -> bool:
    """May the node be written twice? Names and constants may: reading them costs nothing and changes nothing."""
    return isinstance(node, (ast.Name, ast.Constant))
