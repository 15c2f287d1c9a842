"""Stored files in columns: what is read from a table carries the address at which the file can be had."""

from __future__ import annotations

from xsrun.fields.declared import Declared
from xsrun.hints import TYPE_CHECKING
from xsrun.language.types import MEDIA_TYPES
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.tables import Table
    from xsrun.running.context import Context


def holds_files(declared: Declared | None) -> bool:
    """Whether a column holds the metadata of files, at any depth."""
    if declared is None:
        return False
    return declared.type in MEDIA_TYPES or any(map(holds_files, declared.schema))


def addressed(declared: Declared, value: Value, base: str) -> Value:
    """A column's value, each file in it with its `url`."""
    if value.__class__ is list and declared.list_size is not None:
        return [_addressed(declared, item, base) for item in value]
    return _addressed(declared, value, base)


def _addressed(declared: Declared, value: Value, base: str) -> Value:
    if value.__class__ is not dict:
        return value
    if declared.type in MEDIA_TYPES:
        path = value.get("path")
        if path.__class__ is not str or not path:
            return value
        if "://" in path:
            return {**value, "url": path}
        from urllib.parse import quote

        return {**value, "url": base + quote(path)}
    members = {one.name: one for one in declared.schema if holds_files(one)}
    return {name: addressed(members[name], item, base) if name in members else item for name, item in value.items()}


def with_addresses(context: Context, table: Table, row: dict[str, Value]) -> dict[str, Value]:
    """A row of a table, each file in it with its `url`."""
    for name, declared in files_of(table):
        if row.get(name) is not None:
            row[name] = addressed(declared, row[name], base_of(context))
    return row


def base_of(context: Context) -> str:
    """The address before the paths of stored files."""
    from xsrun.services.vault import base_address

    return base_address(context)


def files_of(table: Table) -> list[tuple[str, Declared]]:
    """The columns of a table that hold files, with their declarations."""
    if table.files is None:
        every = [(column.name, column.declared) for column in table.columns]
        table.files = [(name, declared) for name, declared in every if declared is not None and holds_files(declared)]
    return table.files
