"""Documents by index, on SQLite: in a file that stays, or in memory.

Every part of a document (`fields.DocumentPart`) has a row of `part`, rows of `value` for the values of its fields, and
a row of the full-text table `words` for each field that holds text.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xsrun.errors import UnavailableError
from xsrun.services.search.fields import number_of, parts_of, text_of_scalar
from xsrun.values.conversion import Value, from_json, to_json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
  place TEXT, name TEXT, id TEXT, source TEXT, version INTEGER, number INTEGER, PRIMARY KEY (place, name, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part (part INTEGER PRIMARY KEY, place TEXT, name TEXT, id TEXT, path TEXT);
CREATE INDEX IF NOT EXISTS part_of ON part (place, name, id);
CREATE TABLE IF NOT EXISTS value (part INTEGER, field TEXT, text TEXT, number REAL);
CREATE INDEX IF NOT EXISTS value_of ON value (field, text);
CREATE INDEX IF NOT EXISTS value_in ON value (part, field);
CREATE TABLE IF NOT EXISTS about (place TEXT, name TEXT, what TEXT, body TEXT, PRIMARY KEY (place, name, what));
CREATE INDEX IF NOT EXISTS number_of ON document (number);
CREATE TABLE IF NOT EXISTS text (row INTEGER PRIMARY KEY, part INTEGER, field TEXT);
CREATE INDEX IF NOT EXISTS text_of ON text (part);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, tokenize='unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(words, 'row');
"""


@dataclass(slots=True)
class IndexedDocument:
    """A document that is kept. `number` counts the writes of all."""

    id: str
    source: dict[str, Value]
    version: int
    number: int


class DocumentStore:
    """All documents. `place` keeps those of different services apart. Safe to use from several threads."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                if self._file is not None:
                    self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                made = sqlite3.connect(self._file or ":memory:", check_same_thread=False, isolation_level=None)
                if made.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone() == (0,):
                    raise UnavailableError(
                        "the SQLite of this Python has no full-text search (FTS5)",
                        hint="ask a real server with --cloud-endpoint, or use another build of Python",
                    )
                made.executescript(_SCHEMA)
            except (OSError, sqlite3.Error):
                raise UnavailableError(
                    f"the search index {self._file} cannot be used", hint="it is a file of SQLite: move it away"
                ) from None
            self._connection = made
        return self._connection

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """The connection in a transaction of its own, or in the one that is open; one thread at a time."""
        with self._lock:
            connection = self._open()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def rows(self, sql: str, *values: Value) -> list[tuple[Value, ...]]:
        with self._lock:
            return self._open().execute(sql, values).fetchall()

    # Documents -------------------------------------------------------------------------------------------------------

    def get(self, place: str, name: str, key: str) -> IndexedDocument | None:
        found = self.rows(
            "SELECT id, source, version, number FROM document WHERE place = ? AND name = ? AND id = ?", place, name, key
        )
        return _document(found[0]) if found else None

    def put(self, place: str, name: str, key: str, source: dict[str, Value]) -> IndexedDocument:
        """Store a document in the place of one with the same id; its version counts its writes."""
        with self.changing() as connection:
            before = self.get(place, name, key)
            if before is not None:
                self._forget(connection, place, name, key)
            ((last,),) = connection.execute("SELECT coalesce(max(number), -1) FROM document").fetchall()
            made = IndexedDocument(key, source, 1 if before is None else before.version + 1, last + 1)
            connection.execute(
                "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?)",
                (place, name, key, to_json(source), made.version, made.number),
            )
            for part in parts_of(source):
                row = connection.execute(
                    "INSERT INTO part (place, name, id, path) VALUES (?, ?, ?, ?)", (place, name, key, part.path)
                ).lastrowid
                for field, values in part.fields.items():
                    connection.executemany(
                        "INSERT INTO value VALUES (?, ?, ?, ?)",
                        [(row, field, text_of_scalar(one), number_of(one)) for one in values],
                    )
                    texts = [one for one in values if isinstance(one, str)]
                    if texts:
                        place_of = connection.execute("INSERT INTO text (part, field) VALUES (?, ?)", (row, field))
                        words = "INSERT INTO words (rowid, text) VALUES (?, ?)"
                        connection.execute(words, (place_of.lastrowid, "\n".join(texts)))
            return made

    def delete(self, place: str, name: str, key: str) -> IndexedDocument | None:
        """Remove a document; gives what it was."""
        with self.changing() as connection:
            before = self.get(place, name, key)
            if before is not None:
                self._forget(connection, place, name, key)
                connection.execute("DELETE FROM document WHERE place = ? AND name = ? AND id = ?", (place, name, key))
            return before

    def _forget(self, connection: sqlite3.Connection, place: str, name: str, key: str) -> None:
        found = connection.execute(
            "SELECT part FROM part WHERE place = ? AND name = ? AND id = ?", (place, name, key)
        ).fetchall()
        for (part,) in found:
            connection.execute("DELETE FROM value WHERE part = ?", (part,))
            connection.execute("DELETE FROM words WHERE rowid IN (SELECT row FROM text WHERE part = ?)", (part,))
            connection.execute("DELETE FROM text WHERE part = ?", (part,))
        connection.execute("DELETE FROM part WHERE place = ? AND name = ? AND id = ?", (place, name, key))

    # Indexes ---------------------------------------------------------------------------------------------------------

    def names(self, place: str) -> list[str]:
        """The indexes that hold documents or that were made."""
        sql = "SELECT name FROM document WHERE place = ? UNION SELECT name FROM about WHERE place = ? ORDER BY 1"
        return [str(name) for (name,) in self.rows(sql, place, place)]

    def clear(self, place: str, name: str) -> int:
        """Remove all documents of an index; gives how many there were."""
        with self.changing() as connection:
            keys = [key for (key,) in self.rows("SELECT id FROM document WHERE place = ? AND name = ?", place, name)]
            for key in keys:
                self._forget(connection, place, name, str(key))
            connection.execute("DELETE FROM document WHERE place = ? AND name = ?", (place, name))
            return len(keys)

    def drop(self, place: str, name: str) -> None:
        """Remove an index with all that is known of it."""
        with self.changing() as connection:
            self.clear(place, name)
            connection.execute("DELETE FROM about WHERE place = ? AND name = ?", (place, name))

    def tell(self, place: str, name: str, what: str, body: Value) -> None:
        """Keep something of an index: its settings, its mapping."""
        with self.changing() as connection:
            connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?, ?, ?)", (place, name, what, to_json(body)))

    def told(self, place: str, name: str, what: str) -> Value:
        found = self.rows("SELECT body FROM about WHERE place = ? AND name = ? AND what = ?", place, name, what)
        return from_json(str(found[0][0])) if found else None

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _document(row: tuple[Value, ...]) -> IndexedDocument:
    return IndexedDocument(str(row[0]), json.loads(str(row[1])), int(row[2]), int(row[3]))


def new_id() -> str:
    """The id of a document that was given none."""
    return uuid.uuid4().hex[:20]
