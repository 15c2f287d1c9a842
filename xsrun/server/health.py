"""`/xsrun/health`: can this process answer? For load balancers: anyone may ask, and learns no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.errors import XanoScriptError
from xsrun.server.http_response import JSON_TYPE, HttpResponse, json_body

if TYPE_CHECKING:
    from xsrun.server.snapshot import Snapshot
    from xsrun.values.conversion import Value

HEALTH = "/xsrun/health"


def health(snapshot: Snapshot, *, insider: bool) -> HttpResponse:
    """200 where the database answers, else 503; insiders are told why."""
    workspace = snapshot.workspace
    error = None
    if any(construct.kind == "table" for construct in workspace.constructs):
        context = workspace.context()
        try:
            context.session.transaction.execute("SELECT 1")
        except XanoScriptError as raised:
            error = raised
        finally:
            if context.session_slot is not None:
                context.session_slot.close()
    told: dict[str, Value] = {"status": "ok" if error is None else "unavailable"}
    if error is not None and insider:
        told["database"] = str(error)
    if snapshot.stale and insider:
        told["broken_files"] = sorted({one.file for one in snapshot.stale})
    return HttpResponse(
        200 if error is None else 503,
        [(b"content-type", JSON_TYPE), (b"cache-control", b"no-store")],
        json_body(told),
    )
