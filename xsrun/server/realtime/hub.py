"""Who is connected and in which channels, and what is sent to whom.

All of it runs on the server's event loop; programs that publish do so in their threads, and their messages come to the
loop through `Hub.listen_to`. An action is an object of `action`, `client`, `options` and `payload`, as the official
JavaScript client reads and writes them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xsrun.running.context import Identity
from xsrun.server.realtime.channels import ChannelSettings
from xsrun.services.realtime import RealtimeMessage
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.services.realtime import Realtime

Action = dict[str, Value]

#: Channels whose history is kept.
MOST_HISTORIES = 10_000
#: Actions that wait to be sent to one client; one that does not read is closed when there are more.
MOST_WAITING = 1_000


@dataclass(slots=True, eq=False)
class Client:
    """One connection. `table` is the number of its auth table, 0 for an anonymous one."""

    identity: Identity | None = None
    table: int = 0
    socket_id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    #: what is still to be sent; None ends the connection
    waiting: asyncio.Queue[Action | None] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))
    #: channel -> does the client want to know who is there
    channels: dict[str, bool] = field(default_factory=dict)

    def send(self, action: Action) -> None:
        """Have an action sent. A client that does not take what it is sent is cut off."""
        try:
            self.waiting.put_nowait(action)
        except asyncio.QueueFull:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            self.waiting.put_nowait(None)

    def described(self) -> dict[str, Value]:
        """The client as others, and triggers, are told of it."""
        row = 0 if self.identity is None else self.identity.id
        extras = {} if self.identity is None else self.identity.extras
        return {"extras": extras, "permissions": {"dbo_id": self.table, "row_id": row}, "socketId": self.socket_id}


def action_of(name: str, channel: str, payload: Value, client: Client | None = None, **options: Value) -> Action:
    """An action as clients receive it."""
    sender = {} if client is None else client.described()
    return {"action": name, "client": sender, "options": {"channel": channel, **options}, "payload": payload}


class Hub:
    """The channels of one server."""

    def __init__(self) -> None:
        #: channel -> its clients, in the order in which they joined
        self._members: dict[str, dict[Client, None]] = {}
        self._history: dict[str, deque[Action]] = {}
        self._stop: Callable[[], None] | None = None
        self._source: Realtime | None = None

    # Programs ------------------------------------------------------------------------------------------------------

    def listen_to(self, source: Realtime, settings_of: Callable[[str], ChannelSettings | None]) -> None:
        """Deliver what programs publish from now on. To be called on the loop."""
        if self._source is source:
            return
        self.close()
        loop = asyncio.get_running_loop()

        def deliver(message: RealtimeMessage) -> None:
            loop.call_soon_threadsafe(self.event, message, settings_of(message.channel))

        self._source, self._stop = source, source.listen(deliver)

    def close(self) -> None:
        """End listening to programs."""
        if self._stop is not None:
            self._stop()
        self._source = self._stop = None

    def event(self, message: RealtimeMessage, settings: ChannelSettings | None) -> None:
        """Deliver what a program published: to all in the channel, or to the clients of one row."""
        action = action_of("event", message.channel, message.data)
        if message.event:
            action["options"]["message"] = message.event
        if message.auth_id is None:
            self.keep(message.channel, action, settings)
        for one in self.members(message.channel):
            if message.auth_id is None or _is_row(one, message):
                one.send(action)

    # Clients -------------------------------------------------------------------------------------------------------

    def members(self, channel: str) -> list[Client]:
        return list(self._members.get(channel, ()))

    def member(self, channel: str, socket_id: Any) -> Client | None:
        """The client of a channel that others know by a socket id."""
        return next((one for one in self.members(channel) if one.socket_id == socket_id), None)

    def join(self, client: Client, channel: str, *, presence: bool) -> None:
        """Put a client into a channel, and tell those who want to know."""
        self._members.setdefault(channel, {})[client] = None
        known = channel in client.channels
        client.channels[channel] = presence
        if not known:
            self._tell(channel, client, "join")
        if presence:
            others = [one.described() for one in self.members(channel) if one is not client]
            client.send(action_of("presence_full", channel, {"presence": others}))

    def leave(self, client: Client, channel: str) -> None:
        """Take a client out of a channel, and tell those who want to know."""
        if client.channels.pop(channel, None) is None:
            return
        members = self._members[channel]
        del members[client]
        if not members:
            del self._members[channel]
        self._tell(channel, client, "leave")

    def _tell(self, channel: str, client: Client, what: str) -> None:
        action = action_of("presence_update", channel, {"action": what, "presence": client.described()})
        for one in self.members(channel):
            if one is not client and one.channels[channel]:
                one.send(action)

    def gone(self, client: Client) -> None:
        """A connection has ended."""
        for channel in list(client.channels):
            self.leave(client, channel)

    # Messages ------------------------------------------------------------------------------------------------------

    def broadcast(self, sender: Client, channel: str, payload: Value, settings: ChannelSettings, to: bool) -> None:
        """A message to all in a channel, its sender too; `to` authenticated clients alone when it is set."""
        options = {"authenticated": True} if to else {}
        action = action_of("message", channel, payload, sender, **options)
        self.keep(channel, action, settings)
        for one in self.members(channel):
            if one.identity is not None or not to:
                one.send(action)

    def whisper(self, sender: Client, receiver: Client, channel: str, payload: Value) -> None:
        """A message to one client. Nobody else sees it, and the channel does not keep it."""
        receiver.send(action_of("message", channel, payload, sender, socketId=sender.socket_id))

    def keep(self, channel: str, action: Action, settings: ChannelSettings | None) -> None:
        """Remember an action for those who ask for the history of the channel."""
        if settings is None or not settings.history:
            return
        kept = self._history.pop(channel, None)
        if kept is None or kept.maxlen != settings.history:
            kept = deque(kept or (), maxlen=settings.history)
        kept.append(action)
        self._history[channel] = kept  # the last one, for the one that was silent longest goes first
        if len(self._history) > MOST_HISTORIES:
            del self._history[next(iter(self._history))]

    def history(self, channel: str, reader: Client) -> list[Action]:
        """What the channel remembers, oldest first, without what is for authenticated clients unless the reader is."""
        kept: Iterable[Action] = self._history.get(channel, ())
        return [one for one in kept if reader.identity is not None or not one["options"].get("authenticated")]


def _is_row(client: Client, message: RealtimeMessage) -> bool:
    identity = client.identity
    if identity is None or str(identity.id) != str(message.auth_id):
        return False
    return not message.auth_table or identity.table == message.auth_table
