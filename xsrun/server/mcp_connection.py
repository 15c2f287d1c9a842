"""A client of an `mcp_server`: who it is, which tools it sees, and how they run (semantics 7.6)."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xsrun.dispatch.toolsets import ToolEntry, Toolset, caller_of, connected, error_answer, toolset_of
from xsrun.errors import NotFoundError, XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.fields.declared import of_call
from xsrun.records import record
from xsrun.running.context import TOOLSET, Context, Identity
from xsrun.running.masking import secrets_of_request
from xsrun.running.watchdog import watched
from xsrun.server.http_request import HttpRequest, query_values
from xsrun.workspace.construct import text_of
from xsrun.workspace.result import Result, finish

if TYPE_CHECKING:
    from xsrun.server.log import Log
    from xsrun.server.snapshot import Live, Snapshot
    from xsrun.services.tokens import TokenService
    from xsrun.values.conversion import Value
    from xsrun.workspace.construct import Construct

#: How the addresses of MCP servers begin.
PREFIX = "/x2/mcp/"
#: `/x2/mcp/CANONICAL/TOKEN/stream`; the token `mcp` is none.
_ADDRESS = re.compile(r"/x2/mcp/(?P<name>[^/:]+)(?::(?P<branch>[^/]*))?(?:/(?P<token>[^/]+))?/(?P<kind>stream|sse)")
NO_TOKEN = "mcp"


@record(frozen=True)
class McpAddress:
    """What the path of a request says: a server, a branch, a token, and "stream" or "sse"."""

    name: str
    branch: str
    token: str
    kind: str


def address_of(path: str) -> McpAddress | None:
    """The address in a path, which is still percent-encoded; None for a path that leads to no MCP server."""
    found = _ADDRESS.fullmatch(path)
    if found is None:
        return None
    token = unquote(found["token"] or "")
    return McpAddress(
        unquote(found["name"]), unquote(found["branch"] or ""), "" if token == NO_TOKEN else token, found["kind"]
    )


def mcp_server_of(snapshot: Snapshot, address: McpAddress) -> Construct:
    """The construct that an address leads to. Raises NotFoundError."""
    if not address.branch or address.branch in snapshot.routes.branches:
        for one in snapshot.workspace.constructs:
            canonical = text_of(one.attribute("canonical")) if one.kind == "mcp_server" else None
            if canonical == address.name:
                return one
    raise NotFoundError("Unable to locate request.")


class McpConnection:
    """One client, from its first request on. It always speaks to the workspace that is served at the moment."""

    def __init__(self, live: Live, request: HttpRequest, address: McpAddress, log: Log) -> None:
        self.live = live
        self.request = request
        self.address = address
        self.log = log
        self.params = query_values(request.query) if request.query else {}
        self._seen: tuple[Snapshot, Toolset] | None = None

    # In a thread of the server's pool --------------------------------------------------------------------------------

    def toolset(self) -> Toolset:
        """The tools that this client sees: those of the server, as its trigger leaves them. Raises XanoScriptError.

        The trigger runs once for a connection, and once more after the workspace was changed.
        """
        snapshot = self.live.current
        if self._seen is None or self._seen[0] is not snapshot:
            owner = mcp_server_of(snapshot, self.address)
            owner.fail_if_broken()
            if owner.attribute("active") is not None and _is_off(owner):
                raise NotFoundError("Unable to locate request.")
            context = self.context(snapshot)
            result = Result()
            try:
                toolset = watched(context, connected, context, toolset_of(snapshot.workspace, owner))
            except Exception as error:
                result.error = translate(error)
                raise result.error from error
            finally:
                finish(context, result, now=True)
                self.told(context, result)
            self._seen = snapshot, toolset
        return self._seen[1]

    def context(self, snapshot: Snapshot) -> Context:
        """The context of a run for this client."""
        base = f"{PREFIX}{self.address.name}"
        context = snapshot.workspace.context(request=self.request.request(base), datasource=self.request.datasource())
        context.auth = self.identity(context)
        context.scratch[TOOLSET] = {"token": self.address.token, "params": self.params}
        if self.address.token:
            context.keep_secret(self.address.token)
        return context

    def identity(self, context: Context) -> Identity | None:
        """Who sends the requests: by the bearer token, or by the one in the address where that is an auth token."""
        token = context.request.token or self.address.token
        if not token:
            return None
        tokens: TokenService = context.service("tokens")
        try:
            found = tokens.decode(token, context.now(), context.datasource)
        except XanoScriptError:
            return None  # a token of the program's own, which it reads as $toolset.token
        return Identity(found.id, found.table, found.extras)

    def call(self, name: str, arguments: dict[str, Value]) -> Value:
        """What a tool answers; its error as an object. Raises LookupError for a tool that this client does not see."""
        entry = self.toolset().find(name)
        if entry is None:
            raise LookupError(name)
        return self.answer(entry, arguments)

    def read(self, uri: str) -> Value:
        """What the resource at an address gives. Raises LookupError."""
        entry = self.toolset().resource(uri)
        if entry is None:
            raise LookupError(uri)
        return self.answer(entry, {})

    def answer(self, entry: ToolEntry, arguments: dict[str, Value]) -> Value:
        """Run a tool as a request of its own."""
        snapshot = self.live.current
        context = self.context(snapshot)
        started = time.perf_counter()
        try:
            context.auth = caller_of(entry, context.auth)
        except XanoScriptError as error:
            result = Result(error=error)
        else:
            given = of_call(entry.tool.declared, arguments)
            context.request.input = given
            result = snapshot.workspace.execute(entry.tool, given, context, admit=False)
        label = f"{PREFIX}{self.address.name} {entry.name}"
        secrets = secrets_of_request(context.secrets, context.request.headers, arguments, entry.tool.sensitive)
        status = 200 if result.error is None else result.error.status
        self.log.request("TOOL", label, status, time.perf_counter() - started, result.error, secrets)
        self.told(context, result)
        return result.response if result.error is None else error_answer(result.error)

    def told(self, context: Context, result: Result) -> None:
        """Show what a run logged."""
        secrets = secrets_of_request(context.secrets, context.request.headers, context.request.input)
        self.log.entries(result.logs, secrets)
        self.log.warnings(result.warnings, secrets)


def _is_off(owner: Construct) -> bool:
    from xsrun.database.tables import literal

    return literal(owner.attribute("active")) is False
