"""MCP servers elsewhere: what they say of themselves, their tools, and calls of these.

Spoken by the official SDK (`pip install 'xsrun[ai]'`), which is imported when a program first reaches for a server. The
network policy is asked for the server's address; the SDK follows redirects on that address alone. A recording keeps
each question and its answer as one call, so that a replay needs neither the server nor the SDK.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import AsyncExitStack

from xsrun.errors import MissingParamError, UnavailableError, XanoScriptError
from xsrun.extras import installing
from xsrun.hints import TYPE_CHECKING, Any
from xsrun.records import record
from xsrun.running.masking import secrets_of_request
from xsrun.services.http_messages import OutgoingRequest, ReceivedResponse
from xsrun.services.network import host_and_port, is_loopback
from xsrun.values.conversion import Value, as_utf8, from_json, not_allowed, to_json

if TYPE_CHECKING:
    from mcp import ClientSession

    from xsrun.running.context import Context
    from xsrun.services.network import NetworkPolicy

CONNECTION_TYPES = ("sse", "stream")
_NO_LINES = logging.NullHandler()
#: Seconds for one question, when the run itself has no limit.
_SECONDS = 60.0
#: Pages of a list of tools that are asked for; more than any server has.
_MOST_PAGES = 100


@record(frozen=True)
class McpServer:
    """A server elsewhere, and how to reach it; `connection` is "sse" or "stream"."""

    url: str
    token: str = ""
    connection: str = "sse"


def server_of(url: Value, token: Value, connection: Value) -> McpServer:
    """The server that a statement names. Raises InputError for what is none."""
    if not isinstance(url, str) or not url.strip():
        raise MissingParamError("url")
    kind = as_utf8(connection) or CONNECTION_TYPES[0]
    if kind not in CONNECTION_TYPES:
        hint = 'connection_type is "sse" or "stream"'
        raise not_allowed(kind, "connection_type", hint)
    return McpServer(url.strip(), token.strip() if isinstance(token, str) else "", kind)


def server_details(context: Context, server: McpServer, statement: str) -> dict[str, Value]:
    """Name, version, instructions and capabilities of a server, and its tools."""
    return _asked(context, server, statement, "initialize", {})


def list_tools(context: Context, server: McpServer, statement: str) -> list[Value]:
    """The tools of a server, each with `name`, `description` and `inputSchema`."""
    found = _asked(context, server, statement, "tools/list", {})
    tools = found.get("tools")
    return tools if isinstance(tools, list) else []


def call_tool(context: Context, server: McpServer, statement: str, name: str, args: dict[str, Value]) -> Value:
    """What a tool of a server answers, as it comes: `{content: [{type: "text", text}], isError?}`."""
    return _asked(context, server, statement, "tools/call", {"name": name, "arguments": args})


def _asked(
    context: Context, server: McpServer, statement: str, method: str, params: dict[str, Value]
) -> dict[str, Value]:
    """The answer to one question, recorded or replayed where there is a recording."""
    policy: NetworkPolicy = context.service("network")
    if server.token:
        context.keep_secret(server.token)
    secrets = secrets_of_request(context.secrets, context.request.headers, context.request.input)
    body = to_json({"method": method, "params": params}).encode("utf-8", "surrogatepass")
    request = OutgoingRequest("POST", server.url, [("Content-Type", "application/json")], body)
    recording = policy.recording
    if recording is not None and recording.replaying:
        return _read(recording.replay(request, statement, secrets))
    try:
        policy.require(context, statement, server.url)
        received = _outcome(context, server, method, params)
    except ConnectionError:  # tests ask for a network that is down
        received = ReceivedResponse(error=f"Could not resolve host: {host_and_port(server.url)[0]}")
    if recording is not None:
        recording.add(request, received, secrets)
    return _read(received)


def _read(received: ReceivedResponse) -> dict[str, Value]:
    """An answer; raises XanoScriptError for a refusal of the server, and for one that did not answer."""
    if received.error is not None:
        raise XanoScriptError(f"The MCP server did not answer: {received.error}")
    found = from_json(received.body)
    if received.status != 200:
        raise XanoScriptError(str(found.get("message") or "The MCP server refuses."))
    return found if isinstance(found, dict) else {}


def _outcome(context: Context, server: McpServer, method: str, params: dict[str, Value]) -> ReceivedResponse:
    """Connect, ask and leave; the answer or the refusal as a response that a recording can keep."""
    try:
        from mcp import MCPError
    except ImportError:
        text = "statements that reach MCP servers need a package that is not installed"
        raise UnavailableError(text, hint=f"install it with: {installing('ai')}") from None
    # what goes wrong is an error of the program; without a handler Python prints the SDK's tracebacks of it, too
    logging.getLogger("mcp").addHandler(_NO_LINES)
    seconds = _SECONDS if context.limits.seconds is None else context.limits.seconds
    try:
        found = asyncio.run(asyncio.wait_for(_conversation(server, method, params), seconds))
    except TimeoutError:
        return ReceivedResponse(error=f"it took longer than {seconds:g} s")
    except Exception as raised:
        error = _deepest(raised)
        if isinstance(error, MCPError):
            refused = to_json({"code": error.error.code, "message": error.error.message}).encode()
            return ReceivedResponse(400, "Refused", headers=[("Content-Type", "application/json")], body=refused)
        host, port = host_and_port(server.url)
        words = str(error).strip() or type(error).__name__
        return ReceivedResponse(error=f"{words} ({host}{f':{port}' if port else ''})")
    body = json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return ReceivedResponse(200, "OK", headers=[("Content-Type", "application/json")], body=body)


def _deepest(error: BaseException) -> BaseException:
    """The first error in groups of errors, which the SDK raises."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


# The SDK -------------------------------------------------------------------------------------------------------------


async def _conversation(server: McpServer, method: str, params: dict[str, Value]) -> dict[str, Any]:
    """One question to a server, in a session of its own."""
    async with AsyncExitStack() as stack:
        session = await _session(server, stack)
        greeting = await session.initialize()
        if method == "tools/call":
            result = await session.call_tool(params["name"], params["arguments"])
            return result.model_dump(mode="json", by_alias=True, exclude_none=True)
        tools = await _all_tools(session) if greeting.capabilities.tools is not None else []
        if method == "tools/list":
            return {"tools": tools}
        told = greeting.model_dump(mode="json", by_alias=True, exclude_none=True)
        about = told.get("serverInfo", {})
        return {
            "name": about.get("name", ""),
            "version": about.get("version", ""),
            "instructions": told.get("instructions", ""),
            "protocolVersion": told.get("protocolVersion", ""),
            "capabilities": list(told.get("capabilities", {})),
            "tools": tools,
        }


async def _session(server: McpServer, stack: AsyncExitStack) -> ClientSession:
    import httpx2
    from mcp import ClientSession
    from mcp.client.sse import sse_client
    from mcp.client.streamable_http import streamable_http_client

    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    past_proxies = is_loopback(host_and_port(server.url)[0])

    def client(
        headers: dict[str, str] | None = headers,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        given = timeout or httpx2.Timeout(_SECONDS)
        return httpx2.AsyncClient(headers=headers, timeout=given, auth=auth, trust_env=not past_proxies)

    if server.connection == "sse":
        streams = await stack.enter_async_context(sse_client(server.url, headers, httpx_client_factory=client))
    else:
        connection = await stack.enter_async_context(client())
        streams = await stack.enter_async_context(streamable_http_client(server.url, http_client=connection))
    return await stack.enter_async_context(ClientSession(*streams))


async def _all_tools(session: ClientSession) -> list[dict[str, Any]]:
    """The tools on every page."""
    from mcp.types import PaginatedRequestParams

    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        found.extend(tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools)
        cursor = page.next_cursor
        if cursor is None:
            break
    return found
