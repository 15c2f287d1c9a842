"""uvicorn's HTTP protocol, with the error body of the engine for requests that are not HTTP."""

from __future__ import annotations

import asyncio

from xsrun.errors import XanoScriptError
from xsrun.server.http_response import error_response


def http_protocol() -> type[asyncio.Protocol]:
    """The fast protocol where httptools is installed, else the one in pure Python."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Protocol
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol  # type: ignore[assignment]

    class HttpProtocol(Protocol):
        """Says in the engine's way that a request is not HTTP."""

        transport: asyncio.Transport

        def send_400_response(self, msg: str) -> None:
            self.transport.write(malformed(msg))
            self.transport.close()

    return HttpProtocol


def malformed(reason: str) -> bytes:
    """A whole response to what is not an HTTP request."""
    response = error_response(XanoScriptError(reason, code="ERROR_CODE_BAD_REQUEST"))
    head = [
        b"HTTP/1.1 400 Bad Request",
        *(b"%s: %s" % pair for pair in response.framed),
        b"connection: close",
        b"",
        b"",
    ]
    return b"\r\n".join(head) + response.body
