"""What the workspace holds, as the console lists it: its name, its queries, what can be run."""

from __future__ import annotations

from xsrun.server.console.calls import ApiCall, handles
from xsrun.values.conversion import Value


@handles("GET", "about")
def about(call: ApiCall) -> dict[str, Value]:
    """What the head of the page tells."""
    workspace = call.workspace
    named = next((one.name for one in workspace.constructs if one.kind == "workspace"), None)
    root = workspace.root
    return {"name": named or (root.resolve().name if root is not None else "workspace")}


@handles("GET", "queries")
def queries(call: ApiCall) -> dict[str, Value]:
    """The queries that are served, by group."""
    found = [
        {"verb": route.verb, "path": route.path, "group": group.name, "file": route.query.file}
        for group in call.snapshot.routes.groups
        if group.active
        for route in group.routes
    ]
    return {"queries": found}
