"""Which function carries which statement out, and the sessions in which they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.database import bulk, queries, rows, schema
from xsrun.database.raw_sql import direct_query, external
from xsrun.database.session import Handler, Session

if TYPE_CHECKING:
    from xsrun.database.database import Database
    from xsrun.running.context import Context

HANDLERS: dict[str, Handler] = {
    "db.get": rows.get,
    "db.has": rows.has,
    "db.add": rows.add,
    "db.edit": rows.edit,
    "db.patch": rows.patch,
    "db.add_or_edit": rows.add_or_edit,
    "db.del": rows.delete,
    "db.truncate": rows.truncate,
    "db.query": queries.query,
    "db.bulk.add": bulk.add,
    "db.bulk.update": bulk.update,
    "db.bulk.patch": bulk.patch,
    "db.bulk.delete": bulk.delete,
    "db.schema": schema.schema,
    "db.direct_query": direct_query.direct_query,
    **{
        f"db.external.{engine}.direct_query": external.direct_query
        for engine in ("postgres", "mysql", "mssql", "oracle", "snowflake")
    },
}


def open_session(database: Database, context: Context) -> Session:
    """A session for one run. It takes its connection when it first needs one."""
    return Session(database, context, HANDLERS)
