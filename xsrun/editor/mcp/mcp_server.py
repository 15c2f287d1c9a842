"""The tools, resources and prompts over the Model Context Protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio
import mcp_types as types
from anyio import to_thread
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from xsrun import __version__
from xsrun.editor.mcp import agent_resources
from xsrun.editor.mcp.agent_prompts import PROMPTS
from xsrun.editor.mcp.opening import FilteredOutput, ReplayedInput
from xsrun.editor.mcp.toolbox import Toolbox
from xsrun.errors import UsageError

Asked = ServerRequestContext[Any]
Paged = types.PaginatedRequestParams | None
Found = TypeVar("Found")

INSTRUCTIONS = (
    "xsrun checks, runs and tests XanoScript (.xs, the language of Xano backends) on this machine. After each edit "
    "call check, then test. Use docs before you use a statement or filter that you are not sure of. Tools read and "
    "write inside the workspace's folder only, and write only when you ask for it."
)


class AgentServer:
    """What answers each kind of request, from one toolbox."""

    def __init__(self, box: Toolbox) -> None:
        self.box = box

    async def list_tools(self, _: Asked, _page: Paged) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    description=tool.about,
                    input_schema=tool.schema,
                    annotations=types.ToolAnnotations(
                        read_only_hint=not tool.writes, destructive_hint=tool.writes, open_world_hint=False
                    ),
                )
                for tool in self.box.tools.values()
            ]
        )

    async def call_tool(self, _: Asked, given: types.CallToolRequestParams) -> types.CallToolResult:
        """Programs run beside the connection, which goes on listening."""
        answer = await to_thread.run_sync(self.box.call, given.name, given.arguments or {})
        return types.CallToolResult(content=[types.TextContent(text=answer.text)], is_error=answer.failed)

    async def list_resources(self, _: Asked, page: Paged) -> types.ListResourcesResult:
        found = await to_thread.run_sync(agent_resources.listed, self.box)
        with refused():
            shown, more = agent_resources.page_of(found, page.cursor if page is not None else None)
        return types.ListResourcesResult(
            resources=[types.Resource(uri=one.uri, name=one.name, mime_type=one.mime) for one in shown],
            next_cursor=more,
        )

    async def list_templates(self, _: Asked, _page: Paged) -> types.ListResourceTemplatesResult:
        made = [
            types.ResourceTemplate(uri_template=uri, name=name, description=about)
            for name, (uri, about) in agent_resources.TEMPLATES.items()
        ]
        return types.ListResourceTemplatesResult(resource_templates=made)

    async def read_resource(self, _: Asked, given: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(given.uri)
        with refused():
            text, mime = await to_thread.run_sync(agent_resources.read, self.box, uri)
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=mime, text=text)])

    async def list_prompts(self, _: Asked, _page: Paged) -> types.ListPromptsResult:
        return types.ListPromptsResult(
            prompts=[
                types.Prompt(
                    name=one.name,
                    description=one.about,
                    arguments=[
                        types.PromptArgument(name=name, description=about, required=True)
                        for name, about in one.arguments.items()
                    ],
                )
                for one in PROMPTS.values()
            ]
        )

    async def get_prompt(self, _: Asked, given: types.GetPromptRequestParams) -> types.GetPromptResult:
        with refused():
            found = PROMPTS.get(given.name)
            if found is None:
                raise UsageError(f"there is no prompt `{given.name}`", hint=f"there are: {', '.join(PROMPTS)}")
            text = found.filled(given.arguments or {})
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=found.about, messages=[message])


@contextmanager
def refused() -> Iterator[None]:
    """Answer a mistake of the caller as the protocol has it."""
    try:
        yield
    except UsageError as error:
        told = f"{error}" + (f" ({error.hint})" if error.hint else "")
        raise MCPError(types.INVALID_PARAMS, told) from None


def make_server(box: Toolbox) -> Server[Any]:
    """The server over a toolbox."""
    answers = AgentServer(box)
    return Server(
        "xsrun",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=answers.list_tools,
        on_call_tool=answers.call_tool,
        on_list_resources=answers.list_resources,
        on_list_resource_templates=answers.list_templates,
        on_read_resource=answers.read_resource,
        on_list_prompts=answers.list_prompts,
        on_get_prompt=answers.get_prompt,
    )


def serve_streams(box: Toolbox, source: ReplayedInput, target: FilteredOutput) -> None:
    """Serve one client over standard streams until it leaves."""
    server = make_server(box)

    async def main() -> None:
        async with stdio_server(anyio.wrap_file(source), anyio.wrap_file(target)) as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(main)


def serve_http(box: Toolbox, port: int, announce: Callable[[str], None]) -> None:
    """Serve clients over HTTP on this machine's own address until the process is told to stop."""
    import uvicorn

    from xsrun.server.listening import listen

    host = "127.0.0.1"
    with listen(host, port) as bound:
        application = make_server(box).streamable_http_app(host=host)
        announce(f"http://{host}:{bound.getsockname()[1]}/mcp")
        config = uvicorn.Config(application, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[bound])
