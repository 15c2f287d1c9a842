"""What the language has: the name of every statement and filter, and how a statement is written around its braces.

Compiled from the official language server, documentation and engine schema (see tests/conformance/reference). It is
kept apart from the registry, which holds what xsrun implements and what each takes, so that `xsrun support` counts
against the language and not against itself.
"""

from __future__ import annotations

import os
from functools import cache

from xsrun.hints import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from xsrun.language.catalogue.entries import FilterEntry, StatementEntry

FilterKind = Literal["filter", "query_filter", "input_filter"]
Kind = Literal["statement"] | FilterKind

_FOLDER = os.path.dirname(__file__)
_SUFFIXES = {"db_query": " (db)", "input": " (input)"}
#: Modules below `xsrun.filters` that do not bear the name of the catalogue's category.
_FAMILIES = {"lambda": "javascript", "input": "input"}
#: Filters that are forms. They need the compiler, which a program whose code is in the cache does not load.
_EXPRESSION_FORMS = frozenset(
    ("as", "every", "filter", "find", "findIndex", "map", "reduce", "some", "to_expr", "transform")
)


def _entries(name: str) -> Any:
    import json

    with open(f"{_FOLDER}/{name}.json", encoding="utf-8") as file:
        return json.load(file)


@cache
def _filters() -> dict[FilterKind, dict[str, FilterEntry]]:
    """kind -> spelling (names and aliases) -> entry; the ` (db)` and ` (input)` marks are taken off the names."""
    tables: dict[FilterKind, dict[str, FilterEntry]] = {"filter": {}, "query_filter": {}, "input_filter": {}}
    aliases: list[tuple[dict[str, FilterEntry], FilterEntry]] = []
    kinds: dict[str, FilterKind] = {"db_query": "query_filter", "input": "input_filter"}
    entry: FilterEntry
    for entry in _entries("filters"):
        kind = kinds.get(entry["category"], "filter")
        name = "contains" if entry["name"] == "contains_db" else entry["name"]
        entry["name"] = name.removesuffix(_SUFFIXES.get(entry["category"], " "))
        tables[kind][entry["name"]] = entry
        aliases.append((tables[kind], entry))
    for table, entry in aliases:
        for alias in entry["aliases"]:
            table.setdefault(alias.removesuffix(_SUFFIXES.get(entry["category"], " ")), entry)
    return tables


@cache
def statements() -> dict[str, StatementEntry]:
    """name -> entry of every statement and sub-block (`if`, `case`, `each`, ...)."""
    entries: list[StatementEntry] = _entries("statements")
    return {entry["name"]: entry for entry in entries}


def names(kind: Kind) -> list[str]:
    """Every name of a kind, in the catalogue's order, aliases and sub-blocks left out."""
    if kind == "statement":
        return [name for name, entry in statements().items() if entry["contexts"] != "nested"]
    return [name for name, entry in _filters()[kind].items() if entry["name"] == name]


@overload
def entry(kind: Literal["statement"], name: str) -> StatementEntry | None: ...


@overload
def entry(kind: FilterKind, name: str) -> FilterEntry | None: ...


@overload
def entry(kind: Kind, name: str) -> StatementEntry | FilterEntry | None: ...


def entry(kind: Kind, name: str) -> StatementEntry | FilterEntry | None:
    """The catalogue's entry of a statement or filter, by name or alias."""
    return statements().get(name) if kind == "statement" else _filters()[kind].get(name)


def category(kind: Kind, name: str) -> str:
    """The family of a filter by the catalogue's word; empty for statements."""
    found = None if kind == "statement" else _filters()[kind].get(name)
    return found["category"] if found else ""


def family(kind: FilterKind, name: str) -> str | None:
    """The module below `xsrun.filters` that holds a filter."""
    found = _filters()[kind].get(name)
    if found is None:
        return None
    if found["name"] in _EXPRESSION_FORMS:
        return "expressions"
    return _FAMILIES.get(found["category"], found["category"])


def aliases(kind: Kind, name: str) -> tuple[str, ...]:
    """The other spellings of a filter that no filter has as its own name."""
    if kind == "statement":
        return ()
    table = _filters()[kind]
    found = table.get(name)
    return tuple(alias for alias, owner in table.items() if owner is found and alias != name) if found else ()
