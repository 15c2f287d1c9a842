"""Tables, queries and sessions, on SQLite or PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.syntax.nodes import Statement

if TYPE_CHECKING:
    from xsrun.database.engine import Database


def open_database(url: str, tables: dict[str, Statement], strict: bool = False) -> Database:
    """A database at a URL: `sqlite://` (in memory), `sqlite:///file.db` or `postgresql://...`.

    `tables` are the `table` constructs by name. Nothing connects, and SQLAlchemy is not loaded, before the first
    session opens. With `strict`, a table that no file declares is the engine's error. Raises UsageError for a URL
    that means no database.
    """
    from xsrun.database.engine import Database

    return Database(url, tables, strict=strict)
