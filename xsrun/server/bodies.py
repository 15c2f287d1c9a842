"""The body of a request, within bounds of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from xsrun.errors import XanoScriptError
from xsrun.server.http_request import HttpRequest, Message
from xsrun.server.settings import Settings
from xsrun.values.digits import whole_of_digits

Receive = Callable[[], Awaitable[Message]]

#: Bytes beyond the limit that are read and thrown away before a body is refused.
_DRAINED = 256 * 1024 * 1024


class ClientLeft(Exception):
    """The client went away before its request was complete."""


class _TooLong(Exception):
    """A body that comes in pieces is longer than the limit."""


async def read_body(request: HttpRequest, receive: Receive, settings: Settings) -> bytes:
    """The body of a request. Raises XanoScriptError when it is too long or takes too long, and ClientLeft."""
    length = request.header(b"content-length")
    limit = settings.max_body
    if length is not None and length.isdigit() and (size := whole_of_digits(length) or 0) > limit:
        if size <= limit + _DRAINED and b"expect" not in request.headers:
            await drain(receive, settings)
        raise too_long(limit)
    message = await receive()
    chunk: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body", False) and len(chunk) <= limit:
        return chunk
    try:
        async with asyncio.timeout(settings.body_seconds):
            return await collect(message, receive, limit)
    except _TooLong:
        await drain(receive, settings)
        raise too_long(limit) from None
    except TimeoutError:
        raise XanoScriptError(
            f"The body did not arrive within {settings.body_seconds:g} s.",
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
            if not message.get("more_body", False):
                raise too_long(limit)
            raise _TooLong
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


async def drain(receive: Receive, settings: Settings) -> None:
    """Read the rest of a body and throw it away: a browser reads no response before it has sent everything, and shows
    none to its page when the connection is closed meanwhile."""
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(settings.body_seconds):
            while size <= _DRAINED:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def too_long(limit: int) -> XanoScriptError:
    return XanoScriptError(
        f"The body is longer than {limit:,} bytes.",
        code="ERROR_CODE_BAD_REQUEST",
        status=413,
        hint="allow more with xsrun serve --max-body MEGABYTES",
    )
