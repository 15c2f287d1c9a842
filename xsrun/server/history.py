"""The last requests and their responses, kept in memory, with secrets masked."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xsrun.running.masking import masked_for_log, masked_uri, secrets_sent
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.documents import ErrorDocument, Json, LogDocument
    from xsrun.running.context import Identity
    from xsrun.running.secrets import Secrets
    from xsrun.running.trace import Trace
    from xsrun.server.cors import Headers
    from xsrun.server.http_request import HttpRequest


#: What the history shows of a request.
SHOWN_ENTRY = (
    *("number", "at", "verb", "uri", "status", "duration", "query", "file", "input", "error", "logs"),
    *("warnings", "bytes_sent"),
)


@dataclass(slots=True)
class Exchange:
    """What went to and fro, as it came, and how the program ran: the console shows it, masked, and sends it again.

    `request` is None for what no request began: a task, a trigger; `left_out` are the bytes of its body when that was
    too long to be kept. `headers` and `body` are the response's. `known` are the secrets that the run knew of.
    """

    request: HttpRequest | None = None
    left_out: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    known: Secrets | None = None
    identity: Identity | None = None
    datasource: str = "live"
    trace: Trace | None = None
    #: the number of the request that this one repeats
    repeats: int | None = None


@dataclass(slots=True)
class HistoryEntry:
    """One request, or a run that none began.

    `at` is in milliseconds since the epoch, `duration` in seconds; `file` is the query's.

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
    #: request, replay, unmatched, task, trigger, background or run
    kind: str = "request"
    exchange: Exchange | None = None

    @property
    def uri(self) -> str:
        return self.uri_without(self.secrets_sent)

    @property
    def input(self) -> Value:
        return self.input_without(self.secrets_sent)

    @property
    def secrets_sent(self) -> Secrets:
        """What is secret of its inputs."""
        return secrets_sent(self.sent, self.sensitive)

    def uri_without(self, secrets: Secrets) -> str:
        """Path and query string with secrets masked."""
        return secrets.hide_text(masked_uri(self.path, self.query_string, self.sensitive))

    def input_without(self, secrets: Secrets) -> Value:
        """Its inputs with secrets masked."""
        return masked_for_log(self.sent, self.sensitive, secrets)

    def as_dict(self) -> dict[str, Json]:
        return {name: getattr(self, name) for name in SHOWN_ENTRY}


class History:
    """The last requests, the oldest forgotten first."""

    def __init__(self, size: int) -> None:
        self.entries: deque[HistoryEntry] = deque(maxlen=max(size, 0))
        #: keeps what is noted for longer (`xsrun.server.console.keeping`)
        self.keep: Callable[[HistoryEntry], None] | None = None
        #: is there room for one more that went well? Asked before it is put together, where only that store is read
        self.has_room: Callable[[], bool] = lambda: True
        self._numbers = itertools.count(1)

    @property
    def keeps(self) -> bool:
        return bool(self.entries.maxlen)

    def next_number(self) -> int:
        return next(self._numbers)

    def add(self, entry: HistoryEntry) -> None:
        """Note a request."""
        if self.keeps:
            self.entries.append(entry)
            if self.keep is not None:
                self.keep(entry)

    def as_list(self) -> list[dict[str, Json]]:
        """The latest first."""
        return [entry.as_dict() for entry in reversed(list(self.entries))]
