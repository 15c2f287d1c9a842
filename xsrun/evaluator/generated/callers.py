"""Who calls: `$auth` of a run, and `$toolset` of a tool's connection."""

from __future__ import annotations

from xsrun.errors import AccessDeniedError, XanoScriptError
from xsrun.running.context import Context
from xsrun.values.conversion import Value

#: The key in a run's scratch room for what `$toolset` reads.
TOOLSET = "toolset"


def authentication(context: Context) -> dict[str, Value]:
    """`$auth`: the identity of the caller; without one, the engine answers a bare 403 (semantics 2.6)."""
    identity = context.auth
    if identity is None:
        raise AccessDeniedError(hint="nobody is signed in: run with --auth TABLE:ID, or set auth on the query")
    return {
        **{key: value for key, value in identity.extras.items() if key not in ("id", "extras")},
        "id": identity.id,
        "dbo": {"id": identity.table},
        "extras": identity.extras,
    }


def toolset_of(context: Context) -> Value:
    """`$toolset`: the token and the parameters of a tool's connection; there while a tool runs (semantics 1.1)."""
    found = context.scratch.get(TOOLSET)
    if found is None:
        raise XanoScriptError("Missing var entry: toolset", hint="it is there while an agent or MCP server runs a tool")
    return found


def identity_or_nobody(context: Context) -> dict[str, Value]:
    """`$auth` whole inside a `transform`: there it can be read without an identity (evidence G12)."""
    return {"dbo": "", "id": 0} if context.auth is None else authentication(context)
