"""The ASGI application: requests to queries, and the few addresses that are xsrun's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

from xsrun.errors import InternalError, XanoScriptError
from xsrun.server.access import OWN_PAGES, admits
from xsrun.server.advice import advice
from xsrun.server.at_once import answer_at_once, answer_in_thread, may_be_at_once
from xsrun.server.bodies import ClientLeft, Receive, read_body
from xsrun.server.cloud_files import CLOUD_PREFIX, cloud_file
from xsrun.server.console.handler import Console, is_console
from xsrun.server.cors import Policy
from xsrun.server.endpoint import Endpoint
from xsrun.server.figures import Figures
from xsrun.server.file_responses import StoredFile
from xsrun.server.health import HEALTH, health
from xsrun.server.history import History
from xsrun.server.http_request import HttpRequest, Message
from xsrun.server.http_response import HttpResponse, error_response, not_found
from xsrun.server.log import Log
from xsrun.server.mcp_connection import PREFIX as MCP_PREFIX
from xsrun.server.mcp_serving import McpServing
from xsrun.server.metrics import METRICS
from xsrun.server.pages import Pages, unauthorized
from xsrun.server.realtime.conversation import Conversations
from xsrun.server.routes import Match, Route
from xsrun.server.settings import Settings
from xsrun.server.snapshot import Live, Snapshot
from xsrun.server.static_files import StaticFiles
from xsrun.server.streaming import ResponseStream
from xsrun.server.threads import ThreadPool
from xsrun.server.vault import PREFIX, stored_file

Send = Callable[[Message], Awaitable[None]]
Response = HttpResponse | ResponseStream | StoredFile


class Application:
    """Serves a live workspace. Any ASGI server or test client can run it.

    `figures` are those that the processes of a server share: then what is asked of one tells of all.
    """

    def __init__(
        self, live: Live, settings: Settings | None = None, log: Log | None = None, figures: Figures | None = None
    ) -> None:
        self.live = live
        self.settings = settings or Settings()
        self.log = log or Log(quiet=True)
        self.history = History(self.settings.history)
        self.endpoint = Endpoint(self.settings, self.history, self.log, figures)
        self.pages = Pages(self.history, self.settings)
        self.console = Console(live, self.settings, self.history, self.endpoint, self.log)
        if figures is not None:
            self.console.tracing.share(figures)
        if self.settings.lasting_history:
            self.pages.entries = self.console.latest
            self.history.has_room = self.console.keeper.has_room
        self.mcp = McpServing(live, self.settings, self.log, lambda: self.threads)
        self.realtime = Conversations(live, self.log)
        #: called when requests are answered from now on
        self.started: Callable[[], None] = lambda: None
        self.static = StaticFiles(self.settings.static) if self.settings.static is not None else None
        self._threads: ThreadPool | None = None
        #: programs in threads that may compute for long, as far as is known
        self.others = 0
        gauges = self.endpoint.metrics.gauges
        gauges["xsrun_programs_running", "Programs that run at the moment"] = lambda: (
            self._threads.running if self._threads else 0
        )
        gauges["xsrun_programs_waiting", "Requests that wait for a thread"] = lambda: (
            self._threads.waiting if self._threads else 0
        )

    @property
    def threads(self) -> ThreadPool:
        """The thread pool of the running event loop."""
        if self._threads is None or self._threads.loop is not asyncio.get_running_loop():
            self._threads = ThreadPool(self.settings.programs)
            self.endpoint.aside = self._threads.aside
        return self._threads

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(MCP_PREFIX) and self.settings.queries:
            await self.mcp.serve(scope, receive, send)
        elif scope["type"] == "http":
            await self.http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.lifespan(receive, send)
        elif scope["type"] == "websocket":
            with suppress(asyncio.CancelledError):  # the server is shutting down, and its grace period is over
                await self.realtime(scope, receive, send, self.threads)

    async def lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.mcp.close()
                await self.realtime.close()
                if self._threads is not None:
                    self._threads.close()
                await asyncio.to_thread(self.console.close)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.startup":
                self.log.loop_thread = threading.get_ident()
                if self.settings.queries:
                    self.realtime.begin()
                self.started()
            if message["type"] == "lifespan.shutdown":
                return

    async def http(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = HttpRequest.of(scope, self.settings.public_url)
        response: Response
        try:
            response = await self.response(request, receive)
        except ClientLeft:
            return
        except asyncio.CancelledError:  # the server is shutting down, and its grace period is over
            stopped = "The server was stopped before the response was ready."
            response = self.failed(request, XanoScriptError(stopped, status=503))
        except XanoScriptError as error:
            response = self.failed(request, error)
            self.log.request(request.verb, self.shown_path(request), response.status, 0.0, error, of=request.id)
        except Exception as error:
            self.log.fault(error)
            response = self.failed(request, InternalError(error))
        try:
            if isinstance(response, ResponseStream):
                await send_stream(response, request, receive, send)
            elif isinstance(response, StoredFile):
                await send_file(response, request, send)
            else:
                await send_response(response, request, send)
        except asyncio.CancelledError:  # the server is shutting down: what is half sent ends here
            return
        if not isinstance(response, HttpResponse) or response.background is not None:
            await self.conclude(response)

    def failed(self, request: HttpRequest, error: XanoScriptError) -> HttpResponse:
        """The response to a request that ended with an error before or beside its program."""
        response = error_response(error, insider=admits(self.settings, request))
        if not is_console(request.path):
            snapshot = self.snapshot(request)
            response.headers += policy_of(snapshot, snapshot.routes.find(request.verb, request.path)).headers_for(
                request
            )
        return response

    async def conclude(self, response: Response) -> None:
        """Run what a program left for after its response. That is sent, so a fault only goes to the console."""
        try:
            if isinstance(response, ResponseStream):
                response = await response.program
            if isinstance(response, HttpResponse) and response.background is not None:
                await self.threads.run(response.background)
        except asyncio.CancelledError:
            return  # the server is shutting down, and its grace period is over
        except Exception as error:
            self.log.fault(error)

    def snapshot(self, request: HttpRequest) -> Snapshot:
        """The workspace that serves a request."""
        return self.live.current

    def shown_path(self, request: HttpRequest) -> str:
        """The path of a request as logs show it."""
        return self.snapshot(request).routes.shown(request.path)

    async def response(self, request: HttpRequest, receive: Receive) -> Response:
        """The response to a request. Raises ClientLeft, or XanoScriptError for one that cannot be read."""
        snapshot = self.snapshot(request)
        match = snapshot.routes.find(request.verb, request.path) if self.settings.queries else None
        if match is None or match.route is None:
            if self.settings.docs and is_console(request.path):
                return await self.console_page(snapshot, request, receive)
            return await self.elsewhere(snapshot, match, request, receive)
        branch = request.headers.get(b"x-branch")
        if branch and branch.decode("latin-1") not in snapshot.routes.branches:
            return self.refused(snapshot, match, request, branch.decode("latin-1"))
        datasource = request.datasource()
        if datasource != "live":
            self.check_datasource(snapshot, datasource)
        if b"content-length" in request.headers or b"transfer-encoding" in request.headers:
            request.body = await read_body(request, receive, self.settings)
        if self.may_be_at_once(snapshot, match, request):
            response = await answer_at_once(self.endpoint, snapshot, match, request)
            if response is not None:
                return response
        if not snapshot.streams:
            return await (await self.begun(match.route, snapshot, match, request))
        stream = ResponseStream()
        stream.program = await self.begun(match.route, snapshot, match, request, stream)
        stream.program.add_done_callback(lambda _: stream.end())
        await asyncio.wait((stream.program, stream.begun), return_when=asyncio.FIRST_COMPLETED)
        return stream if stream.begun.done() else await stream.program

    def may_be_at_once(self, snapshot: Snapshot, match: Match, request: HttpRequest) -> bool:
        """Does the query of a request need no thread, as far as is known?"""
        return may_be_at_once(self.endpoint, snapshot, match.route, request, self.others)

    async def begun(
        self, route: Route, snapshot: Snapshot, match: Match, request: HttpRequest, stream: ResponseStream | None = None
    ) -> asyncio.Future[HttpResponse]:
        """The run of a query in a thread. Of those that sleep only so many begin as there are programs at once; all
        others begin whatever those do."""
        pool, sleeps = self.threads, route.sleeps  # which may turn out while it runs
        if sleeps:
            await pool.sleepers.acquire()
        program = pool.run(answer_in_thread, self.endpoint, snapshot, match, request, stream)
        if sleeps:
            program.add_done_callback(lambda _: pool.sleepers.release())
        elif route.brief is None:
            self.others += 1
            program.add_done_callback(self._ended)
        return program

    def _ended(self, _program: asyncio.Future[HttpResponse]) -> None:
        self.others -= 1

    def check_datasource(self, snapshot: Snapshot, name: str) -> None:
        """Refuse a data source that nobody knows: each would get tables of its own. Raises XanoScriptError."""
        if name not in snapshot.datasources and name not in self.settings.datasources:
            known = ", ".join(sorted({*snapshot.datasources, *self.settings.datasources}))
            raise XanoScriptError(
                "Unknown data source.",
                code="ERROR_CODE_BAD_REQUEST",
                hint=f"there are: {known}; others are named with xsrun serve --datasource NAME",
                status=400,
            )

    async def console_page(self, snapshot: Snapshot, request: HttpRequest, receive: Receive) -> HttpResponse:
        """The response to a request of the console, which is for callers on this machine and administrators."""
        if not admits(self.settings, request):
            return unauthorized() if self.settings.admin_token else not_found()
        request.body = await read_body(request, receive, self.settings)
        found = await self.threads.run(self.console.respond, snapshot, request)
        return not_found() if found is None else found

    async def elsewhere(
        self, snapshot: Snapshot, match: Match | None, request: HttpRequest, receive: Receive
    ) -> HttpResponse | StoredFile:
        """A request that no query takes: a preflight of a browser, a stored file, a page of xsrun, or nothing."""
        if request.path.startswith(CLOUD_PREFIX):
            request.body = await read_body(request, receive, self.settings)
            answer = await self.threads.run(cloud_file, snapshot.workspace, request)
            if answer is not None:
                return answer
        if request.verb == "OPTIONS":
            # where nothing is, too: a page whose preflight is refused never reads what its request was told
            return HttpResponse(204, policy_of(snapshot, match).preflight(request, match.verbs if match else ()))
        if request.path == METRICS and request.verb in ("GET", "HEAD"):  # also while all threads are busy
            return await asyncio.to_thread(self.figures, request)
        if request.verb in ("GET", "HEAD"):
            found = await self.threads.run(self.file_or_page, snapshot, match, request)
            if found is not None:
                return found
        return self.refused(snapshot, match, request)

    def file_or_page(
        self, snapshot: Snapshot, match: Match | None, request: HttpRequest
    ) -> HttpResponse | StoredFile | None:
        if request.path.startswith(PREFIX):
            return stored_file(snapshot.workspace, request)
        if request.path == HEALTH:
            return health(snapshot, insider=admits(self.settings, request))
        if self.static is not None and match is None:
            found = self.static.response(request, snapshot.workspace.clock())
            if found is not None:
                return found
        return self.pages.page(snapshot, match, request)

    def figures(self, request: HttpRequest) -> HttpResponse:
        """What was counted, for callers on this machine and administrators."""
        if not admits(self.settings, request):
            return unauthorized() if self.settings.admin_token else not_found()
        written = self.endpoint.metrics.text()
        return HttpResponse(200, [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")], written)

    def refused(
        self, snapshot: Snapshot, match: Match | None, request: HttpRequest, branch: str | None = None
    ) -> HttpResponse:
        """The response to a request that no query takes; `branch` is one that it asks for and is not there."""
        path = snapshot.routes.shown(request.path)
        meant = None
        if self.settings.queries and not path.startswith((PREFIX, OWN_PAGES)):
            meant = advice(snapshot.routes, request.verb, path, branch)
        response = not_found(meant if admits(self.settings, request) else None)
        response.headers += policy_of(snapshot, match).headers_for(request)
        self.log.request(request.verb, path, response.status, 0.0, None, meant=meant, of=request.id)
        if match is not None:
            self.console.unmatched(request, path, response, snapshot.workspace.clock())
        return response


def policy_of(snapshot: Snapshot, match: Match | None) -> Policy:
    """What pages of other origins may do at a path: what its group says, everything where there is none."""
    return Policy() if match is None else snapshot.policy(match.group)


async def send_response(response: HttpResponse, request: HttpRequest, send: Send) -> None:
    """Send a whole response."""
    headers = [*response.framed, (b"x-request-id", request.id.encode())]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.verb == "HEAD" else response.body})


async def send_stream(stream: ResponseStream, request: HttpRequest, receive: Receive, send: Send) -> None:
    """Send the chunks of a streamed response as they come, until the client goes away."""
    watch = asyncio.create_task(wait_for_end(receive, stream))
    try:
        headers = [*stream.headers, (b"x-request-id", request.id.encode())]
        await send({"type": "http.response.start", "status": stream.status, "headers": headers})
        async for chunk in stream.chunks():
            if request.verb != "HEAD":
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        stream.abandon()
        watch.cancel()


async def send_file(file: StoredFile, request: HttpRequest, send: Send) -> None:
    """Send a part of a file as it is read."""
    headers = [*file.headers, (b"x-request-id", request.id.encode())]
    await send({"type": "http.response.start", "status": file.status, "headers": headers})
    chunks = file.chunks()
    if request.verb != "HEAD":
        while chunk := await asyncio.to_thread(next, chunks, b""):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def wait_for_end(receive: Receive, stream: ResponseStream) -> None:
    """Abandon a stream when its client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.abandon()
