"""Tools of MCP servers elsewhere that an agent may call: its `external_mcp_servers`."""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.records import record
from xsrun.running.context import Context
from xsrun.services import mcp_client
from xsrun.services.mcp_client import McpServer, server_of
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.language.types import Schema

_STATEMENT = "ai.agent.run"


@record
class OutsideTool:
    """A tool of another server."""

    server: McpServer
    name: str
    description: str
    schema: Schema

    def run(self, context: Context, arguments: dict[str, Value]) -> Value:
        """What it answers; its error as an object, for the model to read."""
        try:
            return mcp_client.call_tool(context, self.server, _STATEMENT, self.name, arguments)
        except XanoScriptError as error:
            if not error.catchable:
                raise
            return {**error.as_dict()}


def outside_tools(context: Context, servers: list[dict[str, Value]]) -> list[OutsideTool]:
    """The tools of some servers, `{url, api_key?, connection_type?}` each."""
    found = []
    for one in servers:
        token = one.get("api_key") or one.get("bearer_token")
        server = server_of(one.get("url"), token, one.get("connection_type") or "stream")
        for tool in mcp_client.list_tools(context, server, _STATEMENT):
            schema = tool.get("inputSchema") or {"type": "object", "properties": {}}
            found.append(OutsideTool(server, str(tool.get("name")), str(tool.get("description") or ""), schema))
    return found
