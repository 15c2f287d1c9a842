"""Stubs for what a page mentions and does not define: tables and functions."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.syntax.nodes import Entry, Expression, Literal, Name, Node, ObjectLiteral, Statement
from xsrun.workspace.construct import Construct

_TABLE = """table "{name}" {{
  auth = false

  schema {{
    int id
    timestamp created_at?=now
{fields}  }}

  index = [
    {{type: "primary", field: [{{name: "id"}}]}}
  ]
}}
"""
_FUNCTION = """function "{name}" {{
  input {{
{fields}  }}

  stack {{
  }}

  response = null
}}
"""


class Missing:
    """Tables with the columns that are written to them, and functions with the inputs they are given."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, str]] = {}
        self.functions: dict[str, dict[str, str]] = {}

    def look(self, roots: Iterable[Node], known: Iterable[Construct]) -> None:
        """Note what some statements mention and no known construct declares."""
        names = {(one.kind, one.name) for one in known}
        for root in roots:
            for node in root.walk():
                if not (isinstance(node, Statement) and isinstance(node.target, Name)):
                    continue
                name = node.target.text
                if node.name.startswith("db.") and ("table", name) not in names:
                    self.tables.setdefault(name, {}).update(_types(node.attribute("data")))
                elif node.name in ("function.run", "function.call") and ("function", name) not in names:
                    self.functions.setdefault(name, {}).update(_types(node.attribute("input")))

    def text(self) -> str:
        """The stubs as one file, constructs divided by `---`."""
        tables = [
            _TABLE.format(name=name, fields=_lines(columns, ("id", "created_at")))
            for name, columns in self.tables.items()
        ]
        functions = [_FUNCTION.format(name=name, fields=_lines(inputs)) for name, inputs in self.functions.items()]
        return "---\n".join([*tables, *functions])


def _lines(fields: dict[str, str], left_out: tuple[str, ...] = ()) -> str:
    return "".join(f"    {type_} {name}?\n" for name, type_ in fields.items() if name not in left_out)


def _types(node: Expression | None) -> dict[str, str]:
    """The names of an object literal and the types that their values seem to have."""
    entries = node.entries if isinstance(node, ObjectLiteral) else []
    return {entry.key: _type_of(entry.value) for entry in entries if isinstance(entry, Entry)}


def _type_of(node: Expression) -> str:
    kinds = {bool: "bool", int: "int", float: "decimal", str: "text"}
    return kinds.get(node.value.__class__, "json") if isinstance(node, Literal) else "json"
