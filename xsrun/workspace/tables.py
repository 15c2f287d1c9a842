"""The database of a workspace, from the tables that its files declare."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.hints import TYPE_CHECKING
from xsrun.workspace.construct import Construct

if TYPE_CHECKING:
    from xsrun.database.database import Database


def open_tables(constructs: Iterable[Construct], url: str, *, strict: bool, read_committed: bool = False) -> Database:
    """Open a database with the tables among some constructs; those with errors refuse to be used."""
    from xsrun.database import open_database

    tables = [one for one in constructs if one.kind == "table"]
    broken = {table.name: error for table in tables if (error := table.error()) is not None}
    nodes = {one.name: one.node for one in tables if one.node is not None and one.name not in broken}
    opened = open_database(url, nodes, strict=strict, read_committed=read_committed)
    opened.broken.update(broken)
    for one in tables:
        opened.note_file(one.name, one.file)
    return opened
