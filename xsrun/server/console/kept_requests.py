"""The store of requests: SQLite beside the workspace, bounded, newest first, a page at a time by key."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.server.history import SHOWN_ENTRY
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.documents import Json

#: Requests that a look at their texts goes through at a time, so that it can be stopped.
PIECE = 5_000
#: One of so many requests goes when the store has grown too large, which is looked at after as large a share was added.
_SHARE = 10

_SCHEMA = """
CREATE TABLE IF NOT EXISTS exchange (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  verb TEXT NOT NULL,
  path TEXT NOT NULL,
  uri TEXT NOT NULL,
  query TEXT NOT NULL,
  file TEXT NOT NULL,
  status INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  duration REAL NOT NULL,
  error TEXT NOT NULL,
  traced INTEGER NOT NULL,
  size INTEGER NOT NULL,
  text TEXT NOT NULL,
  detail BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS exchange_path ON exchange (path, number);
CREATE INDEX IF NOT EXISTS exchange_at ON exchange (at, number);
CREATE INDEX IF NOT EXISTS exchange_duration ON exchange (duration, number);
"""
#: What most requests have. They are found by looking at the latest, as to note each of them takes longer than all else
#: about it; an index knows the others.
_USUAL: dict[str, int | str] = {"status": 200, "failed": 0, "verb": "GET", "kind": "request"}
_OTHERS = {name: f"{name} <> {value!r}" for name, value in _USUAL.items()}
for _name, _which in _OTHERS.items():
    _SCHEMA += f"DROP INDEX IF EXISTS exchange_{_name};\n"  # earlier versions noted all
    _SCHEMA += f"CREATE INDEX IF NOT EXISTS exchange_other_{_name} ON exchange ({_name}, number) WHERE {_which};\n"
#: Bytes of what is kept as it is: to compress less takes longer than to write it.
_PLAIN = 2_000
#: What a list shows of a request.
_SHOWN = ("number", "at", "kind", "verb", "uri", "query", "file", "status", "failed", "duration", "error", "traced")
_SUMMARY = ", ".join((*_SHOWN, "size"))
_COLUMNS = ("at", "kind", "verb", "path", "uri", "query", "file", "status", "failed", "duration", "error", "traced")
_MARKS = f"({', '.join('?' * (len(_COLUMNS) + 3))})"
_INSERT = f"INSERT INTO exchange ({', '.join(_COLUMNS)}, size, text, detail) VALUES "
#: Rows that are written at once: Python's lock changes hands for each statement, and a request waits for it.
_ROWS = 50
_ROW = attrgetter(*_COLUMNS, "size", "text")


@dataclass(slots=True)
class Kept:
    """One request as it is kept, secrets masked. `text` is what a search looks at; `detail` is everything else."""

    at: int
    kind: str
    verb: str
    path: str
    uri: str
    query: str
    file: str
    status: int
    failed: bool
    duration: float
    error: str
    traced: bool
    size: int
    text: str
    detail: dict[str, Value]


@dataclass(slots=True)
class Wanted:
    """Which requests are asked for; what is None or empty does not count. Times are milliseconds since the epoch.

    `status` is one ("404") or a class ("4xx", or "failed": whatever did not go well). `least` is a duration in
    milliseconds. With `slowest` those that took longest come first, but in a search for a text.
    """

    kind: str = ""
    verb: str = ""
    status: str = ""
    path: str = ""
    since: int | None = None
    until: int | None = None
    text: str = ""
    least: int | None = None
    slowest: bool = False

    def conditions(self) -> tuple[list[str], list[int | str]]:
        """The conditions that an index answers, and their parameters."""
        parts: list[str] = []
        given: list[int | str] = []

        def add(condition: str, *values: int | str) -> None:
            parts.append(condition)
            given.extend(values)

        def add_value(name: str, condition: str, *values: int | str) -> None:
            """A condition, and the name of the index that knows of the values where there is one."""
            add(condition, *values)
            if _USUAL.get(name, values[0]) not in values:  # 200 is the first of its class
                add(_OTHERS[name])

        for name in ("kind", "verb", "path"):
            if value := getattr(self, name):
                add_value(name, f"{name} = ?", value)
        if self.status == "failed":
            add_value("failed", "failed = ?", 1)
        elif self.status[:1].isdigit() and self.status[1:] == "xx":
            first = int(self.status[0]) * 100
            add_value("status", "status BETWEEN ? AND ?", first, first + 99)
        elif self.status.isdigit():
            add_value("status", "status = ?", int(self.status[:9]))
        if self.since is not None:
            add("at >= ?", self.since)
        if self.until is not None:
            add("at <= ?", self.until)
        if self.least is not None:
            add("duration >= ? / 1000.0", self.least)
        return parts, given


@dataclass(slots=True)
class RequestPage:
    """A page of requests. `before` is where the next page goes on, None at the end.

    A search for a text goes through the store a piece at a time: `scanned` requests were looked at for this page.
    """

    requests: list[dict[str, Value]] = field(default_factory=list)
    before: int | None = None
    scanned: int | None = None


class RequestStore:
    """Keeps the last requests: no more than `most`, in no more than `most_bytes`. Several processes may share it.

    `path` is its file; None keeps it in memory. Raises OSError when the file cannot be used.
    """

    def __init__(self, path: Path | None, most: int, most_bytes: int = 256 * 1024 * 1024) -> None:
        self.path = path
        self.most = most
        self.most_bytes = most_bytes
        self._lock = threading.RLock()
        self._added = 0
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        if self.path is not None:
            descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
            os.close(descriptor)
        try:
            return self._connected()
        except sqlite3.DatabaseError as error:
            if self.path is None or isinstance(error, sqlite3.OperationalError):
                raise OSError(f"the requests cannot be kept in {self.path}: {error}") from None
            self.path.unlink()  # not a database: what it held is lost already
            return self._connected()

    def _connected(self) -> sqlite3.Connection:
        name = ":memory:" if self.path is None else str(self.path)
        made = sqlite3.connect(name, timeout=5, check_same_thread=False, isolation_level=None)
        try:
            if self.path is not None:
                made.execute("PRAGMA journal_mode = WAL")
                made.execute("PRAGMA synchronous = NORMAL")
            made.executescript(_SCHEMA)
        except BaseException:
            made.close()
            raise
        return made

    # Writing -------------------------------------------------------------------------------------------------------

    def add(self, requests: Iterable[Kept]) -> list[int]:
        """Keep requests, all or none; their numbers. The oldest go when there are too many."""
        rows = [(*_ROW(one), written(one.detail)) for one in requests]
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for start in range(0, len(rows), _ROWS):
                    some = rows[start : start + _ROWS]
                    self._connection.execute(_INSERT + ", ".join([_MARKS] * len(some)), [*chain.from_iterable(some)])
                last = self._end("max")  # nobody else wrote meanwhile, so that the numbers are in a row
                self._forget(last, sum(len(row[-1]) for row in rows))
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
        return list(range(last - len(rows) + 1, last + 1))

    def _end(self, which: str) -> int:
        """The first or the last number. To ask for both at once would go through all of them."""
        return int(self._connection_value(f"SELECT {which}(number) FROM exchange"))

    def _forget(self, newest: int, added: int) -> None:
        """Let the oldest go: those beyond the number, and a share of all until the store is small enough."""
        run = self._connection.execute
        oldest = self._end("min")
        if newest - oldest >= self.most:
            oldest = newest - self.most + 1
            run("DELETE FROM exchange WHERE number < ?", [oldest])
        self._added += added
        if self._added < self.most_bytes // _SHARE:
            return
        self._added = 0
        while oldest < newest and self._bytes() > self.most_bytes:
            oldest += (newest - oldest) // _SHARE + 1
            run("DELETE FROM exchange WHERE number < ?", [oldest])

    def _bytes(self) -> int:
        """How many bytes of the file are in use."""
        asked = ("page_count", "freelist_count", "page_size")
        pages, free, size = (self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked)
        return int((pages - free) * size)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._connection.execute("DELETE FROM exchange")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    # Reading -------------------------------------------------------------------------------------------------------

    def _all(self, text: str, given: Iterable[int | str]) -> list[tuple[int | str | float | bytes, ...]]:
        with self._lock:
            return self._connection.execute(text, list(given)).fetchall()

    def count(self) -> int:
        """How many are kept."""
        return int(self._connection_value("SELECT count(*) FROM exchange"))

    def _connection_value(self, text: str) -> int:
        with self._lock:
            return self._connection.execute(text).fetchone()[0] or 0

    def page(self, wanted: Wanted, before: int | None = None, limit: int = 50) -> RequestPage:
        """The requests that come after a number in the list (all, for None): newest first, or slowest."""
        if wanted.text:
            return self._scan(wanted, before, limit)
        parts, given = wanted.conditions()
        order = "duration DESC, number DESC" if wanted.slowest else "number DESC"
        if before is not None and wanted.slowest:
            parts.append("(duration, number) < (SELECT duration, number FROM exchange WHERE number = ?)")
            given.append(before)
        elif before is not None:
            parts.append("number < ?")
            given.append(before)
        where = f"WHERE {' AND '.join(parts)}" if parts else ""
        rows = self._all(f"SELECT {_SUMMARY} FROM exchange {where} ORDER BY {order} LIMIT ?", [*given, limit + 1])
        shown = [_summary(row) for row in rows[:limit]]
        return RequestPage(shown, int(str(shown[-1]["number"])) if len(rows) > limit else None)

    def _scan(self, wanted: Wanted, before: int | None, limit: int) -> RequestPage:
        """The same with a text, which no index knows: the next piece of the requests is looked through."""
        start = before if before is not None else self._end("max") + 1
        numbers = self._all("SELECT number FROM exchange WHERE number < ? ORDER BY number DESC LIMIT ?", [start, PIECE])
        if not numbers:
            return RequestPage(scanned=0)
        last = int(str(numbers[-1][0]))
        parts, given = wanted.conditions()
        parts += ["number < ?", "number >= ?", "instr(text, ?)"]
        given += [start, last, wanted.text.casefold()]
        text = f"SELECT {_SUMMARY} FROM exchange NOT INDEXED WHERE {' AND '.join(parts)} ORDER BY number DESC LIMIT ?"
        rows = self._all(text, [*given, limit + 1])
        shown = [_summary(row) for row in rows[:limit]]
        if len(rows) > limit:
            last = int(str(shown[-1]["number"]))
        scanned = sum(1 for (number,) in numbers if int(str(number)) >= last)
        ended = len(numbers) < PIECE and len(rows) <= limit
        return RequestPage(shown, None if ended else last, scanned)

    def since(self, number: int, limit: int = 200) -> list[dict[str, Value]]:
        """What came after a number, newest first."""
        text = f"SELECT {_SUMMARY} FROM exchange WHERE number > ? ORDER BY number DESC LIMIT ?"
        return [_summary(row) for row in self._all(text, [number, limit])]

    def one(self, number: int) -> dict[str, Value] | None:
        """Everything that is kept of a request."""
        rows = self._all(f"SELECT {_SUMMARY}, detail FROM exchange WHERE number = ?", [number])
        if not rows:
            return None
        *summary, detail = rows[0]
        assert isinstance(detail, bytes)
        return {**_summary(tuple(summary)), **read(detail)}

    def latest(self, limit: int) -> list[dict[str, Json]]:
        """The last requests and replays as the history shows them, newest first."""
        text = (
            f"SELECT {_SUMMARY}, detail FROM exchange WHERE kind IN ('request', 'replay') ORDER BY number DESC LIMIT ?"
        )
        found: list[dict[str, Json]] = []
        for *summary, detail in self._all(text, [limit]):
            assert isinstance(detail, bytes)
            whole = {**_summary(tuple(summary)), **read(detail)}
            whole["error"] = whole["error_detail"]
            found.append({name: whole[name] for name in SHOWN_ENTRY})
        return found

    def paths(self, limit: int = 200) -> list[str]:
        """The paths that were asked for, each found by a jump in their index."""
        text = (
            "WITH RECURSIVE one(path) AS (SELECT min(path) FROM exchange UNION ALL"
            " SELECT (SELECT min(path) FROM exchange WHERE path > one.path) FROM one WHERE one.path IS NOT NULL)"
            " SELECT path FROM one WHERE path IS NOT NULL LIMIT ?"
        )
        return [str(path) for (path,) in self._all(text, [limit])]


def _summary(row: tuple[int | str | float | bytes, ...]) -> dict[str, Value]:
    found: dict[str, Value] = dict(zip((*_SHOWN, "size"), row, strict=True))
    return {**found, "failed": bool(found["failed"]), "traced": bool(found["traced"])}


def written(detail: dict[str, Value]) -> bytes:
    """The details of a request as they are kept: JSON, compressed where that is long."""
    import orjson

    try:
        text = orjson.dumps(detail)
    except TypeError:  # integers beyond 64 bits, lone surrogates, or nesting too deep for orjson
        text = json.dumps(detail, ensure_ascii=False).encode("utf-8", "replace")
    return text if len(text) < _PLAIN else zlib.compress(text, 1)


def read(detail: bytes) -> dict[str, Value]:
    """The same as they were."""
    found: dict[str, Value] = json.loads(detail if detail[:1] == b"{" else zlib.decompress(detail))
    return found
