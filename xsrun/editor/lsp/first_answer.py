"""The answer to an editor's first request, kept between starts: it need not wait until the protocol's types are loaded.

They take most of the start, and what the server says of itself is the same each time an editor says the same of
itself. So the answer to `initialize` is given again at once where it was given before; the server is then asked as
well, and what it answers is dropped. This module imports nothing that the server needs.
"""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, BinaryIO

from xsrun import cache
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_KIND = "lsp"
#: What of the request the answer depends on.
_MATTERS = ("capabilities", "initializationOptions")


class FirstAnswer:
    """The first message of an editor, and its answer if that is known."""

    def __init__(self, message: bytes, request: dict[str, Value], stamp: str) -> None:
        self.message, self.request = message, request
        params = request.get("params")
        told = [params.get(name) for name in _MATTERS] if isinstance(params, dict) else []
        #: under which the answer is kept; empty for anything but the request that begins a conversation
        self.key = ""
        if request.get("method") == "initialize" and "id" in request and told:
            self.key = cache.digest(cache.fingerprint(), stamp, json.dumps(told, sort_keys=True))
        #: has the answer been given before the server could?
        self.given = False

    @classmethod
    def read(cls, stream: BinaryIO) -> FirstAnswer:
        """Wait for the first message."""
        header, size = b"", 0
        while (line := stream.readline()).strip():
            header += line
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                size = int(value)
        body = stream.read(size)
        return cls(header + line + body, _object(body), package_stamp())

    def known(self) -> bytes | None:
        """The message that answers it, as it was kept; None when the server has to say."""
        data = cache.read(_KIND, self.key) if self.key else None
        if data is None:
            return None
        self.given = True
        body = json.dumps({"jsonrpc": "2.0", "id": self.request["id"], "result": json.loads(data)}).encode()
        return b"Content-Length: %d\r\n\r\n" % len(body) + body

    def passes(self, message: bytes) -> bool:
        """Is a message of the server to be sent? Its answer to the first one is kept, and not sent a second time."""
        if not self.key:
            return True
        said = _object(message.partition(b"\r\n\r\n")[2])
        if said.get("id") != self.request["id"] or "method" in said:
            return True
        self.key, key = "", self.key
        if self.given:
            return False
        if "result" in said:
            cache.write(_KIND, key, json.dumps(said["result"]).encode())
        return True


def _object(body: bytes) -> dict[str, Value]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def package_stamp() -> str:
    """A name for the installed packages of the protocol that costs no import; empty when they are not installed."""
    from importlib.util import find_spec

    found = [find_spec(name) for name in ("pygls", "lsprotocol")]
    origins = [spec.origin for spec in found if spec is not None and spec.origin]
    return "\n".join(f"{origin} {os.stat(origin).st_mtime_ns}" for origin in origins) if all(found) else ""


class Replayed(io.BufferedReader):
    """What an editor sends, the first message of which has been read already."""

    def __init__(self, stream: BinaryIO, first: FirstAnswer) -> None:
        super().__init__(io.FileIO(stream.fileno(), closefd=False))
        self._first, self._stream = io.BytesIO(first.message), stream

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._first.readline(size) or self._stream.readline(-1 if size is None else size)

    def read(self, size: int | None = -1, /) -> bytes:
        return self._first.read(size) or self._stream.read(-1 if size is None else size)


class Filtered(io.BufferedWriter):
    """What goes to an editor, message by message, without an answer that it has."""

    def __init__(self, stream: BinaryIO, first: FirstAnswer) -> None:
        super().__init__(io.FileIO(stream.fileno(), "wb", closefd=False))
        self._first, self._stream = first, stream

    def write(self, message: ReadableBuffer, /) -> int:
        data = bytes(message)
        return self._stream.write(data) if self._first.passes(data) else len(data)

    def flush(self) -> None:
        if not self._stream.closed:
            self._stream.flush()

    def close(self) -> None:
        self._stream.close()
