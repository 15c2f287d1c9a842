"""Tables, queries and sessions, on SQLite or PostgreSQL."""

from __future__ import annotations

from xsrun.hints import TYPE_CHECKING
from xsrun.syntax.nodes import Statement

if TYPE_CHECKING:
    from xsrun.database.database import Database
    from xsrun.database.session import Session
    from xsrun.running.context import Context


def open_database(
    url: str, tables: dict[str, Statement], strict: bool = False, read_committed: bool = False
) -> Database:
    """A database at a URL: `sqlite://` (in memory), `sqlite:///file.db` or `postgresql://...`.

    `tables` are the `table` constructs by name. Nothing connects, and SQLAlchemy is not loaded, before the first
    session opens. With `strict`, a table that no file declares is the engine's error. With `read_committed`, SQLite
    lets transactions run at once as PostgreSQL does. Raises UsageError for a URL that does not name a database.
    """
    from xsrun.database.database import Database

    return Database(url, tables, strict=strict, read_committed=read_committed)


def open_session(database: Database, context: Context) -> Session:
    """A session for one run. It takes its connection when it first needs one."""
    from xsrun.database.handlers import open_session

    return open_session(database, context)
