"""`ai.*`: agents, and the tools of MCP servers elsewhere (semantics 7.6)."""

from __future__ import annotations

import ast

from xsrun.errors import InputError, MissingParamError
from xsrun.evaluator import quasiquote
from xsrun.evaluator.quasiquote import call, constant, place, statement_position
from xsrun.hints import TYPE_CHECKING
from xsrun.registry import statement, statement_form
from xsrun.running.context import Context
from xsrun.services import mcp_client
from xsrun.statements.call import called_name, is_asynchronous
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import Value, as_object, from_json, to_text

if TYPE_CHECKING:
    from xsrun.evaluator.compiler import Compiler


@statement_form("ai.agent.run", "args?, allow_tool_execution?, version?, runtime_mode?: text, async?")
def ai_agent_run(compiler: Compiler, node: Statement) -> None:
    """Run an agent of the workspace: its answer is the member `result`, a text or the object of structured outputs.

    `args` are what the agent's prompt reads as `$args`. With `allow_tool_execution = false` the calls that the model
    asks for are in `toolCalls`, and none is made. Beside `result` there are `steps`, each with its `content`, and
    `usage`, `totalUsage`, `toolCalls` and `finishReason` of the last step, `providerMetadata` and `reasoningDetails`.

    The model is asked over the network, which is off: `--allow-net api.openai.com` lets an agent of OpenAI's reach it,
    with the key that the agent takes from `$env`. `--model` lets another one answer: a server on this machine, as
    `--model http://127.0.0.1:11434/v1#llama3.2` for Ollama, or a file of turns. `--record FILE` keeps a conversation,
    `--replay FILE` repeats it offline. A unit test gives the statement a `mock`. `version` changes nothing here.

    >>> try_catch {
    ...   try {
    ...     ai.agent.run "No such agent" {
    ...       args = {question: "?"}
    ...     } as $answer
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Agent does not exist: agent:No such agent"}
    """
    at = statement_position(node)
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for given in ("args", "allow_tool_execution"):
        value = node.attribute(given)
        if value is not None:
            keys.append(constant(given, at))
            values.append(compiler.value(value))
    asynchronous = is_asynchronous(node.attribute("runtime_mode")) or is_asynchronous(node.attribute("async"))
    made = call(
        "start_construct" if asynchronous else "call_construct",
        at,
        quasiquote.name("context", at),
        quasiquote.name("depth", at),
        constant("agent", at),
        constant(called_name(compiler, node), at),
        place(ast.Dict(keys, values), at),
        constant(None, at),
    )
    compiler.bind_result(node, made)


#: Documentation's spellings, which come without the type of the connection.
_SPELLINGS = {"server_url": "connection_type", "api_key": "connection_type"}


@statement("ai.external.mcp.server_details", spellings=_SPELLINGS)
def server_details(
    context: Context,
    url: Value = None,
    bearer_token: Value = None,
    connection_type: Value = None,
    server_url: Value = None,
    api_key: Value = None,
) -> Value:
    """Tell what an MCP server says of itself: its name, version, instructions, capabilities and tools.

    `connection_type` is "sse" or "stream". Documentation writes `server_url` and `api_key`. The address must be allowed
    (`--allow-net HOST`) unless it is on this machine; `--record` and `--replay` work as for `api.request`.

    >>> try_catch {
    ...   try {
    ...     ai.external.mcp.server_details {
    ...       url = "http://127.0.0.1:9/mcp"
    ...       connection_type = "websocket"
    ...     } as $details
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Input 'websocket' is not one of the allowable values."}
    """
    server = _server(url, server_url, bearer_token, api_key, connection_type)
    return mcp_client.server_details(context, server, "ai.external.mcp.server_details")


@statement("ai.external.mcp.tool.list", spellings=_SPELLINGS)
def tool_list(
    context: Context,
    url: Value = None,
    bearer_token: Value = None,
    connection_type: Value = None,
    server_url: Value = None,
    api_key: Value = None,
) -> Value:
    """List the tools of an MCP server: each has a `name`, a `description` and the JSON Schema of its input.

    `connection_type` is "sse" or "stream". Documentation writes `server_url` and `api_key`.

    >>> try_catch {
    ...   try {
    ...     ai.external.mcp.tool.list {
    ...       url = ""
    ...       connection_type = "stream"
    ...     } as $tools
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Missing param: url"}
    """
    server = _server(url, server_url, bearer_token, api_key, connection_type)
    return mcp_client.list_tools(context, server, "ai.external.mcp.tool.list")


@statement(
    "ai.external.mcp.tool.run",
    spellings={**_SPELLINGS, "tool_name": "connection_type", "arguments": "connection_type"},
)
def tool_run(
    context: Context,
    url: Value = None,
    bearer_token: Value = None,
    connection_type: Value = None,
    tool: Value = None,
    args: Value = None,
    server_url: Value = None,
    api_key: Value = None,
    tool_name: Value = None,
    arguments: Value = None,
) -> Value:
    """Run a tool of an MCP server: what it answers as it comes, `{content: [{type: "text", text}]}`.

    `args` is an object, or its JSON. Documentation writes `server_url`, `api_key`, `tool_name` and `arguments`. A tool
    that fails answers with `isError: true`; a tool that is not there raises an error.

    >>> try_catch {
    ...   try {
    ...     ai.external.mcp.tool.run {
    ...       url = "http://127.0.0.1:9/mcp"
    ...       connection_type = "stream"
    ...     } as $answer
    ...   }
    ...   catch {
    ...     var $message { value = $error.message }
    ...   }
    ... }
    {"message": "Missing param: tool"}
    """
    server = _server(url, server_url, bearer_token, api_key, connection_type)
    name = to_text(tool or tool_name)
    if not name:
        raise MissingParamError("tool")
    given = _arguments(args if args is not None else arguments)
    return mcp_client.call_tool(context, server, "ai.external.mcp.tool.run", name, given)


def _server(url: Value, other_url: Value, token: Value, other_token: Value, kind: Value) -> mcp_client.McpServer:
    """The server that the attributes name, in either spelling."""
    return mcp_client.server_of(url or other_url, token if token is not None else other_token, kind)


def _arguments(value: Value) -> dict[str, Value]:
    if isinstance(value, str) and value.strip():
        try:
            value = from_json(value)
        except ValueError:
            raise InputError("Not a valid JSON object.", "args", hint="write an object: args = {id: 1}") from None
    return {} if value is None or value in ("", []) else as_object(value)
