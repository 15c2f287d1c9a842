"""The last requests and their responses, kept in memory, with secrets masked."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xsrun.running.masking import masked_for_log, masked_uri, secrets_sent
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.documents import ErrorDocument, Json, LogDocument


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
        uri = masked_uri(self.path, self.query_string, self.sensitive)
        return secrets_sent(self.sent, self.sensitive).hide_text(uri)

    @property
    def input(self) -> Value:
        return masked_for_log(self.sent, self.sensitive, secrets_sent(self.sent, self.sensitive))

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
