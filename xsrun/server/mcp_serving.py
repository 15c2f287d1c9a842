"""MCP servers over HTTP: streamable at `/x2/mcp/CANONICAL/TOKEN/stream`, events at `/x2/mcp/CANONICAL/TOKEN/sse`.

The protocol is the official SDK's (`pip install 'xsrun[ai]'`), which is imported when the first client comes. A session
of the streamable transport has a manager of its own, in a task that ends with it; one that nobody has used for half an
hour ends when another begins.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from xsrun.errors import NotFoundError, XanoScriptError
from xsrun.extras import installing
from xsrun.server.http_request import HttpRequest, Message
from xsrun.server.http_response import HttpResponse, error_response
from xsrun.server.mcp_connection import PREFIX, McpAddress, McpConnection, address_of, mcp_server_of
from xsrun.services.network import is_loopback

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp.server.sse import SseServerTransport
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from xsrun.server.log import Log
    from xsrun.server.settings import Settings
    from xsrun.server.snapshot import Live
    from xsrun.server.threads import ThreadPool

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_SESSION = b"mcp-session-id"
#: Where clients of the event stream post their messages: `MESSAGES` and the id of the stream.
_MESSAGES = f"{PREFIX}messages/"
#: Seconds after which an unused session may end, and how many there may be at once.
_IDLE = 1800.0
_MOST_SESSIONS = 1_000


class McpServing:
    """The MCP servers of an application."""

    def __init__(self, live: Live, settings: Settings, log: Log, threads: Callable[[], ThreadPool]) -> None:
        self.live = live
        self.settings = settings
        self.log = log
        self.threads = threads
        self._sessions: dict[str, McpSession] = {}
        self._streams: dict[str, SseServerTransport] = {}

    async def serve(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request below `/x2/mcp/`."""
        request = HttpRequest.of(scope, self.settings.public_url)
        try:
            await self._serve(request, scope, receive, send)
        except XanoScriptError as error:
            address = address_of(request.path)
            shown = f"{PREFIX}{address.name}/.../{address.kind}" if address is not None else request.path
            self.log.request(request.verb, shown, error.status, 0.0, error)
            await _respond(error_response(error, insider=False), send)

    async def _serve(self, request: HttpRequest, scope: Message, receive: Receive, send: Send) -> None:
        _refuse_other_sites(request)
        if request.path.startswith(_MESSAGES):
            stream = self._streams.get(request.path.removeprefix(_MESSAGES))
            if stream is None:
                raise NotFoundError("Session not found")
            await stream.handle_post_message(scope, receive, send)
            return
        address = address_of(request.path)
        if address is None:
            raise NotFoundError("Unable to locate request.")
        mcp_server_of(self.live.current, address)
        if address.kind == "sse":
            await self._events(request, address, scope, receive, send)
        else:
            await self._streamable(request, address, scope, receive, send)

    async def opened(self, request: HttpRequest, address: McpAddress) -> Server[dict[str, Any]]:
        """The SDK's server for a new client. Raises XanoScriptError: a trigger may refuse the client."""
        try:
            from xsrun.server.mcp_sdk import sdk_server
        except ImportError:
            text = f"MCP servers need a package that is not installed: {installing('ai')}"
            raise XanoScriptError(text, status=501) from None
        connection = McpConnection(self.live, request, address, self.log)
        run = self.threads().run
        return sdk_server(connection, await run(connection.toolset), run)

    # Streamable HTTP -------------------------------------------------------------------------------------------------

    async def _streamable(
        self, request: HttpRequest, address: McpAddress, scope: Message, receive: Receive, send: Send
    ) -> None:
        known = request.header(_SESSION)
        session = self._sessions.get(known) if known is not None else None
        if session is not None and session.address == address:
            await session.handle(scope, receive, send)
            if request.verb == "DELETE":
                await self._end(session)
            return
        if known is not None:
            raise NotFoundError("Session not found")
        if request.verb != "POST":
            raise XanoScriptError("Method not allowed", code="ERROR_CODE_BAD_REQUEST", status=405)
        await self._make_room()
        session = await McpSession.begin(await self.opened(request, address), address, self.settings.max_body)

        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = dict(message["headers"]).get(_SESSION)
                if named is not None and message["status"] < 400:
                    session.id = named.decode("latin-1")
                    self._sessions[session.id] = session
            await send(message)

        try:
            await session.handle(scope, receive, watching)
        finally:
            if not session.id:  # a client of a newer protocol, which knows no sessions, or a request that was refused
                await session.end()

    async def _make_room(self) -> None:
        """End what nobody has used for long, and the oldest where there are too many."""
        now = asyncio.get_running_loop().time()
        resting = sorted((one for one in self._sessions.values() if not one.busy), key=lambda one: one.used)
        too_many = len(self._sessions) + 1 - _MOST_SESSIONS
        for number, one in enumerate(resting):
            if number < too_many or now - one.used > _IDLE:
                await self._end(one)

    async def _end(self, session: McpSession) -> None:
        self._sessions.pop(session.id, None)
        await session.end()

    async def close(self) -> None:
        """End all sessions: the server stops."""
        for one in list(self._sessions.values()):
            await self._end(one)

    # Event streams ---------------------------------------------------------------------------------------------------

    async def _events(
        self, request: HttpRequest, address: McpAddress, scope: Message, receive: Receive, send: Send
    ) -> None:
        if request.verb != "GET":
            raise XanoScriptError("Method not allowed", code="ERROR_CODE_BAD_REQUEST", status=405)
        server = await self.opened(request, address)
        from mcp.server.sse import SseServerTransport

        name = uuid.uuid4().hex
        transport = SseServerTransport(_MESSAGES + name, max_request_body_size=self.settings.max_body)
        self._streams[name] = transport
        try:
            async with transport.connect_sse(scope, receive, send) as (reading, writing):
                await server.run(reading, writing, server.create_initialization_options())
        finally:
            del self._streams[name]


class McpSession:
    """A session of the streamable transport, with the task that holds it."""

    def __init__(self, manager: StreamableHTTPSessionManager, address: McpAddress) -> None:
        self.manager = manager
        self.address = address
        self.id = ""
        self.busy = 0
        self.used = asyncio.get_running_loop().time()
        self._ended = asyncio.Event()
        self._ready = asyncio.Event()
        self._task = asyncio.create_task(self._hold())

    @classmethod
    async def begin(cls, server: Server[dict[str, Any]], address: McpAddress, max_body: int) -> McpSession:
        """A session that is ready for its first request."""
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        manager = StreamableHTTPSessionManager(server, session_idle_timeout=None, max_request_body_size=max_body)
        session = cls(manager, address)
        await session._ready.wait()
        return session

    async def _hold(self) -> None:
        async with self.manager.run():
            self._ready.set()
            await self._ended.wait()

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request of the session."""
        self.busy += 1
        try:
            await self.manager.handle_request(scope, receive, send)
        finally:
            self.busy -= 1
            self.used = asyncio.get_running_loop().time()

    async def end(self) -> None:
        """End the session and what still runs in it."""
        self._ended.set()
        await self._task


def _refuse_other_sites(request: HttpRequest) -> None:
    """Pages of other sites may not use a server on the reader's own machine, whatever name they give it."""
    origin = request.header(b"origin")
    if not origin or origin == request.origin:
        return
    if not is_loopback(urlsplit(origin).hostname or ""):
        raise XanoScriptError("Invalid Origin header", code="ERROR_CODE_ACCESS_DENIED", status=403)


async def _respond(response: HttpResponse, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": response.framed})
    await send({"type": "http.response.body", "body": response.body})
