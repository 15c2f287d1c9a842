"""The shapes of the catalogue's entries, for type checkers: statements.json and filters.json beside this module."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Attribute(TypedDict):
    """One attribute of a statement; `value` says what it takes."""

    name: str
    value: str
    required: bool
    required_official: NotRequired[bool | None]
    repeatable: NotRequired[bool]


#: A statement or sub-block. `as` tells whether it binds a result, `contexts` where it stands.
StatementEntry = TypedDict(
    "StatementEntry",
    {
        "name": str,
        "header": str,
        "target": str | None,
        "attributes": list[Attribute],
        "docs_only_attributes": NotRequired[list[str]],
        "as": str,
        "blocks": list[str],
        "contexts": str,
    },
)


class Argument(TypedDict):
    """One argument of a filter, the piped value not counted."""

    name: str
    type: str
    required: bool
    default: str | int | bool | None


class FilterEntry(TypedDict):
    """A filter of values, of a query's columns or of inputs."""

    name: str
    aliases: list[str]
    category: str
    summary: str
    args: list[Argument]
