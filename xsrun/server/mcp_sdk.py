"""An `mcp_server` in the words of the official MCP SDK: its tools and resources for one connection."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from xsrun import __version__
from xsrun.dispatch.toolsets import ToolEntry, Toolset
from xsrun.server.mcp_connection import McpConnection
from xsrun.values.conversion import Value, to_bytes, to_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    #: Calls a function in a thread that may run programs.
    RunInThread = Callable[..., Awaitable[Any]]

_Context = ServerRequestContext[dict[str, Any], Any]


def sdk_server(connection: McpConnection, toolset: Toolset, run: RunInThread) -> Server[dict[str, Any]]:
    """The SDK's server for a connection; `toolset` is what the client sees as it begins."""

    async def list_tools(_: _Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        seen: Toolset = await run(connection.toolset)
        return types.ListToolsResult(tools=[_tool(one) for one in seen.entries if not one.uri])

    async def call_tool(_: _Context, asked: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            answer = await run(connection.call, asked.name, dict(asked.arguments or {}))
        except LookupError:
            raise MCPError(code=types.INVALID_PARAMS, message=f"Unknown tool: {asked.name}") from None
        return types.CallToolResult(content=[types.TextContent(type="text", text=to_json(answer))])

    async def list_resources(_: _Context, __: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        seen: Toolset = await run(connection.toolset)
        return types.ListResourcesResult(resources=[_resource(one) for one in seen.entries if one.uri])

    async def read_resource(_: _Context, asked: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(asked.uri)
        try:
            answer = await run(connection.read, uri)
        except LookupError:
            raise MCPError(code=types.INVALID_PARAMS, message=f"Unknown resource: {uri}") from None
        return types.ReadResourceResult(contents=[_contents(uri, answer)])

    has_resources = any(one.uri for one in toolset.entries)
    return Server(
        toolset.owner.name,
        version=__version__,
        instructions=toolset.instructions or None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources if has_resources else None,
        on_read_resource=read_resource if has_resources else None,
    )


def _tool(entry: ToolEntry) -> types.Tool:
    return types.Tool.model_validate(
        {
            "name": entry.name,
            "description": entry.instructions or None,
            "inputSchema": entry.schema,
            "_meta": entry.meta or None,
        }
    )


def _resource(entry: ToolEntry) -> types.Resource:
    return types.Resource.model_validate(
        {"uri": entry.uri, "name": entry.name, "description": entry.instructions or None, "_meta": entry.meta or None}
    )


def _contents(uri: str, answer: Value) -> types.TextResourceContents | types.BlobResourceContents:
    """A resource: `{uri, mimeType, text}` or `{..., blob}` as a tool gives it, or a text; anything else is JSON."""
    given = answer if isinstance(answer, dict) and ("text" in answer or "blob" in answer) else None
    if given is None:
        text = answer if isinstance(answer, str) else to_json(answer)
        kind = "text/plain" if isinstance(answer, str) else "application/json"
        return types.TextResourceContents(uri=uri, mime_type=kind, text=text)
    common = {"uri": given.get("uri") or uri, "mimeType": given.get("mimeType"), "_meta": given.get("_meta")}
    if "blob" in given:
        blob = base64.b64encode(to_bytes(given["blob"])).decode("ascii")
        return types.BlobResourceContents.model_validate({**common, "blob": blob})
    text = given["text"] if isinstance(given["text"], str) else json.dumps(given["text"])
    return types.TextResourceContents.model_validate({**common, "text": text})
