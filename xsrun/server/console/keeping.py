"""From the history in memory to the store: masks what is to be kept, beside the requests and never in their way."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.running.masking import is_secret, masked_for_log, masked_header, masked_members, with_proofs
from xsrun.running.secrets import MASK, Secrets
from xsrun.server.console.kept_requests import Kept, RequestStore
from xsrun.server.console.tracing import ConsoleTrace
from xsrun.services.recording import described_body, described_headers
from xsrun.values.conversion import Value, from_json
from xsrun.values.json_errors import JsonError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xsrun.server.history import Exchange, HistoryEntry
    from xsrun.server.log import Log

#: Requests that may come at once and are all kept, and how many more a second: to keep one takes about half as long as
#: a plain query, so that a server under load keeps a part of them, and those that failed.
_BURST, _A_SECOND = 400, 200
#: The share of a processor that keeping may take for long, and seconds of one that it may take at once: where bodies
#: are long, fewer requests are kept.
_SHARE, _AT_ONCE = 0.02, 1.0
#: Seconds of the processor for one as long as nothing else is known, and how many others it counts as much as.
_USUAL_COST, _WEIGHT = 0.00005, 100
#: Seconds between two writes.
_PAUSE = 0.2
#: Seconds after which the thread that keeps lets others go on, and for how long. Of itself Python lets a thread that
#: waits go on after ten times as long, and a request that reads rows waits several times.
_TURN, _NAP = 0.0005, 0.001
#: Bytes of a body, and characters of a text to search, that are kept.
MOST_OF_BODY = 64 * 1024
_MOST_OF_TEXT = 4_000
#: Requests that can be sent again as they came, secrets included; these stay in memory.
_REPEATABLE = 200


class Keeper:
    """Takes what the history notes and keeps it in a store, a few times a second."""

    def __init__(
        self,
        place: Callable[[], Path | None],
        most: int,
        log: Log,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        self.log = log
        self.place = place
        self.most = most
        #: those that were too many at once to be kept
        self.dropped = 0
        #: counts seconds, and those of the processor that the calling thread took
        self.clock, self.spent = clock, spent
        self._waiting: deque[HistoryEntry] = deque()
        self._failed: deque[HistoryEntry] = deque(maxlen=_BURST)
        #: how many may be kept now, and when that was reckoned
        self._room, self._reckoned = float(_BURST), clock()
        #: seconds of the processor for one
        self._cost = _USUAL_COST
        self._recent: dict[int, HistoryEntry] = {}
        self._store: RequestStore | None = None
        self._reckoning = threading.Lock()
        self._making = threading.Lock()
        self._writing = threading.Lock()
        self._came = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def store(self) -> RequestStore:
        """The store, made at first use; in memory where there is no place for a file."""
        with self._making:
            if self._store is None:
                self._store = self._made()
            return self._store

    def _made(self) -> RequestStore:
        place = self.place()
        if place is not None:
            try:
                return RequestStore(place, self.most)
            except (OSError, sqlite3.Error):
                pass  # read-only, or the file of another program: what is kept lasts as long as the process
        return RequestStore(None, self.most)

    def has_room(self) -> bool:
        """May one more be kept now? One that may not counts as dropped."""
        if self._has_room():
            return True
        self.dropped += 1
        return False

    def _has_room(self) -> bool:
        if len(self._waiting) < self._room:
            return True
        self._reckon()
        return len(self._waiting) < self._room

    def keep(self, entry: HistoryEntry) -> None:
        """Keep a request soon. Called by the thread that served it."""
        if not self._has_room():
            try:
                dropped = self._waiting.popleft()
            except IndexError:
                dropped = None
            if dropped is not None:
                if _has_failed(dropped):
                    self._failed.append(dropped)
                else:
                    self.dropped += 1
        self._waiting.append(entry)
        if not self._came.is_set():
            self._came.set()
            if self._thread is None:
                self._begin()

    def _begin(self) -> None:
        with self._making:
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._work, name="xsrun-history", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while not self._ended.is_set():
            self._came.wait()
            self._ended.wait(_PAUSE)
            try:
                self.flush(gently=True)
            except Exception as error:  # a fault of ours must not end the keeping
                self.log.fault(error)

    def flush(self, *, gently: bool = False) -> None:
        """Keep what waits, now; with `gently` the threads that serve requests go first."""
        with self._writing:
            self._came.clear()
            entries = [*_taken(self._failed), *_taken(self._waiting)]
            store, started = self.store, self.spent()
            try:
                numbers = store.add(self._masked(entries, gently)) if entries else []
            except sqlite3.Error:
                self.dropped += len(entries)  # the disk is full, or another process writes without end
                return
            finally:
                self._reckon(len(entries), self.spent() - started)
            for number, entry in zip(numbers, entries, strict=True):
                entry.number = number
                if entry.exchange is not None and entry.exchange.request is not None:
                    self._recent[number] = entry
            for number in list(self._recent)[: max(len(self._recent) - _REPEATABLE, 0)]:
                del self._recent[number]

    def _masked(self, entries: list[HistoryEntry], gently: bool) -> Iterator[Kept]:
        """Requests as the store has them, one after another."""
        turn = time.perf_counter()
        for entry in entries:
            yield kept_or_less(entry)
            if gently and time.perf_counter() - turn > _TURN:
                time.sleep(_NAP)
                turn = time.perf_counter()

    def _reckon(self, kept: int = 0, seconds: float = 0.0) -> None:
        """How many more may be kept after these, which took so many seconds of the processor."""
        with self._reckoning:
            now = self.clock()
            self._cost += (seconds - kept * self._cost) / (kept + _WEIGHT)
            a_second = min(_A_SECOND, _SHARE / self._cost)
            room = self._room - kept + (now - self._reckoned) * a_second
            self._room, self._reckoned = min(max(room, 1.0), _BURST, _AT_ONCE / self._cost), now

    def recent(self, number: int) -> HistoryEntry | None:
        """A request as it came, if this process served it not long ago."""
        return self._recent.get(number)

    def clear(self) -> None:
        """Forget everything."""
        self.flush()
        with self._writing:
            self._recent.clear()
            self.store.clear()

    def close(self) -> None:
        """Keep what waits and close the store."""
        self._ended.set()
        self._came.set()
        if self._thread is not None:
            self._thread.join(5)
        self.flush()
        with self._making:
            if self._store is not None:
                self._store.close()
                self._store = None


def _taken(waiting: deque[HistoryEntry]) -> list[HistoryEntry]:
    """What waits, taken out while others may come."""
    taken = []
    for _ in range(len(waiting)):
        try:
            taken.append(waiting.popleft())
        except IndexError:
            break
    return taken


def _has_failed(entry: HistoryEntry) -> bool:
    return entry.status >= 400 or entry.error is not None


# What is kept of a request ------------------------------------------------------------------------------------------


def kept_or_less(entry: HistoryEntry) -> Kept:
    """A request as the store has it; without its bodies and trace where these are nested too deeply to be masked."""
    try:
        return kept(entry)
    except RecursionError:
        entry.exchange = None
        return kept(entry)


def kept(entry: HistoryEntry) -> Kept:
    """A request as the store has it, secrets masked."""
    exchange = entry.exchange
    sent = entry.secrets_sent
    uri, given = entry.uri_without(sent), entry.input_without(sent)
    detail: dict[str, Value] = {
        "input": given,
        "error_detail": entry.error,
        "logs": entry.logs,
        "warnings": entry.warnings,
        "bytes_sent": entry.bytes_sent,
    }
    if exchange is not None:
        headers = {} if exchange.request is None else dict(exchange.request.texts.items())
        detail.update(exchanged(exchange, headers, with_proofs(sent, exchange.known, headers)))
    error = entry.error["message"] if entry.error is not None else ""
    words = [
        uri,
        entry.query,
        error,
        str(given),
        str(detail.get("response", "")),
        *(str(log["value"]) for log in entry.logs),
    ]
    return Kept(
        entry.at,
        entry.kind,
        entry.verb,
        uri.partition("?")[0],
        uri,
        entry.query,
        entry.file,
        entry.status,
        _has_failed(entry),
        entry.duration,
        error[:500],
        exchange is not None and exchange.trace is not None,
        entry.bytes_sent,
        " ".join(words)[:_MOST_OF_TEXT].casefold(),
        detail,
    )


def exchanged(exchange: Exchange, headers: dict[str, str], secrets: Secrets) -> dict[str, Value]:
    """What went to and fro, secrets masked; `headers` are those of the request."""
    request = exchange.request
    found: dict[str, Value] = {"datasource": exchange.datasource, "repeats": exchange.repeats}
    if exchange.identity is not None:
        found["identity"] = {"table": exchange.identity.table, "id": exchange.identity.id}
    if request is not None:
        sent = list(headers.items())
        body: Value = None
        if exchange.left_out:
            body = {"size": exchange.left_out}
        elif request.body:
            body = described_body(request.body, sent, secrets)
        found["request"] = {"headers": described_headers(sent, secrets), "body": body}
    if exchange.headers or exchange.body:
        found["response"] = answered(exchange, secrets)
    if isinstance(exchange.trace, ConsoleTrace):
        found["trace"] = exchange.trace.as_dict()
    return found


def answered(exchange: Exchange, secrets: Secrets) -> dict[str, Value]:
    """A response: its headers, and its body as JSON, as text, or by its size."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in exchange.headers]
    shown = [secrets.hide_text(MASK if is_secret(name) else masked_header(name, value)) for name, value in headers]
    found: dict[str, Value] = {"headers": shown, "size": len(exchange.body)}
    body = exchange.body
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    if "json" in kind and len(body) <= MOST_OF_BODY:
        try:
            return {**found, "json": masked_members(from_json(body), secrets)}
        except JsonError:
            pass  # a text that only says that it is JSON
    try:
        text = body[:MOST_OF_BODY].decode("utf-8")
    except UnicodeDecodeError as error:
        if len(body) <= MOST_OF_BODY or error.start < MOST_OF_BODY - 4:
            return found
        text = body[: error.start].decode("utf-8")
    if "json" in kind:  # too long to show whole: its beginning would show secrets that no name stands before
        try:
            return {**found, "json": masked_for_log(from_json(body), secrets=secrets), "cut": True}
        except JsonError:
            pass
    return {**found, "text": secrets.hide_text(text), "cut": len(body) > MOST_OF_BODY}
