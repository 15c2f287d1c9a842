"""The forms of streams: CSV and JSON lines read row by row, and rows written as what a client gets.

Files are read in pieces, never whole, so the size of a file does not matter; a single row may be as long as a value.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from xsrun.errors import XanoScriptError
from xsrun.running.context import Context
from xsrun.values.characters import value_of
from xsrun.values.conversion import Value, from_json, to_bytes, to_json
from xsrun.values.csv_text import read_rows, write_rows
from xsrun.values.json_errors import JsonError
from xsrun.values.streams import chunk_of

#: Characters read at a time.
PIECE = 1 << 16
_LINE_ENDS = re.compile(r"\r\n|\n|\r")

#: What `api.stream` writes for each format.
MEDIA_TYPES = {
    "": "application/octet-stream",
    "raw": "application/octet-stream",
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8",
    "sse": "text/event-stream",
}


# Reading -------------------------------------------------------------------------------------------------------------


def lines_of(file: BinaryIO, check_size: Callable[[int], None]) -> Iterator[str]:
    """The lines of a UTF-8 file with their ends; a stray byte is a lone surrogate. Raises LimitError for a huge one."""
    with io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        while piece := text.readline(PIECE):
            parts = [piece]
            size = len(piece)
            while len(piece) == PIECE and not piece.endswith(("\n", "\r")):
                piece = text.readline(PIECE)
                parts.append(piece)
                size += len(piece)
                check_size(size)
            yield "".join(parts) if len(parts) > 1 else parts[0]


def json_lines(context: Context, file: BinaryIO) -> Iterator[Value]:
    """The values of a file with one JSON text a line; blank lines count for nothing."""
    for number, line in enumerate(lines_of(file, context.check_size), 1):
        text = line.strip()
        if text:
            try:
                yield from_json(to_bytes(value_of(text)))
            except JsonError as error:
                raise XanoScriptError("Error parsing JSON: Syntax error", hint=f"line {number}: {error}") from None


def csv_objects(
    context: Context, file: BinaryIO, separator: str, enclosure: str, escape: str, header: bool = True
) -> Iterator[Value]:
    """The rows of a CSV file as objects with the keys of the first row; without `header` as lists.

    A cell that a row lacks is null, cells beyond the keys are left out (as in `csv_parse`).
    """
    rows = csv_rows(context, file, separator, enclosure, escape)
    if not header:
        for row in rows:
            yield [value_of(cell) for cell in row]
        return
    keys = next(rows, [])
    blank: list[Value] = [None] * len(keys)
    for row in rows:
        yield dict(zip(keys, [*map(value_of, row), *blank[len(row) :]], strict=False))


def csv_rows(context: Context, file: BinaryIO, separator: str, enclosure: str, escape: str) -> Iterator[list[str]]:
    """The rows of a CSV file, read by whole lines until all cells are closed."""
    lines = lines_of(file, context.check_size)
    read_rows("", separator, enclosure, escape)  # refuses impossible marks before anything is read
    least = PIECE
    pending: list[str] = []
    while True:
        size = sum(map(len, pending))
        ended = True
        for line in lines:
            pending.append(line)
            size += len(line)
            if size >= least and line.endswith(("\n", "\r")):  # only the last line of a file has no end
                ended = False
                break
        context.check_size(size)
        text = "".join(pending)
        rows = _plain_rows(text, separator, enclosure)
        if rows is None:
            if ended:
                yield from read_rows(text, separator, enclosure, escape)
                return
            # a row that no file has: it is a row of two cells only if all cells before it are closed
            rows = read_rows(f"{text}\0{separator}\0", separator, enclosure, escape)
            if rows.pop() != ["\0", "\0"]:
                least = size * 2
                continue
        yield from rows
        if ended:
            return
        pending, least = [], PIECE


def _plain_rows(text: str, separator: str, enclosure: str) -> list[list[str]] | None:
    """The rows of a text without any enclosure, which is most of them and quick; else None."""
    if enclosure and enclosure in text:
        return None
    lines = _LINE_ENDS.split(text) if "\r" in text else text.split("\n")
    return [line.split(separator) for line in lines if line]


# Writing -------------------------------------------------------------------------------------------------------------


def chunks(context: Context, value: Value, format: str, headers: Value = None) -> Iterator[bytes]:
    """A value as the pieces of a streamed response."""
    if value is None:
        return
    if value.__class__ in (str, bytes):
        yield to_bytes(value)
        return
    items: Iterable[Value] = value if value.__class__ is not dict and isinstance(value, Iterable) else [value]
    if format == "csv":
        yield from _csv_chunks(items, headers)
        return
    for item in items:
        if format == "sse":
            yield _event(item)
        elif format == "jsonl":
            yield to_json(item).encode("utf-8", "surrogatepass") + b"\n"
        else:
            yield chunk_of(item)


def _csv_chunks(items: Iterable[Value], headers: Value) -> Iterator[bytes]:
    """Rows under a line of column names: those given, else the keys of the first row."""
    names = [str(name) for name in headers] if isinstance(headers, list) else None
    for position, item in enumerate(items):
        if names is None and isinstance(item, dict):
            names = list(item)
        rows: list[list[Value]] = [[*names]] if position == 0 and names else []
        rows.append([item.get(name) for name in names or []] if isinstance(item, dict) else _cells(item))
        yield to_bytes(value_of(write_rows(rows, ",", '"', '"')))


def _cells(item: Value) -> list[Value]:
    return item if isinstance(item, list) else [item]


def _event(item: Value) -> bytes:
    """A server-sent event: an object with `data` may also have `event` and `id`; anything else is the data."""
    fields = item if isinstance(item, dict) and "data" in item else {"data": item}
    lines = [f"{name}: {fields[name]}" for name in ("event", "id") if fields.get(name) is not None]
    data = fields["data"] if isinstance(fields["data"], str) else to_json(fields["data"])
    lines += [f"data: {line}" for line in data.splitlines() or [""]]
    return ("\n".join(lines) + "\n\n").encode("utf-8", "surrogatepass")
