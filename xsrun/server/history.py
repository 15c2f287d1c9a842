"""What was asked and answered, kept in memory, with secrets masked."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xsrun.running.masking import MASK, is_secret, masked_argument
from xsrun.values.conversion import Value, type_name

if TYPE_CHECKING:
    from xsrun.documents import ErrorDocument, Json, LogDocument

#: Longer texts and lists are cut in the history.
_LONGEST = 300


@dataclass(slots=True)
class HistoryEntry:
    """One request. `at` is in milliseconds since the epoch, `duration` in seconds; `file` is the query's.

    `path`, `query_string` and `sent` are as they came; `uri` and `input` show them with secrets masked. `sensitive` are
    the inputs that are secrets whatever their name.
    """

    number: int
    at: int
    verb: str
    path: str
    query_string: bytes
    status: int
    duration: float
    query: str
    file: str
    sent: Value
    sensitive: frozenset[str]
    bytes_sent: int = 0
    error: ErrorDocument | None = None
    logs: list[LogDocument] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def uri(self) -> str:
        return masked_uri(self.path, self.query_string)

    @property
    def input(self) -> Value:
        return masked(self.sent, self.sensitive)

    def as_dict(self) -> dict[str, Json]:
        shown = ("number", "at", "verb", "uri", "status", "duration", "query", "file", "input", "error", "logs")
        return {name: getattr(self, name) for name in (*shown, "warnings", "bytes_sent")}


class History:
    """The last requests, the oldest forgotten first."""

    def __init__(self, size: int) -> None:
        self.entries: deque[HistoryEntry] = deque(maxlen=max(size, 0))
        self._numbers = itertools.count(1)

    @property
    def keeps(self) -> bool:
        return bool(self.entries.maxlen)

    def next_number(self) -> int:
        return next(self._numbers)

    def as_list(self) -> list[dict[str, Json]]:
        """The latest first."""
        return [entry.as_dict() for entry in reversed(list(self.entries))]


def masked(value: Value, sensitive: frozenset[str] = frozenset(), depth: int = 4) -> Value:
    """A value as a log shows it: secrets masked, long texts and lists cut, files by what they are."""
    if isinstance(value, dict):
        if depth == 0:
            return "{...}"
        return {
            key: MASK if key in sensitive or is_secret(key) else masked(item, frozenset(), depth - 1)
            for key, item in list(value.items())[:50]
        }
    if isinstance(value, list):
        if depth == 0:
            return "[...]"
        shown = [masked(item, sensitive, depth - 1) for item in value[:20]]
        return shown if len(value) <= 20 else [*shown, f"... {len(value)} in all"]
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}... ({len(value):,} characters)"
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if type_name(value) == "resource":
        record = getattr(value, "as_value", None)
        return masked(record(), sensitive, depth - 1) if record is not None and depth else type(value).__name__
    return value


def masked_uri(path: str, query: bytes) -> str:
    """Path and query string for a log: the values of secrets masked, nothing that moves a terminal's cursor."""
    text = path
    if query:
        text += "?" + "&".join(map(masked_argument, query.decode("latin-1").split("&")))
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "?" for character in text)
