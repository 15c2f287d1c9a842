"""Streams: values that come one after another and are never all in memory, and what a response streams to its client.

A stream is a resource: `foreach` and builtins that take a list run over it. It can be read once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from xsrun.errors import XanoScriptError
from xsrun.hints import Protocol
from xsrun.values.conversion import Value, text_of_bytes, to_bytes, to_json

#: What PHP says of a generator that is read a second time.
READ_TWICE = "Cannot traverse an already closed generator"


class Stream:
    """Values one after another, read once; a loop that was left early can go on. `label` says what it reads."""

    __slots__ = ("_items", "_ended", "label")

    def __init__(self, items: Iterator[Value], label: str = "stream") -> None:
        self._items = items
        self._ended = False
        self.label = label

    def __iter__(self) -> Iterator[Value]:
        if self._ended:
            raise XanoScriptError(READ_TWICE, hint="a stream can be read once; push its items to a list to keep them")
        return self

    def __next__(self) -> Value:
        try:
            return next(self._items)
        except StopIteration:
            self._ended = True
            raise

    def as_value(self) -> dict[str, Value]:
        """What logs, traces and responses show of it: what it reads, and none of that."""
        return {"stream": self.label}

    def close(self) -> None:
        """Let go of the file or connection behind the stream."""
        end = getattr(self._items, "close", None)
        if end is not None:
            with suppress(ValueError):  # a generator that is running just now
                end()
        self._ended = True


class Sink(Protocol):
    """Where a streamed response goes while the program runs, a chunk at a time."""

    def __call__(self, chunk: bytes) -> object: ...


class StreamedResponse:
    """The body that `api.stream` sends instead of the `response` of a program.

    A server sets `sink` before the run to send each chunk at once; without one the chunks are kept, and `value` gives
    them. `media_type` is that of the first `api.stream`.
    """

    def __init__(self, check_size: Callable[[int], None], sink: Sink | None = None) -> None:
        self.sink = sink
        self.media_type: str | None = None
        self.filename: str | None = None
        self._check_size = check_size
        self._chunks: list[bytes] = []
        self._size = 0

    def write(self, chunk: bytes) -> None:
        """Send or keep a chunk. Raises LimitError when more is kept than a value may hold."""
        if self.sink is not None:
            self.sink(chunk)
            return
        self._size += len(chunk)
        self._check_size(self._size)
        self._chunks.append(chunk)

    @property
    def value(self) -> Value:
        """What was kept, as one text."""
        return text_of_bytes(b"".join(self._chunks))


def chunk_of(item: Value) -> bytes:
    """An item of a streamed response as it goes out: a text as it is, anything else as a line of JSON."""
    if item.__class__ is str or item.__class__ is bytes:
        return to_bytes(item)
    return to_json(item).encode("utf-8", "surrogatepass") + b"\n"


class Head(Protocol):
    """Where a run keeps its streamed response (`running.context.ResponseHead`)."""

    stream: StreamedResponse | None


class Streaming(Protocol):
    """What a streamed response needs of a run's context."""

    @property
    def head(self) -> Head:
        """What the program says of its response."""

    def check_size(self, size: int) -> None:
        """Refuse more than a value may hold."""


def streamed(context: Streaming) -> StreamedResponse:
    """The streamed response of the request that runs, begun at first use."""
    head = context.head
    if head.stream is None:
        head.stream = StreamedResponse(context.check_size)
    return head.stream
