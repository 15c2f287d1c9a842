"""`ai.*`: agents and tools of MCP servers. Both need services that are not on this machine."""

from __future__ import annotations

from typing import NoReturn

from xsrun.registry import statement
from xsrun.statements.unavailable import declare, refuse
from xsrun.values.conversion import Value

_NO_SERVER = "it needs an MCP server"

declare(
    "ai.agent.run",
    "it needs a language model",
    "Run an agent: its answer is the member `result`, beside `steps`, `usage` and `finishReason`.",
)


# Documentation has names of its own for the attributes. That the engine's `connection_type` may be left out only beside
# those is tested before a program runs, with the other attributes that a statement needs.


@statement("ai.external.mcp.server_details", unavailable=_NO_SERVER)
def server_details(
    *,
    url: Value = None,
    bearer_token: Value = None,
    connection_type: Value = None,
    server_url: Value = None,
    api_key: Value = None,
) -> NoReturn:
    """Tell what an MCP server says of itself. Documentation writes `server_url` and `api_key`.

    On this machine it raises an error: it needs an MCP server. In unit tests a `mock` stands for it.
    """
    refuse("ai.external.mcp.server_details", _NO_SERVER)


@statement("ai.external.mcp.tool.list", unavailable=_NO_SERVER)
def tool_list(
    *,
    url: Value = None,
    bearer_token: Value = None,
    connection_type: Value = None,
    server_url: Value = None,
    api_key: Value = None,
) -> NoReturn:
    """List the tools of an MCP server. Documentation writes `server_url` and `api_key`.

    On this machine it raises an error: it needs an MCP server. In unit tests a `mock` stands for it.
    """
    refuse("ai.external.mcp.tool.list", _NO_SERVER)


@statement("ai.external.mcp.tool.run", unavailable=_NO_SERVER)
def tool_run(
    *,
    url: Value = None,
    bearer_token: Value = None,
    connection_type: Value = None,
    tool: Value = None,
    args: Value = None,
    server_url: Value = None,
    api_key: Value = None,
    tool_name: Value = None,
    arguments: Value = None,
) -> NoReturn:
    """Run a tool of an MCP server. Documentation writes `server_url`, `api_key`, `tool_name` and `arguments`.

    On this machine it raises an error: it needs an MCP server. In unit tests a `mock` stands for it.
    """
    refuse("ai.external.mcp.tool.run", _NO_SERVER)
