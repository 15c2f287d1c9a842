"""What the language has: every statement and filter with its attributes and arguments, as data.

Compiled from the official language server, documentation and engine schema (see tests/conformance). It is kept apart
from the registry, which holds what xsrun implements, so that `xsrun support` counts against the language and not
against itself.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from xsrun.language.catalogue.entries import FilterEntry, StatementEntry

FilterKind = Literal["filter", "query_filter", "input_filter"]
Kind = Literal["statement"] | FilterKind

_FOLDER = Path(__file__).parent
_SUFFIXES = {"db_query": " (db)", "input": " (input)"}
#: Modules below `xsrun.filters` that do not bear the name of the catalogue's category.
_FAMILIES = {"lambda": "javascript", "input": "input"}
#: Filters that are forms over expressions besides those with an argument of that type. They need the compiler, which a
#: program whose code is in the cache does not load.
_EXPRESSION_FORMS = frozenset(("as", "to_expr"))
#: Filters whose arguments the engine does not count: without them they raise nothing (evidence G2).
UNCOUNTED_FILTERS = frozenset(
    (
        "equals",
        "not_equals",
        "greater_than",
        "greater_than_or_equal",
        "less_than",
        "less_than_or_equal",
        "merge",
        "merge_recursive",
        "sprintf",
    )
)
#: Filters that exports give more arguments than they read (evidence G3).
OPEN_FILTERS = frozenset(("concat", "get", "index_by", "jwe_decode", "jwe_encode"))


@cache
def _filters() -> dict[FilterKind, dict[str, FilterEntry]]:
    """kind -> spelling (names and aliases) -> entry; the ` (db)` and ` (input)` marks are taken off the names."""
    tables: dict[FilterKind, dict[str, FilterEntry]] = {"filter": {}, "query_filter": {}, "input_filter": {}}
    aliases: list[tuple[dict[str, FilterEntry], FilterEntry]] = []
    kinds: dict[str, FilterKind] = {"db_query": "query_filter", "input": "input_filter"}
    entry: FilterEntry
    for entry in json.loads((_FOLDER / "filters.json").read_text(encoding="utf-8")):
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
    entries: list[StatementEntry] = json.loads((_FOLDER / "statements.json").read_text(encoding="utf-8"))
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
    if found["name"] in _EXPRESSION_FORMS or any(part["type"] == "expr" for part in found["args"]):
        return "expressions"
    return _FAMILIES.get(found["category"], found["category"])


def aliases(kind: Kind, name: str) -> tuple[str, ...]:
    """The other spellings of a filter that no filter has as its own name."""
    if kind == "statement":
        return ()
    table = _filters()[kind]
    found = table.get(name)
    return tuple(alias for alias, owner in table.items() if owner is found and alias != name) if found else ()


def parameters(kind: Kind, name: str) -> tuple[tuple[str, str, bool, str | int | None, bool], ...] | None:
    """The parameters of a form as (name, type, required, default, nullable); None when the catalogue lacks it."""
    if kind != "statement":
        found = _filters()[kind].get(name)
        return found and tuple(
            (one["name"], one["type"], one["required"], one["default"], True) for one in found["args"]
        )
    listed = statements().get(name)
    return listed and tuple((one["name"], one["value"], one["required"], None, True) for one in listed["attributes"])
