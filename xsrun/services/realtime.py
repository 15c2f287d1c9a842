"""Realtime messages, kept in memory for listeners in this process (semantics 7.8)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from xsrun.values.conversion import Value, copy_deep, to_text

#: The key in a run's scratch room for the client whose action is answered: `realtime.get_session`.
SESSION = "realtime session"
#: Messages that are kept; the oldest go first.
MOST_MESSAGES = 1_000


@dataclass(frozen=True, slots=True)
class RealtimeMessage:
    """A message of a channel. With an `auth_id` it is for that row of `auth_table` alone. `at` is in milliseconds."""

    channel: str
    data: Value
    at: int
    server: str = ""
    event: str = ""
    auth_table: str = ""
    auth_id: Value = None


@dataclass(frozen=True, slots=True)
class RealtimeServer:
    """The Redis server by which processes share channels, and the `name` under which those of one workspace do."""

    url: str
    name: str


Listener = Callable[[RealtimeMessage], None]


class Realtime:
    """The channels of a workspace. Safe to use from several threads at once. `server` is for `xsrun serve` to use."""

    def __init__(self, server: RealtimeServer | None = None) -> None:
        self.server = server
        self._lock = threading.Lock()
        self._messages: deque[RealtimeMessage] = deque(maxlen=MOST_MESSAGES)
        self._listeners: list[Listener] = []

    def publish(
        self,
        channel: str,
        data: Value,
        *,
        now: int,
        server: Value = None,
        event: Value = None,
        auth_table: Value = None,
        auth_id: Value = None,
    ) -> RealtimeMessage:
        """Keep a message and hand it to those who listen."""
        message = RealtimeMessage(
            channel,
            copy_deep(data),
            now,
            _name(server),
            _name(event),
            _name(auth_table),
            None if auth_id in (None, "", 0) else auth_id,
        )
        with self._lock:
            self._messages.append(message)
            listeners = list(self._listeners)
        for listener in listeners:
            listener(message)
        return message

    def messages(self, channel: str | None = None) -> list[RealtimeMessage]:
        """The messages that are kept, oldest first; of one channel, or of all."""
        with self._lock:
            return [message for message in self._messages if channel in (None, message.channel)]

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a function with each message from now on, in the thread that publishes; returns how to end that."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock, suppress(ValueError):  # it was ended before
                self._listeners.remove(listener)

        return end


def _name(value: Value) -> str:
    return "" if isinstance(value, (list, dict)) else to_text(value)
