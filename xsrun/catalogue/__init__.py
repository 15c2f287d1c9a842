"""What the language has: every statement and filter with its attributes and arguments, as data.

Compiled from the official language server, documentation and engine schema (see tests/conformance). It is kept apart
from the registry, which holds what xsrun implements, so that `xsrun support` counts against the language and not
against itself.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_SUFFIXES = {"db_query": " (db)", "input": " (input)"}
#: Modules below `xsrun.filters` that do not bear the name of the catalogue's category.
_FAMILIES = {"lambda": "javascript", "input": "input"}
#: Filters that are forms over expressions besides those with an argument of that type. They need the compiler, which a
#: program whose code is in the cache does not load.
_EXPRESSION_FORMS = frozenset(("as", "to_expr"))


@cache
def _filters() -> dict[str, dict[str, dict[str, Any]]]:
    """kind -> spelling (names and aliases) -> entry; the ` (db)` and ` (input)` marks are taken off the names."""
    tables: dict[str, dict[str, dict[str, Any]]] = {"filter": {}, "query_filter": {}, "input_filter": {}}
    aliases: list[tuple[dict[str, dict[str, Any]], dict[str, Any]]] = []
    for entry in json.loads((_FOLDER / "filters.json").read_text(encoding="utf-8")):
        kind = {"db_query": "query_filter", "input": "input_filter"}.get(entry["category"], "filter")
        name = "contains" if entry["name"] == "contains_db" else entry["name"]
        entry["name"] = name.removesuffix(_SUFFIXES.get(entry["category"], " "))
        tables[kind][entry["name"]] = entry
        aliases.append((tables[kind], entry))
    for table, entry in aliases:
        for alias in entry["aliases"]:
            table.setdefault(alias.removesuffix(_SUFFIXES.get(entry["category"], " ")), entry)
    return tables


@cache
def statements() -> dict[str, dict[str, Any]]:
    """name -> entry of every statement and sub-block (`if`, `case`, `each`, ...)."""
    entries = json.loads((_FOLDER / "statements.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in entries}


def names(kind: str) -> list[str]:
    """Every name of a kind, in the catalogue's order, aliases and sub-blocks left out."""
    if kind == "statement":
        return [name for name, entry in statements().items() if entry["contexts"] != "nested"]
    return [name for name, entry in _filters()[kind].items() if entry["name"] == name]


def entry(kind: str, name: str) -> dict[str, Any] | None:
    """The catalogue's entry of a statement or filter, by name or alias."""
    return statements().get(name) if kind == "statement" else _filters()[kind].get(name)


def family(kind: str, name: str) -> str | None:
    """The module below `xsrun.filters` that holds a filter."""
    found = _filters()[kind].get(name)
    if found is None:
        return None
    if found["name"] in _EXPRESSION_FORMS or any(part["type"] == "expr" for part in found["args"]):
        return "expressions"
    return _FAMILIES.get(found["category"], found["category"])


def aliases(kind: str, name: str) -> tuple[str, ...]:
    """The other spellings of a filter that no filter has as its own name."""
    if kind == "statement":
        return ()
    table = _filters()[kind]
    found = table.get(name)
    return tuple(alias for alias, owner in table.items() if owner is found and alias != name) if found else ()


def parameters(kind: str, name: str) -> tuple[tuple[str, str, bool, Any, bool], ...] | None:
    """The parameters of a form as (name, type, required, default, nullable); None when the catalogue lacks it."""
    found = entry(kind, name)
    if found is None:
        return None
    if kind == "statement":
        return tuple((item["name"], item["value"], item["required"], None, True) for item in found["attributes"])
    return tuple((item["name"], item["type"], item["required"], item["default"], True) for item in found["args"])
