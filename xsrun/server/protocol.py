"""uvicorn's HTTP protocol, with the error body of the engine for requests that are not HTTP."""

from __future__ import annotations

import asyncio

from xsrun.errors import XanoScriptError
from xsrun.server.http_response import error_response

#: What is sent to a connection that does not say what it wants.
_TOO_SLOW = "The request did not arrive in time."


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
        _waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._waiting = self.loop.call_later(head_seconds, self._give_up)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            served = self.cycle is not None and not self.cycle.response_complete
            if served and self._waiting is not None:
                self._waiting.cancel()
                self._waiting = None
            elif not served and self._waiting is None:  # the beginning of another request
                self._waiting = self.loop.call_later(head_seconds, self._give_up)

        def connection_lost(self, exc: Exception | None) -> None:
            if self._waiting is not None:
                self._waiting.cancel()
            super().connection_lost(exc)

        def _give_up(self) -> None:
            """End a connection that has no whole request."""
            self._waiting = None
            if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
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
