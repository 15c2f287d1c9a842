"""uvicorn's HTTP protocol, with the error body of the engine for requests that are not HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from xsrun.errors import XanoScriptError
from xsrun.server.http_response import error_response

#: What is sent to a connection that does not say what it wants.
_TOO_SLOW = "The request did not arrive in time."

#: Seconds that a connection without a request yet has for one when the server shuts down.
_LAST_CHANCE = 0.5


class Waiting:
    """The time that a connection has for its next request line and headers."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, give_up: Callable[[], None]) -> None:
        self._start: Callable[[], asyncio.TimerHandle] = lambda: loop.call_later(seconds, give_up)
        self._timer: asyncio.TimerHandle | None = self._start()

    def follow(self, *, served: bool) -> None:
        """Data came: is a request being served now, or does another one begin?"""
        if served:
            self.end()
        elif self._timer is None:
            self._timer = self._start()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def http_protocol(head_seconds: float) -> type[asyncio.Protocol]:
    """The fast protocol or the one in pure Python; it ends connections whose heads take longer than `head_seconds`."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Protocol
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol  # type: ignore[assignment]

    class HttpProtocol(Protocol):
        """Says in the engine's way that a request is not HTTP, and does not wait for one that never comes whole."""

        transport: asyncio.Transport
        last: bool = False  # the server shuts down, and waits for the request that is on its way

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.waiting = Waiting(self.loop, head_seconds, partial(give_up, transport))

        def shutdown(self) -> None:
            if self.last or self.cycle is not None:
                super().shutdown()
            else:  # who has just connected sends a request now
                self.last = True
                self.loop.call_later(_LAST_CHANCE, self.shutdown)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.last and self.cycle is not None:
                self.cycle.keep_alive = False
            served = self.cycle is not None and not self.cycle.response_complete
            # another protocol's is that of a WebSocket
            self.waiting.follow(served=served or self.transport.get_protocol() is not self)

        def connection_lost(self, exc: Exception | None) -> None:
            self.waiting.end()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            self.transport.write(malformed(msg))
            self.transport.close()

    return HttpProtocol


def give_up(transport: asyncio.Transport) -> None:
    """End a connection whose request does not come whole."""
    if not transport.is_closing():
        transport.write(malformed(_TOO_SLOW, b"408 Request Timeout", 408))
        transport.close()


def malformed(reason: str, line: bytes = b"400 Bad Request", status: int = 400) -> bytes:
    """A whole response to what is not an HTTP request."""
    response = error_response(XanoScriptError(reason, code="ERROR_CODE_BAD_REQUEST", status=status))
    head = [
        b"HTTP/1.1 " + line,
        *(b"%s: %s" % pair for pair in response.framed),
        b"connection: close",
        b"",
        b"",
    ]
    return b"\r\n".join(head) + response.body
