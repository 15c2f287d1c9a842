"""The streams of `xsrun lsp` while the first answer is given (`xsrun.editor.kept_answer`): messages with headers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from xsrun.editor.kept_answer import FirstAnswer, object_in, packages_stamp

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: What of the request the answer depends on.
_MATTERS = ("capabilities", "initializationOptions")


class FirstMessage:
    """The first message of an editor, and its answer if that is known."""

    def __init__(self, message: bytes, body: bytes) -> None:
        self.message = message
        request = object_in(body)
        params = request.get("params")
        told = None
        if request.get("method") == "initialize" and isinstance(params, dict):
            told = [package_stamp(), *(params.get(name) for name in _MATTERS)]
        self.answer = FirstAnswer("lsp", request, told)

    @classmethod
    def read(cls, stream: BinaryIO) -> FirstMessage:
        """Wait for the first message."""
        header, size = b"", 0
        while (line := stream.readline()).strip():
            header += line
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                size = int(value)
        body = stream.read(size)
        return cls(header + line + body, body)

    def known(self) -> bytes | None:
        """The message that answers it, as it was kept; None when the server has to say."""
        body = self.answer.known()
        return None if body is None else b"Content-Length: %d\r\n\r\n" % len(body) + body

    def passes(self, message: bytes) -> bool:
        """Is a message of the server to be sent?"""
        return self.answer.passes(message.partition(b"\r\n\r\n")[2])


def package_stamp() -> str:
    """A name for the installed packages of the protocol; empty when they are not installed."""
    return packages_stamp("pygls", "lsprotocol")


class Replayed(io.BufferedReader):
    """What an editor sends, the first message of which has been read already."""

    def __init__(self, stream: BinaryIO, first: FirstMessage) -> None:
        super().__init__(io.FileIO(stream.fileno(), closefd=False))
        self._first, self._stream = io.BytesIO(first.message), stream

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._first.readline(size) or self._stream.readline(-1 if size is None else size)

    def read(self, size: int | None = -1, /) -> bytes:
        return self._first.read(size) or self._stream.read(-1 if size is None else size)


class Filtered(io.BufferedWriter):
    """What goes to an editor, message by message, without an answer that it has."""

    def __init__(self, stream: BinaryIO, first: FirstMessage) -> None:
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
