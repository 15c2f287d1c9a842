"""Channels of several processes, by publish and subscribe of a Redis server.

Each process that serves a workspace listens to two topics: one of all of them and one of its own. It tells the first
what its hub delivers and who joins and leaves; one that begins asks there who is where, and is answered on its own.
Nothing is stored: a process whose own topic has no listener is gone, however it ended.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from xsrun.running.masking import masked_address
from xsrun.values.conversion import from_json, to_json

if TYPE_CHECKING:
    from xsrun.server.realtime.hub import Hub, HubMessage
    from xsrun.services.realtime import RealtimeServer

#: Seconds between two looks for processes that are gone, and before a server that was lost is tried again.
_LOOK = 2.0
#: Messages that wait to be published; when there are more the connection is begun anew, which tells all that counts.
_MOST_WAITING = 10_000


class Relay:
    """Joins the hub of this process to those of others. `tell` is told when the server cannot be reached."""

    def __init__(self, server: RealtimeServer, hub: Hub, tell: Callable[[str], None], look: float = _LOOK) -> None:
        self.server = server
        self.hub = hub
        self.tell = tell
        self.look = look
        self.process = secrets.token_hex(8)
        self._connected = False

    async def run(self) -> None:
        """Relay until cancelled, and connect again when the connection is lost."""
        import redis

        told = False
        at = masked_address(self.server.url)
        while True:
            try:
                await self._relay()
            except (redis.RedisError, OSError, ValueError):
                if self._connected or not told:
                    self.tell(f"the Redis server at {at} does not respond; channels are not shared meanwhile")
                    told = True
            finally:
                self._connected = False
                self.hub.tell_others = lambda message: None
            await asyncio.sleep(self.look)

    def _topic(self, process: str) -> str:
        return f"{self.server.name}:{process}"

    async def _relay(self) -> None:
        """Relay until the connection is lost, or begins to lag. Raises RedisError."""
        from redis.asyncio import Redis

        waiting: asyncio.Queue[tuple[str, str]] = asyncio.Queue(_MOST_WAITING)
        lagging = asyncio.Event()

        def publish(message: HubMessage, topic: str = self.server.name) -> None:
            try:
                waiting.put_nowait((topic, self._text(message)))
            except asyncio.QueueFull:
                lagging.set()

        options: dict[str, Any] = {"decode_responses": True, "socket_connect_timeout": 10, "socket_keepalive": True}
        made: Any = Redis.from_url(self.server.url, **options)
        async with made as redis, redis.pubsub() as heard:
            await heard.subscribe(self.server.name, self._topic(self.process))
            for _ in range(2):  # what is answered before both are confirmed would be missed
                await heard.get_message(timeout=10)
            self._connected = True
            self.hub.tell_others = publish
            publish({**self.hub.roster(), "asks": True})
            parts = (_write(redis, waiting), self._read(heard, publish), self._watch(redis), lagging.wait())
            working = [asyncio.create_task(one) for one in parts]
            try:
                done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    await one
            finally:
                for one in working:
                    one.cancel()
                await asyncio.gather(*working, return_exceptions=True)
                with suppress(Exception):  # who is not told finds it out
                    async with asyncio.timeout(1):
                        await redis.publish(self.server.name, self._text({"kind": "gone"}))

    def _text(self, message: HubMessage) -> str:
        return to_json({**message, "process": self.process})

    async def _read(self, heard: Any, publish: Callable[[HubMessage, str], None]) -> None:
        """Take in what other processes tell."""
        while True:
            found = await heard.get_message(ignore_subscribe_messages=True, timeout=None)
            message = from_json(found["data"]) if found is not None else None
            if not isinstance(message, dict) or message["process"] == self.process:
                continue
            process = message.pop("process")
            if message["kind"] == "gone":
                self._lost(process)
                continue
            self.hub.heard(process, message)
            if message.get("asks"):
                publish(self.hub.roster(), self._topic(process))

    async def _watch(self, redis: Any) -> None:
        """Look now and then which processes are gone."""
        while True:
            await asyncio.sleep(self.look)
            known = self.hub.processes
            if not known:
                continue
            listeners = dict(await redis.pubsub_numsub(*map(self._topic, known)))
            for process in known:
                if not listeners.get(self._topic(process)):
                    self._lost(process)

    def _lost(self, process: str) -> None:
        if process in self.hub.processes:
            self.hub.lost(process)


async def _write(redis: Any, waiting: asyncio.Queue[tuple[str, str]]) -> None:
    """Publish what waits, in its order."""
    while True:
        await redis.publish(*await waiting.get())
