"""What kind of value stands before a `|`, as far as the text tells: so that the filters which take it come first."""

from __future__ import annotations

import re

from xsrun import registry
from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.editor.lsp.known_names import columns_of, construct_at, fields_of
from xsrun.language.types import TYPES
from xsrun.names.fixed_values import UNKNOWN, fixed_value
from xsrun.names.places import root_of
from xsrun.registry import parameter_type
from xsrun.syntax.nodes import Expression, Statement

_LAST_FILTER = re.compile(r"\|\s*(\w+)(?::[^|]*)?\s*$")
_LAST_PATH = re.compile(r"\$(\w+)(?:\.(\w+))?(?:\.(\w+))?\s*$")

_KINDS = {str: "text", int: "number", float: "number", bool: "bool", list: "list", dict: "object"}


def kind_before(desk: Desk, opened: Opened, before: str, line: int) -> str | None:
    """`text`, `number`, `list`, `object`, `bool`; None when only a run knows."""
    stripped = before.rstrip()
    match = _LAST_FILTER.search(stripped)
    if match is not None:
        return _of_filter(match[1])
    ends = {'"': "text", "'": "text", "]": "list", "}": "object"}
    if stripped[-1:] in ends and not re.search(r"\$[\w.]*\[[^\[\]]*\]$", stripped):
        return ends[stripped[-1]]
    path = _LAST_PATH.search(stripped)
    if path is None:
        return "number" if re.search(r"(?<![\w$.])\d+(?:\.\d+)?$", stripped) else None
    root, first, second = path.groups()
    if root == "input" and first and not second:
        known = fields_of(construct_at(opened, line), "input")
        return _of_type(next((one.type for one in known if one.name == first), ""))
    if root == "db" and first and second:
        return _of_type(next((one.type for one in columns_of(desk, opened, first) if one.name == second), ""))
    return _of_variable(opened, root, line) if not first else None


def _of_filter(name: str) -> str | None:
    found = registry.find_filter(name)
    if found is None or found.form:
        return None
    given = found.function.__annotations__.get("return")
    kind = parameter_type(given)[0] if given is not None else "any"
    return {"int": "number", "any": None, "array": "list"}.get(kind, kind)


def _of_type(name: str) -> str | None:
    """The kind of value of a declared type."""
    if name.endswith("]"):
        return "list"
    known = TYPES.get(name)
    if known is None:
        return None
    return {"text": "text", "number": "number"}.get(known.measured) or {"bool": "bool", "json": None}.get(known.stored)


def _of_variable(opened: Opened, name: str, line: int) -> str | None:
    """The kind of a variable that is given a value which is written out."""
    node = construct_at(opened, line)
    for item in node.walk() if node is not None else ():
        if not isinstance(item, Statement) or item.name not in ("var", "var.update") or item.line >= line:
            continue
        value = fixed_value(item.attribute("value"))
        if value is not UNKNOWN and isinstance(item.target, Expression) and root_of(item.target) == name:
            return _KINDS.get(type(value))
    return None
