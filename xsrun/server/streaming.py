"""A response that goes out while its program runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from xsrun.errors import XanoScriptError
from xsrun.server.cors import Headers
from xsrun.server.http_response import HttpResponse

Passed = TypeVar("Passed")

#: How many chunks may wait for the client before the program has to wait.
_AHEAD = 64


class ClientGoneError(XanoScriptError):
    """The client closed the connection during a streamed response, so the program need not go on."""

    catchable = False

    def __init__(self) -> None:
        super().__init__("The client closed the connection.", name="ClientGone")


class ResponseStream:
    """Chunks from a program's thread to the event loop, never many at a time. `begun` tells that there are any."""

    #: the program that sends them
    program: asyncio.Future[HttpResponse]

    def __init__(self) -> None:
        self.status = 200
        self.headers: Headers = []
        self._loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = self._loop.create_future()
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._gone = False

    def begin(self, status: int, headers: Headers) -> None:
        """Send status and headers; chunks follow."""
        self.status, self.headers = status, headers
        self._pass_on(self.begun.set_result, None)

    def write(self, chunk: bytes) -> None:
        """Send a chunk; waits while the client is slow. Raises ClientGoneError."""
        while not self._room.acquire(timeout=0.5):
            if self._gone:
                break
        if self._gone:
            raise ClientGoneError
        self._pass_on(self._chunks.put_nowait, chunk)

    def _pass_on(self, function: Callable[[Passed], None], value: Passed) -> None:
        try:
            self._loop.call_soon_threadsafe(function, value)
        except RuntimeError:
            self._gone = True  # the loop has ended

    # On the event loop ---------------------------------------------------------------------------------------------

    async def chunks(self) -> AsyncIterator[bytes]:
        """The chunks as they come."""
        while (chunk := await self._chunks.get()) is not None:
            self._room.release()
            yield chunk

    def end(self) -> None:
        """The program has ended: there is no more to come."""
        self._chunks.put_nowait(None)

    def abandon(self) -> None:
        """The client is gone: the program stops at its next chunk."""
        self._gone = True
