"""The ASGI application: requests to queries, and the few addresses that are xsrun's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from xsrun.errors import InternalError, XanoScriptError
from xsrun.server.cors import Policy
from xsrun.server.endpoint import Endpoint
from xsrun.server.history import History
from xsrun.server.http_request import Incoming, Message
from xsrun.server.http_response import Answer, error_answer, not_found
from xsrun.server.log import Log
from xsrun.server.pages import Pages
from xsrun.server.routes import Match
from xsrun.server.settings import Settings
from xsrun.server.snapshot import Live, Snapshot
from xsrun.server.streaming import Stream
from xsrun.server.vault import PREFIX, StoredFile, stored_file
from xsrun.server.workers import Workers

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Bytes of body and query string that a query may take in and still be answered at once.
_SMALL = 2_000


class ClientLeft(Exception):
    """The client went away before its request was complete."""


class Application:
    """Serves a live workspace. Any ASGI server or test client can run it."""

    def __init__(self, live: Live, settings: Settings | None = None, log: Log | None = None) -> None:
        self.live = live
        self.settings = settings or Settings()
        self.log = log or Log(quiet=True)
        self.history = History(self.settings.history)
        self.endpoint = Endpoint(self.settings, self.history, self.log)
        self.pages = Pages(self.history, self.settings)
        self._workers: Workers | None = None

    @property
    def workers(self) -> Workers:
        """The threads of the event loop that runs."""
        if self._workers is None or self._workers.loop is not asyncio.get_running_loop():
            self._workers = Workers(self.settings.workers)
        return self._workers

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown" and self._workers is not None:
                self._workers.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def http(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Incoming.of(scope)
        answer: Answer | Stream | StoredFile
        try:
            answer = await self.answer(request, receive)
        except ClientLeft:
            return
        except asyncio.CancelledError:  # the server ends, and has waited for this request as long as it does
            answer = error_answer(XanoScriptError("The server was stopped before the answer was ready.", status=503))
        except XanoScriptError as error:
            answer = error_answer(error)
            self.log.request(request.verb, request.path, answer.status, 0.0, error)
        except Exception as error:
            self.log.fault(error)
            answer = error_answer(InternalError(error))
        if isinstance(answer, Stream):
            await send_stream(answer, request, receive, send)
        elif isinstance(answer, StoredFile):
            await send_file(answer, request, send)
        else:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.framed})
            body = b"" if request.verb == "HEAD" else answer.body
            await send({"type": "http.response.body", "body": body})

    def snapshot(self, request: Incoming) -> Snapshot:
        """The workspace that answers a request."""
        return self.live.current

    async def answer(self, request: Incoming, receive: Receive) -> Answer | Stream | StoredFile:
        """The answer to a request. Raises ClientLeft, or XanoScriptError for one that cannot be read."""
        snapshot = self.snapshot(request)
        match = snapshot.routes.find(request.verb, request.path)
        if match is None or match.route is None:
            return await self.elsewhere(snapshot, match, request)
        branch = request.headers.get(b"x-branch")
        if branch and branch.decode("latin-1") not in snapshot.routes.branches:
            return self.refused(snapshot, match, request)
        if b"content-length" in request.headers or b"transfer-encoding" in request.headers:
            request.body = await self.body(request, receive)
        quick = match.route.is_quick
        if quick and len(request.body) + len(request.query) <= _SMALL and snapshot.only_computes(match.route):
            at_once = self.endpoint.respond_at_once(snapshot, match, request)
            if at_once is not None:
                return at_once
        workers = self.workers
        return await workers.run(partial(self.endpoint.respond, snapshot, match, request, workers), quick=quick)

    async def elsewhere(self, snapshot: Snapshot, match: Match | None, request: Incoming) -> Answer | StoredFile:
        """A request that no query takes: a browser's question, a stored file, a page of xsrun, or nothing."""
        if request.verb == "OPTIONS" and match is not None:
            policy = snapshot.policy(match.group)
            if match.verbs:
                return Answer(204, policy.preflight(request, match.verbs))
        if request.verb in ("GET", "HEAD"):
            found: Answer | StoredFile | None = await self.workers.run(
                lambda _: self.file_or_page(snapshot, match, request)
            )
            if found is not None:
                return found
        return self.refused(snapshot, match, request)

    def file_or_page(self, snapshot: Snapshot, match: Match | None, request: Incoming) -> Answer | StoredFile | None:
        if request.path.startswith(PREFIX):
            return stored_file(snapshot.workspace, request)
        return self.pages.page(snapshot, match, request)

    def refused(self, snapshot: Snapshot, match: Match | None, request: Incoming) -> Answer:
        """There is no such query."""
        answer = not_found()
        policy = Policy() if match is None else snapshot.policy(match.group)
        answer.headers += policy.headers_for(request)
        self.log.request(request.verb, request.path, answer.status, 0.0, None)
        return answer

    async def body(self, request: Incoming, receive: Receive) -> bytes:
        """The body of a request. Raises XanoScriptError when it is too long or takes too long."""
        length = request.header(b"content-length")
        limit = self.settings.max_body
        if length is not None and length.isdigit() and int(length) > limit:
            raise too_long(limit)
        message = await receive()
        chunk: bytes = message.get("body", b"")
        if message["type"] == "http.request" and not message.get("more_body", False) and len(chunk) <= limit:
            return chunk
        try:
            async with asyncio.timeout(self.settings.body_seconds):
                return await collect(message, receive, limit)
        except TimeoutError:
            raise XanoScriptError(
                f"The body did not arrive within {self.settings.body_seconds:g} s.",
                code="ERROR_CODE_BAD_REQUEST",
                status=408,
            ) from None


async def collect(message: Message, receive: Receive, limit: int) -> bytes:
    """All of a body that comes in several messages."""
    chunks = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_long(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


def too_long(limit: int) -> XanoScriptError:
    return XanoScriptError(
        f"The body is longer than {limit:,} bytes.",
        code="ERROR_CODE_BAD_REQUEST",
        status=413,
        hint="allow more with xsrun serve --max-body MEGABYTES",
    )


async def send_stream(stream: Stream, request: Incoming, receive: Receive, send: Send) -> None:
    """Send the chunks of a streamed response as they come, as long as the client is there."""
    watch = asyncio.create_task(wait_for_end(receive, stream))
    try:
        await send({"type": "http.response.start", "status": stream.status, "headers": stream.headers})
        async for chunk in stream.chunks():
            if request.verb != "HEAD":
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        stream.abandon()
        watch.cancel()


async def send_file(file: StoredFile, request: Incoming, send: Send) -> None:
    """Send a part of a file as it is read."""
    await send({"type": "http.response.start", "status": file.status, "headers": file.headers})
    chunks = file.chunks()
    if request.verb != "HEAD":
        while chunk := await asyncio.to_thread(next, chunks, b""):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def wait_for_end(receive: Receive, stream: Stream) -> None:
    """Abandon a stream when its client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.abandon()
