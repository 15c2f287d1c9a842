"""The shapes of the catalogue's entries, for type checkers: statements.json and filters.json beside this module."""

from __future__ import annotations

from typing import TypedDict

#: A statement or sub-block. `target` says what its header names, `as` whether it binds a result, `blocks` which blocks
#: stand in its braces, `contexts` where it stands.
StatementEntry = TypedDict(
    "StatementEntry",
    {
        "name": str,
        "header": str,
        "target": str | None,
        "as": str,
        "blocks": list[str],
        "contexts": str,
    },
)


class FilterEntry(TypedDict):
    """A filter of values, of a query's columns or of inputs."""

    name: str
    aliases: list[str]
    category: str
