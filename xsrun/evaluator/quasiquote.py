"""Templates of Python code, filled with nodes.

`expression("A if test(A) else B", at, A=..., B=...)` gives an `ast` tree in which the names A and B are replaced by the
given nodes (a text renames them) and everything else has the position of the XanoScript node `at`. Templates are
this project's own text; what a program says gets in as nodes only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache

from xsrun.hints import TypeVar
from xsrun.syntax.nodes import Located, Statement
from xsrun.values.conversion import Value

#: What a name of a template can stand for: a node, another name, statements.
Part = ast.expr | str | list[ast.stmt]

Placed = TypeVar("Placed", bound=ast.expr | ast.stmt | ast.excepthandler | ast.arg | ast.keyword)
Copied = TypeVar("Copied", bound=ast.AST)


class Position:
    """Where generated code says it came from."""

    __slots__ = ("column", "end_column", "end_line", "line")

    def __init__(self, line: int = 1, column: int = 1, end_line: int = 1, end_column: int = 1) -> None:
        self.line, self.column, self.end_line, self.end_column = line, column, end_line, end_column


def statement_position(node: Statement) -> Position:
    """Where errors of a statement are shown: at its name."""
    return Position(node.line, node.column, node.line, node.name_end_column)


def place(node: Placed, at: Located) -> Placed:
    """Give one `ast` node the position of a XanoScript node."""
    node.lineno = at.line or 1
    node.col_offset = max(at.column - 1, 0)
    node.end_lineno = max(at.end_line, node.lineno)
    node.end_col_offset = max(at.end_column - 1, 0)
    return node


@cache
def _parsed_expression(template: str) -> ast.expr:
    return ast.parse(template, mode="eval").body


@cache
def _parsed_statements(template: str) -> list[ast.stmt]:
    return ast.parse(template, mode="exec").body


def _fill(node: ast.expr, at: Located, parts: dict[str, Part]) -> ast.expr:
    """A copy of an expression of a template with its parts in place."""
    if isinstance(node, ast.Name) and node.id in parts:
        part = parts[node.id]
        if isinstance(part, str):
            return place(ast.Name(part, node.ctx), at)
        if isinstance(node.ctx, ast.Store):
            assert isinstance(part, ast.Name)
            return place(ast.Name(part.id, node.ctx), at)
        assert isinstance(part, ast.expr), f"{node.id} is a list of statements; it stands for an expression"
        return part
    return _copy(node, at, parts)


def _copy(node: Copied, at: Located, parts: dict[str, Part]) -> Copied:
    """A copy of any other node of a template, filled below."""
    made = node.__class__.__new__(node.__class__)  # the constructor asks for the fields, from Python 3.15 on
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            setattr(made, field, _fill_list(value, at, parts))
        elif isinstance(value, ast.expr):
            setattr(made, field, _fill(value, at, parts))
        elif isinstance(value, ast.AST):
            setattr(made, field, _copy(value, at, parts))
        elif isinstance(value, str) and field in ("name", "arg", "attr", "id") and isinstance(parts.get(value), str):
            setattr(made, field, parts[value])
        else:
            setattr(made, field, value)
    if isinstance(made, (ast.expr, ast.stmt, ast.excepthandler, ast.arg, ast.keyword)):
        place(made, at)
    return made


def _fill_list(nodes: Iterable[ast.AST | None], at: Located, parts: dict[str, Part]) -> list[ast.AST | None]:
    """The copies of nodes that stand in a list; a statement that is just a part's name becomes that part."""
    items: list[ast.AST | None] = []
    for node in nodes:
        if isinstance(node, ast.expr):
            items.append(_fill(node, at, parts))
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Name):
            block = parts.get(node.value.id)
            if isinstance(block, list):
                items.extend(block)
                continue
        items.append(_copy(node, at, parts) if node is not None else None)
    return items


def expression(template: str, at: Located, **parts: Part) -> ast.expr:
    """An expression from a template."""
    return _fill(_parsed_expression(template), at, parts)


def statements(template: str, at: Located, **parts: Part) -> list[ast.stmt]:
    """Statements from a template. A line that is just a part's name is replaced by that list of statements."""
    return _copy(ast.Module(_parsed_statements(template), []), at, parts).body


# Small nodes ---------------------------------------------------------------------------------------------------------


def name(identifier: str, at: Located) -> ast.expr:
    return place(ast.Name(identifier, ast.Load()), at)


def constant(value: Value, at: Located) -> ast.expr:
    """A constant. Negative numbers too: Python's compiler takes them whole."""
    return place(ast.Constant(value), at)


def call(function: str, at: Located, *arguments: ast.expr, **keywords: ast.expr) -> ast.expr:
    """A call of a function by its global name."""
    named = [place(ast.keyword(key, value), at) for key, value in keywords.items()]
    return place(ast.Call(name(function, at), list(arguments), named), at)


def tuple_of(items: list[ast.expr], at: Located) -> ast.expr:
    return place(ast.Tuple(items, ast.Load()), at)


def list_of(items: list[ast.expr], at: Located) -> ast.expr:
    return place(ast.List(items, ast.Load()), at)


def assign(target: str, value: ast.expr, at: Located) -> ast.stmt:
    return place(ast.Assign([place(ast.Name(target, ast.Store()), at)], value), at)


def bind(target: str, value: ast.expr, at: Located) -> ast.expr:
    """`(target := value)`."""
    return place(ast.NamedExpr(place(ast.Name(target, ast.Store()), at), value), at)


def function(parameters: list[str], body: ast.expr, at: Located) -> ast.expr:
    """`lambda parameters: body`."""
    arguments = ast.arguments([], [place(ast.arg(p), at) for p in parameters], None, [], [], None, [])
    return place(ast.Lambda(arguments, body), at)


def is_simple(node: ast.expr) -> bool:
    """May the node be written twice? Names and constants may: reading them costs nothing and changes nothing."""
    return isinstance(node, (ast.Name, ast.Constant))
