"""Which function carries which statement out, and the sessions in which they do."""

from __future__ import annotations

from importlib import import_module

from xsrun.database.session import Handler, Session
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.database.database import Database
    from xsrun.running.context import Context

#: statement -> module of this room and function
_PLACES = {
    "db.get": ("rows", "get"),
    "db.has": ("rows", "has"),
    "db.add": ("rows", "add"),
    "db.edit": ("rows", "edit"),
    "db.patch": ("rows", "patch"),
    "db.add_or_edit": ("rows", "add_or_edit"),
    "db.del": ("rows", "delete"),
    "db.truncate": ("rows", "truncate"),
    "db.query": ("grouped_queries", "query"),
    "db.bulk.add": ("bulk", "add"),
    "db.bulk.update": ("bulk", "update"),
    "db.bulk.patch": ("bulk", "patch"),
    "db.bulk.delete": ("bulk", "delete"),
    "db.schema": ("schema", "schema"),
    "db.direct_query": ("raw_sql.direct_query", "direct_query"),
    **{
        f"db.external.{engine}.direct_query": ("raw_sql.external", "direct_query")
        for engine in ("postgres", "mysql", "mssql", "oracle", "snowflake")
    },
}


class _Handlers(dict[str, Handler]):
    """The functions by statement; the module of one is imported when a run first uses it."""

    def __missing__(self, statement: str) -> Handler:
        module, name = _PLACES[statement]
        handler: Handler = getattr(import_module(f"xsrun.database.{module}"), name)
        self[statement] = handler
        return handler


_HANDLERS = _Handlers()


def open_session(database: Database, context: Context) -> Session:
    """A session for one run. It takes its connection when it first needs one."""
    return Session(database, context, _HANDLERS)
