"""The Python code that a construct became, as text for people: above each line of it the line of the program."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator

#: What stands for a comment in the tree, which has none, and how it is written.
_MARK = "__line__"
_MARKED = re.compile(rf"^( *){_MARK}\((\d+)\)$", re.MULTILINE)


def listing(module: ast.Module, text: str) -> str:
    """The module as text. `text` is that of the program's file."""
    lines = dict(enumerate(text.split("\n"), 1))
    marked = ast.Module(list(_marked(module.body)), [])
    source = ast.unparse(ast.fix_missing_locations(marked))

    def comment(found: re.Match[str]) -> str:
        number = int(found[2])
        return f"{found[1]}# {number}: {lines.get(number, '').strip()}".rstrip(" :")

    return _MARKED.sub(comment, source)


def _marked(body: list[ast.stmt], last: int = 0) -> Iterator[ast.stmt]:
    """Statements, each of another line than the one before behind a mark; those in them likewise, in copies."""
    for statement in body:
        line = getattr(statement, "lineno", last)
        if line != last:
            last = line
            yield ast.Expr(ast.Call(ast.Name(_MARK, ast.Load()), [ast.Constant(line)], []))
        yield _with_marks(statement, last)


def _with_marks(node: ast.stmt, line: int) -> ast.stmt:
    made = copy.copy(node)
    for name, value in ast.iter_fields(node):
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            setattr(made, name, list(_marked(value, line)))
        elif isinstance(value, list) and value and isinstance(value[0], ast.ExceptHandler):
            handlers = [ast.ExceptHandler(one.type, one.name, list(_marked(one.body, line))) for one in value]
            setattr(made, name, handlers)
    return made
