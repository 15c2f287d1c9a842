"""What the program has to offer by name: variables, inputs, tables and their columns, constructs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from xsrun.analysis.columns import ALWAYS
from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.language.constructs import KINDS
from xsrun.syntax.nodes import Field, FieldBlock, ListLiteral, Literal, Name, Statement, Variable


class Known(NamedTuple):
    """A field that can be named: its type as it is declared, the values of an enum, whether it may be left out."""

    name: str
    type: str
    values: list[str]
    required: bool
    text: str


def construct_at(opened: Opened, line: int) -> Statement | None:
    """The construct that a line is part of, as far as the text can be read."""
    tree = opened.parsed.tree
    found = None
    for item in tree.items if tree is not None else ():
        if isinstance(item, Statement) and item.name in KINDS and item.line <= line:
            found = item
    return found


def fields_of(node: Statement | None, block: str) -> list[Known]:
    """The declared inputs or columns of a construct."""
    fields = [item for item in node.body.items if isinstance(item, FieldBlock)] if node and node.body else []
    return [_known(field) for one in fields if one.name == block for field in one.declared if field.name]


def _known(field: Field) -> Known:
    values = field.attribute("values")
    items = values.items if isinstance(values, ListLiteral) else []
    texts = [item.value for item in items if isinstance(item, Literal) and isinstance(item.value, str)]
    size = "[]" if field.list_size is not None else ""
    shown = f"{field.type}{size}{'?' if field.nullable else ''} {field.name}{'?' if field.optional else ''}"
    return Known(field.name, field.type + size, texts, not field.optional and field.default is None, shown)


def _plain(node: Statement) -> str:
    return (node.label or "").removeprefix("/").lower()


def declared(desk: Desk, opened: Opened, kind: str, name: str) -> tuple[Opened, Statement] | None:
    """The construct of a kind and name, and the text that it is in."""
    wanted = name.removeprefix("/").lower()
    for file in opened.session.files_of(kind, wanted):
        other = desk.opened_name(file)
        tree = other.parsed.tree if other is not None else None
        for item in tree.items if tree is not None else ():
            if other is not None and isinstance(item, Statement) and item.name == kind and _plain(item) == wanted:
                return other, item
    return None


def inputs_of(desk: Desk, opened: Opened, kind: str, name: str) -> list[Known]:
    """The inputs of a construct that a call names."""
    found = declared(desk, opened, kind, name)
    return fields_of(found[1], "input") if found is not None else []


def columns_of(desk: Desk, opened: Opened, table: str) -> list[Known]:
    """The columns of a table, `id` and `created_at` among them."""
    found = declared(desk, opened, "table", table)
    if found is None:
        return []
    columns = fields_of(found[1], "schema")
    names = {one.name for one in columns}
    return columns + [Known(name, "", [], False, name) for name in sorted(ALWAYS - names)]


def variables_of(desk: Desk, opened: Opened, line: int) -> Iterator[tuple[str, int]]:
    """The variables of the construct at a line, each with the line where it is first assigned."""
    node = construct_at(opened, line)
    first, last = (node.line, node.end_line) if node is not None else (0, 10**9)
    seen: set[str] = set()
    for mention in desk.mentions(opened):
        if mention.target.kind != "variable" or not first <= mention.line <= max(last, line):
            continue
        if mention.role == "writes" and mention.text not in seen and mention.line != line:
            seen.add(mention.text)
            yield mention.text, mention.line


def table_of_variable(opened: Opened, name: str, line: int) -> str | None:
    """The table whose row a variable holds, where a `db` statement gave it."""
    node = construct_at(opened, line)
    for item in node.walk() if node is not None else ():
        if not isinstance(item, Statement) or not item.name.startswith("db.") or not isinstance(item.target, Name):
            continue
        if isinstance(item.result, Variable) and item.result.name == name:
            return item.target.text
    return None
