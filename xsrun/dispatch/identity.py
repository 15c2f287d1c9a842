"""The check of the caller's identity, which comes before anything else a query does (semantics 3.6)."""

from __future__ import annotations

from xsrun.errors import UnauthorizedError
from xsrun.records import replace
from xsrun.running.context import Context
from xsrun.workspace.construct import Construct, text_of


def admit(construct: Construct, context: Context) -> None:
    """Check the caller of a query; anyone may call one that names no auth table.

    Raises UnauthorizedError. An identity without a table is taken for one of the query's.
    """
    table = text_of(construct.attribute("auth")) if construct.kind == "query" else None
    if not table:
        return
    identity = context.auth
    if identity is None:
        raise UnauthorizedError(hint=f"the query asks for a user of `{table}`: run it with --auth {table}:1")
    if not identity.table:
        context.auth = replace(identity, table=table)
    elif identity.table != table:
        raise UnauthorizedError(
            "Invalid token.", hint=f"the query asks for a user of `{table}`, and this is one of `{identity.table}`"
        )
