"""`ai.*`: agents and tools of MCP servers. Both need services that are not on this machine."""

from __future__ import annotations

from xsrun.statements.unavailable import declare

_MODEL = "it needs a language model"
_MCP_SERVER = "it needs an MCP server"

declare(
    "ai.agent.run",
    _MODEL,
    "Run an agent: its answer is the member `result`, beside `steps`, `usage` and `finishReason`.",
    "args?, allow_tool_execution?, version?, runtime_mode?: text, async?",
)
declare(
    "ai.external.mcp.server_details",
    _MCP_SERVER,
    "Tell what an MCP server says of itself. Documentation writes `server_url` and `api_key`.",
    "url?, bearer_token?, connection_type|server_url|api_key",
)
declare(
    "ai.external.mcp.tool.list",
    _MCP_SERVER,
    "List the tools of an MCP server. Documentation writes `server_url` and `api_key`.",
    "url?, bearer_token?, connection_type|server_url|api_key",
)
declare(
    "ai.external.mcp.tool.run",
    _MCP_SERVER,
    "Run a tool of an MCP server. Documentation writes `server_url`, `api_key`, `tool_name` and `arguments`.",
    "url?, bearer_token?, connection_type|server_url|api_key|tool_name|arguments, tool?, args?",
)
