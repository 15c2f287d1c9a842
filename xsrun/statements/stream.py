"""`stream.*`: files and answers of other servers as streams, read row by row while a loop runs over them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.http_messages import header_lines
from xsrun.statements.api_request import failed, method_of, request_of, timeout_of, tls_of
from xsrun.statements.file_values import file_of
from xsrun.statements.stream_formats import csv_objects, json_lines, lines_of
from xsrun.values.characters import characters
from xsrun.values.conversion import Value, as_bool, as_int, from_json, not_allowed, text_of_bytes, to_text
from xsrun.values.streams import Stream

#: Bytes of the pieces of a body that has no rows.
CHUNK_SIZE = 8_192


@statement("stream.from_csv", editor_needs="separator enclosure escape_char")
def from_csv(
    context: Context,
    value: Value,
    separator: Value = ",",
    enclosure: Value = '"',
    escape_char: Value = '"',
    headers: Value = True,
) -> Value:
    """Read a CSV file row by row: a stream of objects whose keys are the cells of the first row.

    `value` is a file or a text. With `headers = false` each row is a list. However large the file, only a few rows are
    in memory; blank lines count for nothing.

    >>> stream.from_csv {
    ...   value = "hour,level\\n6,3.1\\n12,0.4"
    ...   separator = ","
    ...   enclosure = '"'
    ...   escape_char = '"'
    ... } as $rows
    ... var $total { value = 0 }
    ... foreach ($rows) {
    ...   each as $row {
    ...     math.add $total { value = $row.level }
    ...   }
    ... }
    ... var $rows { value = $row }
    {"rows": {"hour": "12", "level": "0.4"}, "row": {"hour": "12", "level": "0.4"}, "total": 3.5}
    """
    file = file_of(context, value, texts=True).open()
    comma, quote, escape = (characters(to_text(mark)) for mark in (separator, enclosure, escape_char))
    return Stream(csv_objects(context, file, comma, quote, escape, as_bool(headers)), "CSV")


@statement("stream.from_jsonl")
def from_jsonl(context: Context, value: Value) -> Value:
    """Read a file with one JSON text a line, line by line: a stream of its values. Blank lines count for nothing.

    `value` is a file or a text.

    >>> stream.from_jsonl {
    ...   value = "{\\"level\\": 3}\\n{\\"level\\": 4}"
    ... } as $lines
    ... var $levels { value = [] }
    ... foreach ($lines) {
    ...   each as $line {
    ...     array.push $levels { value = $line.level }
    ...   }
    ... }
    ... var $lines { value = null }
    {"lines": null, "levels": [3, 4], "line": {"level": 4}}
    """
    return Stream(json_lines(context, file_of(context, value, texts=True).open()), "JSONL")


@statement("stream.from_request")
def from_request(
    context: Context,
    url: Value = None,
    method: Value = "GET",
    params: Value = None,
    headers: Value = None,
    timeout: Value = None,
    follow_location: bool = True,
    verify_host: bool = True,
    verify_peer: bool = True,
    ca_certificate: Value = None,
    certificate: Value = None,
    certificate_pass: Value = None,
    private_key: Value = None,
    private_key_pass: Value = None,
    format: Value = None,
    chunk_size: Value = None,
    separator: Value = ",",
) -> Value:
    """Stream the answer of another server; without `url` it is the body of the request that the program answers.

    The attributes are those of `api.request`. JSON lines give values, CSV gives objects, server-sent events give their
    data (decoded where it is JSON), a JSON list gives its items, anything else pieces of text. The type of the answer
    decides, or `format`: "jsonl", "csv", "sse", "json" or "raw" (in pieces of `chunk_size` bytes). Hosts must be
    allowed as for `api.request`; a server that cannot be reached, or that breaks off, raises.

    >>> try_catch {
    ...   try {
    ...     stream.from_request {
    ...       url = "http://127.0.0.1:9/feed"
    ...       method = "GET"
    ...       timeout = 5
    ...     } as $feed
    ...   }
    ...   catch {
    ...     var $failed { value = $error.message|contains:"Failed to connect" }
    ...   }
    ... }
    {"failed": true}
    """
    if url is None:
        incoming = io.BytesIO(context.request.body or b"")
        return Stream(_items(context, incoming, to_text(format) or "jsonl", headers, chunk_size, separator), "request")
    tls = tls_of(verify_host, verify_peer, ca_certificate, certificate, private_key, private_key_pass, certificate_pass)
    request = request_of(
        to_text(url), method_of(method), params, header_lines(headers), timeout_of(timeout), follow_location, tls
    )
    answer, pieces = context.service("http").stream(context, request, "stream.from_request")
    if answer.error is not None:
        raise failed("stream.from_request", answer.error)
    chosen = to_text(format) or _format_of(answer.header("content-type"))
    return Stream(_items(context, io.BufferedReader(_Body(pieces)), chosen, True, chunk_size, separator), "answer")


def _format_of(content_type: str) -> str:
    """How the body of an answer is read, by its media type."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in ("application/jsonl", "application/x-ndjson", "application/ndjson", "application/json-lines"):
        return "jsonl"
    if media_type == "text/event-stream":
        return "sse"
    if media_type == "text/csv":
        return "csv"
    return "json" if media_type == "application/json" or media_type.endswith("+json") else "raw"


def _items(
    context: Context, body: BinaryIO, format: str, header: Value, chunk_size: Value, separator: Value
) -> Iterator[Value]:
    """The items of a body in one of the formats."""
    if format == "jsonl":
        return json_lines(context, body)
    if format == "csv":
        named = header is None or as_bool(header)
        return csv_objects(context, body, characters(to_text(separator)), '"', '"', named)
    if format == "sse":
        return _events(context, body)
    if format == "json":
        return _json_items(context, body)
    if format == "raw":
        return _pieces(body, max(as_int(chunk_size) or CHUNK_SIZE, 1))
    raise not_allowed(format, "format")


def _pieces(body: BinaryIO, size: int) -> Iterator[Value]:
    with body:
        while piece := body.read(min(size, 1 << 20)):
            yield text_of_bytes(piece)


def _events(context: Context, body: BinaryIO) -> Iterator[Value]:
    """The data of server-sent events."""
    data: list[str] = []
    for line in lines_of(body, context.check_size):
        text = line.rstrip("\r\n")
        if text.startswith("data:"):
            data.append(text.removeprefix("data:").removeprefix(" "))
        elif not text and data:
            yield _decoded("\n".join(data))
            data = []
    if data:
        yield _decoded("\n".join(data))


def _decoded(text: str) -> Value:
    try:
        return from_json(text) if text.startswith(("{", "[")) else text
    except ValueError:
        return text


def _json_items(context: Context, body: BinaryIO) -> Iterator[Value]:
    """The items of a JSON list, which is read whole; any other value is the only item."""
    parts: list[bytes] = []
    size = 0
    with body:
        while piece := body.read(1 << 16):
            size += len(piece)
            context.check_size(size)
            parts.append(piece)
    whole = b"".join(parts)
    try:
        value = from_json(whole)
    except ValueError:
        value = text_of_bytes(whole)
    yield from value if isinstance(value, list) else [value]


class _Body(io.RawIOBase):
    """Pieces of bytes as a file that can be read once."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        from xsrun.services.http import TransferError

        while not self._rest:
            try:
                piece = next(self._pieces, None)
            except TransferError as error:
                raise failed("stream.from_request", str(error)) from None
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
