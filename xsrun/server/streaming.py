"""A response that goes out while its program runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from xsrun.errors import XanoScriptError
from xsrun.server.cors import Headers

#: Chunks that may wait for the client before the program has to.
_AHEAD = 64


class ClientGoneError(XanoScriptError):
    """The client went away in the middle of a streamed response: there is nobody to run for."""

    catchable = False

    def __init__(self) -> None:
        super().__init__("The client closed the connection.", name="ClientGone")


class Stream:
    """Chunks from a program's thread to the event loop, never many at a time."""

    def __init__(self, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers
        #: the event loop that sends the chunks
        self.loop: asyncio.AbstractEventLoop | None = None
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._gone = False

    def write(self, chunk: bytes) -> None:
        """Send a chunk; waits while the client is slow. Raises ClientGoneError."""
        while not self._room.acquire(timeout=0.5):
            if self._gone:
                break
        if self._gone:
            raise ClientGoneError
        self._pass_on(chunk)

    def end(self) -> None:
        """There is no more to come."""
        self._pass_on(None)

    def _pass_on(self, chunk: bytes | None) -> None:
        assert self.loop is not None
        try:
            self.loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)
        except RuntimeError:
            self._gone = True  # the loop has ended

    async def chunks(self) -> AsyncIterator[bytes]:
        """The chunks on the event loop."""
        while (chunk := await self._chunks.get()) is not None:
            self._room.release()
            yield chunk

    def abandon(self) -> None:
        """The client is gone: the program stops at its next chunk."""
        self._gone = True
