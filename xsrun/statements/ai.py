"""`ai.*`: agents and tools of MCP servers. Both need services that are not on this machine."""

from __future__ import annotations

from xsrun.statements.unavailable import declare, declare_all

declare(
    "ai.agent.run",
    "it needs a language model",
    "Run an agent: its answer is the member `result`, beside `steps`, `usage` and `finishReason`.",
)
declare_all(
    "ai.external.mcp.",
    "it needs an MCP server",
    {
        "server_details": "Tell what an MCP server says of itself.",
        "tool.list": "List the tools of an MCP server.",
        "tool.run": "Run a tool of an MCP server.",
    },
)
