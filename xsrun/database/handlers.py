"""Which function carries which statement out."""

from __future__ import annotations

from collections.abc import Callable

from xsrun.database import bulk, external, queries, rows, schema
from xsrun.database.raw_sql import direct_query
from xsrun.values.conversion import Value

PERFORMERS: dict[str, Callable[..., Value]] = {
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
