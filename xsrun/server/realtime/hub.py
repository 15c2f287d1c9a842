"""Who is connected and in which channels, and what is sent to whom.

All of it runs on the server's event loop; programs that publish do so in their threads, and their messages come to the
loop through `Hub.listen_to`. An action is an object of `action`, `client`, `options` and `payload`, as the official
JavaScript client reads and writes them.

Other processes that serve the workspace have hubs of their own (`xsrun.server.realtime.relay`): what a hub delivers and
who joins and leaves it tells them through `tell_others`, and what they tell comes to `Hub.heard`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from xsrun.running.context import Identity
from xsrun.server.realtime.channels import ChannelSettings
from xsrun.services.realtime import RealtimeMessage
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.services.realtime import Realtime

Action = dict[str, Value]
#: What one hub tells another: its `kind` and more.
HubMessage = dict[str, Any]

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


@dataclass(frozen=True, slots=True)
class ChannelDelivery:
    """An action for the clients of a channel: for all of them, unless one of the others says for whom it is.

    `socket_id` is a client, `row` the auth table (empty for any) and the id of a row; `authenticated` leaves out
    anonymous clients. The channel remembers it among its last `kept` actions.
    """

    channel: str
    action: Action
    socket_id: str = ""
    row: list[str] | None = None
    authenticated: bool = False
    kept: int = 0

    def reaches(self, client: Client) -> bool:
        """Is it for this client of the channel?"""
        identity = client.identity
        if self.socket_id:
            return client.socket_id == self.socket_id
        if self.row is not None:
            table, row = self.row
            return identity is not None and str(identity.id) == row and table in ("", identity.table)
        return identity is not None or not self.authenticated


class Hub:
    """The channels of one server process."""

    def __init__(self) -> None:
        #: channel -> its clients, in the order in which they joined
        self._members: dict[str, dict[Client, None]] = {}
        self._history: dict[str, deque[Action]] = {}
        self._stop: Callable[[], None] | None = None
        self._source: Realtime | None = None
        #: tells the hubs of other processes
        self.tell_others: Callable[[HubMessage], None] = lambda message: None
        #: process -> channel -> socket id -> a client of that process as it is described
        self._elsewhere: dict[str, dict[str, dict[str, Value]]] = {}

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
        row = None if message.auth_id is None else [message.auth_table, str(message.auth_id)]
        kept = settings.history if settings is not None and row is None else 0
        self._spread(ChannelDelivery(message.channel, action, row=row, kept=kept))

    def _spread(self, delivery: ChannelDelivery) -> None:
        """Deliver here and everywhere."""
        self.deliver(delivery)
        self.tell_others({"kind": "deliver", "delivery": asdict(delivery)})

    def deliver(self, delivery: ChannelDelivery) -> None:
        """Send an action to those clients of this process that it is for, and remember it."""
        self.keep(delivery.channel, delivery.action, delivery.kept)
        for one in self.members(delivery.channel):
            if delivery.reaches(one):
                one.send(delivery.action)

    # Clients -------------------------------------------------------------------------------------------------------

    def members(self, channel: str) -> list[Client]:
        return list(self._members.get(channel, ()))

    def knows(self, channel: str, socket_id: Any) -> bool:
        """Is there a client in the channel, here or at another process, that others know by this socket id?"""
        return any(one["socketId"] == socket_id for one in self.present(channel))

    def present(self, channel: str) -> list[dict[str, Value]]:
        """The clients of a channel as they are described, those of other processes too."""
        own = [one.described() for one in self.members(channel)]
        return own + [one for there in self._elsewhere.values() for one in there.get(channel, {}).values()]

    def join(self, client: Client, channel: str, *, presence: bool) -> None:
        """Put a client into a channel, and tell those who want to know."""
        self._members.setdefault(channel, {})[client] = None
        known = channel in client.channels
        client.channels[channel] = presence
        if not known:
            self._moved(channel, client, "join")
        if presence:
            others = [one for one in self.present(channel) if one["socketId"] != client.socket_id]
            client.send(action_of("presence_full", channel, {"presence": others}))

    def leave(self, client: Client, channel: str) -> None:
        """Take a client out of a channel, and tell those who want to know."""
        if client.channels.pop(channel, None) is None:
            return
        members = self._members[channel]
        del members[client]
        if not members:
            del self._members[channel]
        self._moved(channel, client, "leave")

    def _moved(self, channel: str, client: Client, what: str) -> None:
        """A client of this process joined or left."""
        self._tell(channel, client.described(), what)
        self.tell_others({"kind": what, "channel": channel, "client": client.described()})

    def _tell(self, channel: str, moved: dict[str, Value], what: str) -> None:
        """Tell the clients of this process that want to know it who joined or left."""
        action = action_of("presence_update", channel, {"action": what, "presence": moved})
        for one in self.members(channel):
            if one.socket_id != moved["socketId"] and one.channels[channel]:
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
        self._spread(ChannelDelivery(channel, action, authenticated=to, kept=settings.history))

    def whisper(self, sender: Client, receiver: str, channel: str, payload: Value) -> None:
        """A message to the client of a socket id. Nobody else sees it, and the channel does not keep it."""
        action = action_of("message", channel, payload, sender, socketId=sender.socket_id)
        self._spread(ChannelDelivery(channel, action, socket_id=receiver))

    def keep(self, channel: str, action: Action, most: int) -> None:
        """Remember an action, as one of so many, for those who ask for the history of the channel."""
        if not most:
            return
        kept = self._history.pop(channel, None)
        if kept is None or kept.maxlen != most:
            kept = deque(kept or (), maxlen=most)
        kept.append(action)
        self._history[channel] = kept  # the last one, for the one that was silent longest goes first
        if len(self._history) > MOST_HISTORIES:
            del self._history[next(iter(self._history))]

    def history(self, channel: str, reader: Client) -> list[Action]:
        """What the channel remembers, oldest first, without what is for authenticated clients unless the reader is."""
        kept: Iterable[Action] = self._history.get(channel, ())
        return [one for one in kept if reader.identity is not None or not one["options"].get("authenticated")]

    # Other processes -----------------------------------------------------------------------------------------------

    def roster(self) -> HubMessage:
        """Who is here, and what the channels remember: for a process that has just begun."""
        members = {channel: [one.described() for one in clients] for channel, clients in self._members.items()}
        history = {channel: {"most": kept.maxlen, "actions": list(kept)} for channel, kept in self._history.items()}
        return {"kind": "roster", "members": members, "history": history}

    def heard(self, process: str, message: HubMessage) -> None:
        """Take in what another process tells."""
        kind = message["kind"]
        if kind == "deliver":
            self.deliver(ChannelDelivery(**message["delivery"]))
        elif kind == "roster":
            self._there(process, message["members"])
            for channel, kept in message["history"].items():
                if channel not in self._history:
                    self._history[channel] = deque(kept["actions"], maxlen=kept["most"])
        else:
            client, there = message["client"], self._elsewhere.setdefault(process, {})
            if kind == "join":
                there.setdefault(message["channel"], {})[client["socketId"]] = client
            else:
                there.get(message["channel"], {}).pop(client["socketId"], None)
            self._tell(message["channel"], client, kind)

    def lost(self, process: str) -> None:
        """Another process is gone, and its clients with it."""
        self._there(process, {})
        del self._elsewhere[process]

    @property
    def processes(self) -> list[str]:
        """The other processes that are known."""
        return list(self._elsewhere)

    def _there(self, process: str, members: dict[str, list[dict[str, Value]]]) -> None:
        """Who is at another process from now on; those are told who want to know."""
        before = self._elsewhere.get(process, {})
        now = {channel: {one["socketId"]: one for one in clients} for channel, clients in members.items()}
        self._elsewhere[process] = now
        for what, some, others in (("leave", before, now), ("join", now, before)):
            for channel, clients in some.items():
                for socket_id, client in clients.items():
                    if socket_id not in others.get(channel, {}):
                        self._tell(channel, client, what)
