"""uvicorn's HTTP protocol, with the error body of the engine for requests that are not HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from xsrun.errors import XanoScriptError
from xsrun.server.http_response import error_response

#: What is sent to a connection that does not say what it wants.
_TOO_SLOW = "The request did not arrive in time."


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
    """The fast protocol where httptools is installed, else the one in pure Python.

    A connection whose request line and headers take longer than `head_seconds` is ended.
    """
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Protocol
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol  # type: ignore[assignment]

    class HttpProtocol(Protocol):
        """Says in the engine's way that a request is not HTTP, and does not wait for one that never comes whole."""

        transport: asyncio.Transport
        waiting: Waiting

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.waiting = Waiting(self.loop, head_seconds, self.give_up)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            passed_on = self.transport.get_protocol() is not self  # it is a WebSocket's now
            served = self.cycle is not None and not self.cycle.response_complete
            self.waiting.follow(served=served or passed_on)

        def connection_lost(self, exc: Exception | None) -> None:
            self.waiting.end()
            super().connection_lost(exc)

        def give_up(self) -> None:
            if not self.transport.is_closing():
                self.transport.write(malformed(_TOO_SLOW, b"408 Request Timeout", 408))
                self.transport.close()

        def send_400_response(self, msg: str) -> None:
            self.transport.write(malformed(msg))
            self.transport.close()

    return HttpProtocol


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
