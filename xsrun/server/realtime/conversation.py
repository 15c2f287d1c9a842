"""One WebSocket connection: reading a client's actions, and answering them by the settings of their channels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from xsrun.dispatch.realtime_triggers import answer, triggers_of
from xsrun.errors import UnauthorizedError, XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.running.context import Context, Identity
from xsrun.server.http_request import Message
from xsrun.server.realtime.channels import Channels, ChannelSettings, canonical_of
from xsrun.server.realtime.hub import Client, Hub, action_of
from xsrun.server.snapshot import Snapshot
from xsrun.values.conversion import Value, from_json, to_json

if TYPE_CHECKING:
    from xsrun.server.log import Log
    from xsrun.server.snapshot import Live
    from xsrun.server.threads import ThreadPool

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Where connections are opened: `/rt/` and the canonical of the workspace.
PREFIX = "/rt/"
#: Channels that one client may be in, and characters of a channel's name.
_MOST_CHANNELS, _LONGEST_NAME = 1_000, 1_000
#: What a connection is closed with when it is refused (RFC 6455 7.4.1); the client does not try again.
_REFUSED = 1008


class ActionRefused(Exception):
    """An action that a client may not do; the text is told to it."""


class Conversations:
    """The channels of a live workspace, over WebSockets. Everything but triggers runs on the event loop."""

    def __init__(self, live: Live, log: Log) -> None:
        self.live = live
        self.log = log
        self.hub = Hub()
        self._read: Snapshot | None = None
        self._channels = Channels(())
        self._relaying: asyncio.Task[None] | None = None

    def channels(self) -> Channels:
        """The channels of the workspace that is live now."""
        snapshot = self.live.current
        if self._read is not snapshot:
            self._channels = Channels(snapshot.workspace.constructs)
            self._read = snapshot
        return self._channels

    def begin(self) -> None:
        """Share the channels with other processes, where a Redis server is named. To be called on the loop."""
        server = self.live.current.workspace.service("realtime").server
        if server is None:
            return
        from xsrun.server.realtime.relay import Relay

        self.ready()
        relay = Relay(server, self.hub, lambda text: self.log.line(f"realtime: {text}", "warning"))
        self._relaying = asyncio.create_task(relay.run())

    async def close(self) -> None:
        """End what `begin` and `ready` began."""
        self.hub.close()
        if self._relaying is not None:
            self._relaying.cancel()
            await asyncio.gather(self._relaying, return_exceptions=True)

    def ready(self) -> None:
        """Begin to deliver what programs publish. To be called on the loop."""
        self.hub.listen_to(
            self.live.current.workspace.service("realtime"), lambda channel: self.channels().find(channel)
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send, threads: ThreadPool) -> None:
        """Hold a connection until its client leaves."""
        await receive()  # websocket.connect
        workspace = self.live.current.workspace
        canonical = canonical_of(workspace.constructs)
        path = str(scope["path"])
        if not path.startswith(PREFIX) or (canonical is not None and path != PREFIX + canonical):
            wanted = f"; the workspace's is {PREFIX}{canonical}" if canonical is not None else ""
            self.log.line(f"realtime: nothing is at {path}{wanted}")
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        offered = list(scope.get("subprotocols") or ())
        await send({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
        client = Client()
        try:
            await threads.run(self.identify, client, offered[0] if offered else None)
        except UnauthorizedError as error:
            self.log.request("RT", path, 401, 0.0, error)
            await send(_text(_error(str(error))))
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        self.ready()
        writing = asyncio.create_task(self.write(client, send))
        try:
            while (message := await receive())["type"] == "websocket.receive":
                await self.act(client, message.get("text") or message.get("bytes") or "", threads)
        finally:
            self.hub.gone(client)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    def identify(self, client: Client, token: str | None) -> None:
        """Read the token that a client offers as its subprotocol. Raises UnauthorizedError for an invalid one."""
        if token is None:
            return
        workspace = self.live.current.workspace
        found = workspace.service("tokens").decode(token, workspace.clock())
        client.identity = Identity(found.id, found.table, found.extras)
        tables = [one.name for one in workspace.constructs if one.kind == "table"]
        client.table = tables.index(found.table) + 1 if found.table in tables else 0

    async def write(self, client: Client, send: Send) -> None:
        """Send what waits for a client, in its order."""
        while (action := await client.waiting.get()) is not None:
            await send(_text(action))
        await send({"type": "websocket.close", "code": 1013})

    # Actions -------------------------------------------------------------------------------------------------------

    async def act(self, client: Client, text: str | bytes, threads: ThreadPool) -> None:
        """Do what a client asks for; it is told what is wrong with what it may not."""
        channel = ""
        try:
            action = _read(text)
            options = action["options"]
            channel = options["channel"]
            name = action["action"]
            do = _ACTIONS.get(name) if isinstance(name, str) else None
            if do is None:
                raise ActionRefused(f"There is no action {to_json(name)}: {', '.join(_ACTIONS)}.")
            await do(self, client, channel, options, action["payload"], threads)
        except ActionRefused as refused:
            client.send(_error(str(refused), channel))

    async def join(
        self, client: Client, channel: str, options: dict[str, Value], payload: Value, threads: ThreadPool
    ) -> None:
        settings = self.settings(channel)
        if client.identity is None and not settings.anonymous:
            raise ActionRefused("The channel is for authenticated clients.")
        if channel not in client.channels and len(client.channels) >= _MOST_CHANNELS:
            raise ActionRefused(f"A client may be in {_MOST_CHANNELS:,} channels.")
        wanted = payload if isinstance(payload, dict) else {}
        answered = await self.triggered(client, "join", channel, options, payload, threads)
        client.send(action_of("join", channel, answered, client))
        if wanted.get("history") and settings.history:
            client.send(action_of("history", channel, self.hub.history(channel, client)))
        self.hub.join(client, channel, presence=bool(wanted.get("presence")) and settings.presence)

    async def leave(
        self, client: Client, channel: str, options: dict[str, Value], payload: Value, threads: ThreadPool
    ) -> None:
        self.hub.leave(client, channel)

    async def history(
        self, client: Client, channel: str, options: dict[str, Value], payload: Value, threads: ThreadPool
    ) -> None:
        self.joined(client, channel)
        # what is said between two clients is not kept
        kept = [] if options.get("socketId") else self.hub.history(channel, client)
        client.send(action_of("history", channel, kept))

    async def message(
        self, client: Client, channel: str, options: dict[str, Value], payload: Value, threads: ThreadPool
    ) -> None:
        settings = self.joined(client, channel)
        private = options.get("socketId")
        what = "private" if private else "public"
        allowed, needs_auth = (
            (settings.private, settings.private_needs_auth)
            if private
            else (settings.public, settings.public_needs_auth)
        )
        if not allowed:
            raise ActionRefused(f"Clients may not send {what} messages in this channel.")
        if needs_auth and client.identity is None:
            raise ActionRefused(f"Only authenticated clients may send {what} messages in this channel.")
        if private and not self.hub.knows(channel, private):
            raise ActionRefused("That client is not in the channel.")
        payload = await self.triggered(client, "message", channel, options, payload, threads)
        if private:
            self.hub.whisper(client, private, channel, payload)
        else:
            self.hub.broadcast(client, channel, payload, settings, options.get("authenticated") is True)

    def settings(self, channel: str) -> ChannelSettings:
        """What holds in a channel. Raises ActionRefused for one that the workspace does not have."""
        found = self.channels().find(channel)
        if found is None:
            self.log.line(f"realtime: no channel {channel}; there are {', '.join(self.channels().patterns) or 'none'}")
            raise ActionRefused("There is no such channel.")
        return found

    def joined(self, client: Client, channel: str) -> ChannelSettings:
        """The settings of a channel that the client is in. Raises ActionRefused for any other."""
        settings = self.settings(channel)
        if channel not in client.channels:
            raise ActionRefused("Join the channel first.")
        return settings

    # Triggers ------------------------------------------------------------------------------------------------------

    async def triggered(
        self,
        client: Client,
        action: str,
        channel: str,
        options: dict[str, Value],
        payload: Value,
        threads: ThreadPool,
    ) -> Value:
        """The payload as the triggers of the channel leave it. Raises ActionRefused for one that fails."""
        workspace = self.live.current.workspace
        if next(iter(triggers_of(workspace, channel, action)), None) is None:
            return payload
        authenticated = client.identity is not None
        told: dict[str, Value] = {
            "action": action,
            "channel": channel,
            "client": client.described(),
            "options": {**options, "authenticated": options.get("authenticated", authenticated)},
            "payload": payload,
        }
        context = workspace.context(auth=client.identity)
        answered, error = await threads.run(self.run_triggers, context, told)
        if error is not None:
            raise ActionRefused(str(error))
        return answered

    def run_triggers(self, context: Context, told: dict[str, Value]) -> tuple[Value, XanoScriptError | None]:
        """Run triggers and log how that went. Called in a thread of the pool."""
        started = time.perf_counter()
        answered: Value = None
        error: XanoScriptError | None = None
        try:
            answered = answer(context, told)
        except Exception as raised:
            error = translate(raised)
        finally:
            if context.session_slot is not None:
                context.session_slot.close()
        status = 200 if error is None else error.status
        self.log.request(
            str(told["action"]).upper(), str(told["channel"]), status, time.perf_counter() - started, error
        )
        self.log.entries(context.logs)
        self.log.warnings(context.warnings)
        return answered, error


_ACTIONS = {
    "join": Conversations.join,
    "leave": Conversations.leave,
    "message": Conversations.message,
    "history": Conversations.history,
}


def _read(text: str | bytes) -> dict[str, Any]:
    """An action as a client sends it. Raises ActionRefused for anything else."""
    try:
        action = from_json(text)
    except ValueError:
        raise ActionRefused("An action is a JSON object.") from None
    options = action.get("options") if isinstance(action, dict) else None
    channel = options.get("channel") if isinstance(options, dict) else None
    if not isinstance(channel, str) or not 0 < len(channel) <= _LONGEST_NAME:
        raise ActionRefused("An action needs its channel: options.channel.")
    return {"action": action.get("action"), "options": options, "payload": action.get("payload")}


def _error(message: str, channel: str = "") -> dict[str, Value]:
    options: dict[str, Value] = {"channel": channel} if channel else {}
    return {"action": "error", "client": {}, "options": options, "payload": {"message": message}}


def _text(action: dict[str, Value]) -> Message:
    return {"type": "websocket.send", "text": to_json(action)}
