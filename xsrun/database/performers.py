"""Which function carries which statement out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xsrun.database import queries, rows

PERFORMERS: dict[str, Callable[..., Any]] = {
    "db.get": rows.get,
    "db.has": rows.has,
    "db.add": rows.add,
    "db.edit": rows.edit,
    "db.patch": rows.patch,
    "db.add_or_edit": rows.add_or_edit,
    "db.del": rows.delete,
    "db.truncate": rows.truncate,
    "db.query": queries.query,
}
