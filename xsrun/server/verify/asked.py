"""The requests that are sent to both sides, and which of them may be sent to the live one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from xsrun.dispatch.attachments import attachments
from xsrun.records import made, record
from xsrun.running.masking import masked_argument
from xsrun.server.routes import Match, Routes
from xsrun.syntax.nodes import Name, Statement
from xsrun.syntax.walk import statements

if TYPE_CHECKING:
    from xsrun.dispatch.attachments import Attachment
    from xsrun.workspace.construct import Construct
    from xsrun.workspace.workspace import LoadedWorkspace

#: Namespaces whose statements leave nothing behind (rows, files, keys, messages, work of others) ...
_READING = ("array.", "debug.", "expect.", "math.", "object.", "security.", "stream.", "text.", "util.", "zip.")
#: ... but for these, and the statements of others that leave nothing behind. One that is in none of the three writes.
_WRITES = frozenset(("stream.from_request", "util.send_email"))
_READS = frozenset((
    "var", "var.update", "conditional", "switch", "for", "foreach", "foreach.remove", "while", "break", "continue",
    "remove", "placeholder", "try_catch", "group", "return", "throw", "precondition", "await",
    "db.get", "db.has", "db.query", "db.schema", "db.transaction",
    "redis.get", "redis.has", "redis.keys", "redis.count", "redis.range",
    "storage.read_file_resource", "storage.sign_private_url", "api.stream",
    "ai.external.mcp.server_details", "ai.external.mcp.tool.list",
))  # fmt: skip
#: Statements that run a construct, which is looked into.
_CALLS = frozenset(("function.run", "function.call", "tool.call", "addon.call", "middleware.call"))
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

    @property
    def shown(self) -> str:
        """The address as it is printed: values whose names say that they are secret are masked."""
        return f"{self.path}?{'&'.join(map(masked_argument, self.query.split('&')))}" if self.query else self.path


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
    around = attachments(workspace.constructs)
    planned = []
    for one in asked:
        match = routes.find(one.verb, one.path)
        if match is None or match.route is None:
            planned.append(PlannedRequest(one, None, None, "the workspace has no such query"))
            continue
        query = match.route.query
        if id(query) not in known:
            known[id(query)] = why_it_writes(workspace, query, around)
        writes = known[id(query)]
        if writes is None and one.verb not in _SAFE_VERBS:
            writes = f"{one.verb} may write"
        if writes is not None and f"{one.verb} /{query.name}" in permission.reads:
            writes = None
        refusal = None if writes is None or permission.writes else f"it is not only read: {writes}"
        planned.append(PlannedRequest(one, match, writes, refusal))
    return planned


def why_it_writes(workspace: LoadedWorkspace, query: Construct, around: dict[Construct, Attachment]) -> str | None:
    """The statement by which a query, a function that it calls, or middleware leaves something behind; None when none
    does. A call that says only as it runs what it calls counts as one."""
    seen: set[int] = set()
    pending = [query]
    while pending:
        construct = pending.pop()
        if id(construct) in seen:
            continue
        seen.add(id(construct))
        attached = around.get(construct)
        called = [("middleware", name) for name in (*attached.pre, *attached.post)] if attached is not None else []
        for item in _statements(construct):
            if item.name in _CALLS and isinstance(item.target, Name):
                called.append((item.name.partition(".")[0], item.target.text))
            elif item.name not in _READS and (item.name in _WRITES or not item.name.startswith(_READING)):
                return f"{item.name} at {workspace.shown(construct.file)}:{item.line}"
        pending += [found for kind, name in called if (found := workspace.lookup(kind, name)) is not None]
    return None


def _statements(construct: Construct) -> Iterator[Statement]:
    stack = construct.node.block("stack") if construct.node is not None else None
    yield from statements(stack.body if stack is not None else None)
