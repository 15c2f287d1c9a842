"""The requests that are sent to both sides, and which of them may be sent to the live one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from xsrun.records import made, record
from xsrun.server.routes import Match, Routes
from xsrun.syntax.nodes import Name, Statement
from xsrun.syntax.walk import statements

if TYPE_CHECKING:
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.workspace import LoadedWorkspace

#: Statements that leave something behind: rows, files, keys, messages, work of others.
_WRITES = (
    "db.add", "db.edit", "db.patch", "db.del", "db.add_or_edit", "db.bulk", "db.truncate", "db.increment",
    "db.direct_query", "db.external", "redis.", "storage.create", "storage.delete", "util.send_email", "cloud.",
    "realtime", "api.request", "api.lambda", "api.microservice", "webflow.", "datadog.", "action.", "ai.agent.run",
    "ai.external.mcp.tool.run", "stream.from_request", "task.call",
)  # fmt: skip
#: Those of them that only read.
_READS = ("redis.get", "redis.has", "redis.keys", "redis.count", "redis.range")
_SAFE_VERBS = frozenset(("GET", "HEAD"))


@record
class AskedRequest:
    """One request. `path` is as sent, from `/api:` on; `source` says where it comes from."""

    name: str
    verb: str
    path: str
    query: str = ""
    headers: list[tuple[str, str]] = made(factory=list)
    body: bytes = b""
    source: str = ""

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@record
class PlannedRequest:
    """A request with what is decided about it: `refusal` says why it is not sent; None when it is."""

    asked: AskedRequest
    match: Match | None
    writes: str | None = None
    refusal: str | None = None


@record(frozen=True)
class VerifyPermission:
    """What the user allows: `reads` are requests (`POST /search`) that are known to only read."""

    writes: bool = False
    reads: tuple[str, ...] = ()


def plan(
    workspace: LoadedWorkspace, routes: Routes, asked: Iterable[AskedRequest], permission: VerifyPermission
) -> list[PlannedRequest]:
    """What is to be sent and what is not. Only what reads is, unless writes are allowed."""
    known: dict[int, str | None] = {}
    planned = []
    for one in asked:
        match = routes.find(one.verb, one.path)
        if match is None or match.route is None:
            planned.append(PlannedRequest(one, None, None, "the workspace has no such query"))
            continue
        query = match.route.query
        if id(query) not in known:
            known[id(query)] = why_it_writes(workspace, query)
        writes = known[id(query)]
        if writes is None and one.verb not in _SAFE_VERBS:
            writes = f"{one.verb} may write"
        if writes is not None and f"{one.verb} /{query.name}" in permission.reads:
            writes = None
        refusal = None if writes is None or permission.writes else f"it is not only read: {writes}"
        planned.append(PlannedRequest(one, match, writes, refusal))
    return planned


def why_it_writes(workspace: LoadedWorkspace, query: Construct) -> str | None:
    """The statement by which a query, or a function that it calls, leaves something behind; None when none does."""
    seen: set[int] = set()
    pending = [query]
    while pending:
        construct = pending.pop()
        if id(construct) in seen:
            continue
        seen.add(id(construct))
        for item in _statements(construct):
            if item.name.startswith(_WRITES) and item.name not in _READS:
                return f"{item.name} at {workspace.shown(construct.file)}:{item.line}"
            called = item.target.text if isinstance(item.target, Name) else None
            kind = item.name.partition(".")[0]
            if called and item.name in ("function.run", "function.call", "tool.call", "addon.call", "middleware.call"):
                found = workspace.lookup(kind, called)
                pending += [found] if found is not None else []
    return None


def _statements(construct: Construct) -> Iterator[Statement]:
    stack = construct.node.block("stack") if construct.node is not None else None
    yield from statements(stack.body if stack is not None else None)
