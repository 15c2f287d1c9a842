"""Messages of the Debug Adapter Protocol on a pair of streams: a header with the length, then JSON."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from xsrun.errors import UsageError
from xsrun.values.conversion import Value

#: Bytes of a message, and of a line of its header, at most.
_LARGEST, _LONGEST_LINE = 64 << 20, 4_096

Message = dict[str, Value]


class DapWire:
    """One client. Messages are read by one thread, and may be written by several."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._target = target
        self._writing = threading.Lock()
        self._sent = 0

    def read(self) -> Message | None:
        """The next message; None when the client has gone. Raises UsageError for what is not the protocol."""
        length = None
        while line := self._source.readline(_LONGEST_LINE).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
        if length is None:
            return None
        if length > _LARGEST:
            raise UsageError(f"a message of {length:,} bytes is too large")
        data = self._source.read(length)
        if len(data) < length:
            return None
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            raise UsageError("a message is not JSON") from None
        return found if isinstance(found, dict) else {}

    def write(self, message: Message) -> None:
        """Send a message with the next number. One to a client that has gone is lost."""
        with self._writing:
            self._sent += 1
            data = json.dumps({"seq": self._sent, **message}).encode()
            try:
                self._target.write(b"Content-Length: %d\r\n\r\n%b" % (len(data), data))
                self._target.flush()
            except (OSError, ValueError):
                return

    def event(self, name: str, **body: Value) -> None:
        """Tell the client of something."""
        self.write({"type": "event", "event": name, "body": body})


@contextmanager
def wire_over(connection: socket.socket) -> Iterator[DapWire]:
    """A conversation over a connection, which ends with it, also when the client goes in the middle of a message."""
    with suppress(OSError), connection, connection.makefile("rb") as source, connection.makefile("wb") as target:
        yield DapWire(source, target)
