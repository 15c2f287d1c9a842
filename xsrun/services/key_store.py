"""The commands of Redis that `redis.*` needs, on SQLite: a file that many processes share, or memory.

Every command is a transaction of its own, so two processes never lose each other's changes. The methods are named and
behave like those of a Redis client that decodes its answers; `tests/test_redis_server.py` compares the two.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xsrun.errors import UnavailableError, XanoScriptError

#: How long to wait for another process that holds the file, in seconds.
_PATIENCE = 60

#: A key holds a text, or a list of so many items; `expires` is a time of the clock in seconds.
_TABLES = """
CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, value TEXT, length INTEGER, expires REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS item (key BLOB, position INTEGER, value TEXT, PRIMARY KEY (key, position)) WITHOUT ROWID;
"""

_NUMBER = re.compile(r"0|-?[1-9][0-9]*")
_LARGEST = 2**63 - 1


class KeyStore:
    """Keys and their texts or lists. `file`: where they are kept; None for memory. Safe to use from several threads.

    `clock` gives the time in seconds, as `time.time` does: keys expire by it.

    Raises XanoScriptError for what Redis refuses, in its words, and UnavailableError when the file cannot be used.
    """

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.RLock()
        with self._clear_errors():
            self._connection = sqlite3.connect(
                ":memory:" if file is None else file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            try:
                # data handed to the operating system survives a crash of the process, which is enough for a cache
                self._connection.execute("PRAGMA synchronous = OFF")
                if not self._connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'item'").fetchone():
                    self._connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}COMMIT;")
                self._forget_what_is_over()
            except sqlite3.Error:
                self._connection.close()
                raise

    def close(self) -> None:
        self._connection.close()

    def _forget_what_is_over(self) -> None:
        """Expired keys that nobody asks for would otherwise stay in the file for ever."""
        now = self._clock()
        if self._connection.execute("SELECT 1 FROM entry WHERE expires <= ? LIMIT 1", (now,)).fetchone():
            with self.transaction() as connection:
                over = "SELECT key FROM entry WHERE expires <= ?"
                connection.execute(f"DELETE FROM item WHERE key IN ({over})", (now,))
                connection.execute("DELETE FROM entry WHERE expires <= ?", (now,))

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        """A file that cannot be used is an error that names it; it is never deleted, since it is the user's data."""
        try:
            yield
        except sqlite3.OperationalError as error:
            hint = "check that it is writable and not locked by another process, or use a Redis server with --redis URL"
            raise UnavailableError(f"The cache file {self._file} cannot be used: {error}", hint=hint) from None
        except sqlite3.DatabaseError as error:
            hint = "delete it or move it away; redis.* then starts with no keys"
            raise UnavailableError(f"The cache file {self._file} is damaged: {error}", hint=hint) from None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or, when it raises, nothing. May be nested."""
        with self._lock, self._clear_errors():
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _entry(self, key: str) -> tuple[str | None, int | None] | None:
        """What a key holds: a text, or the length of its list. An expired key counts as absent."""
        with self._lock, self._clear_errors():
            found: tuple[str | None, int | None, float | None] | None = self._connection.execute(
                "SELECT value, length, expires FROM entry WHERE key = ?", (_name(key),)
            ).fetchone()
        if found is None or (found[2] is not None and found[2] <= self._clock()):
            return None
        return found[:2]

    def _fresh(self, key: str) -> tuple[str | None, int | None] | None:
        """The same for a command that writes: an expired value is deleted."""
        found = self._entry(key)
        if found is None:
            self._drop(key)
        return found

    def _drop(self, key: str) -> None:
        for table in ("entry", "item"):
            self._connection.execute(f"DELETE FROM {table} WHERE key = ?", (_name(key),))

    # Texts ---------------------------------------------------------------------------------------------------------

    def get(self, key: str) -> str | None:
        """The text of a key; None when there is none."""
        found = self._entry(key)
        if found is None:
            return None
        if found[1] is not None:
            raise _wrong_kind()
        return found[0]

    def set(self, key: str, text: str, ex: int | None = None, nx: bool = False) -> bool | None:
        """Store a text, for `ex` seconds or for ever. With `nx` only if the key is new; None when it was not stored."""
        if ex is not None and not 0 < ex < 2**53:
            raise XanoScriptError("invalid expire time in set")
        with self.transaction() as connection:
            if self._fresh(key) is not None:
                if nx:
                    return None
                self._drop(key)
            expires = None if ex is None else self._clock() + ex
            connection.execute("INSERT INTO entry VALUES (?, ?, NULL, ?)", (_name(key), text, expires))
        return True

    def exists(self, key: str) -> int:
        return int(self._entry(key) is not None)

    def delete(self, key: str) -> int:
        """Forget a key; gives how many there were: 1 or 0."""
        with self.transaction():
            found = self._entry(key)
            self._drop(key)
        return int(found is not None)

    def incrby(self, key: str, amount: int) -> int:
        """Add to the whole number of a key, 0 at first; its time to live stays."""
        if abs(amount) > _LARGEST:
            raise XanoScriptError("value is not an integer or out of range")
        with self.transaction() as connection:
            text = self.get(key)
            if text is None:
                self.set(key, str(amount))
                return amount
            if _NUMBER.fullmatch(text) is None or len(text) > 20 or abs(int(text)) > _LARGEST:
                raise XanoScriptError("value is not an integer or out of range")
            total = int(text) + amount
            if abs(total) > _LARGEST:
                raise XanoScriptError("increment or decrement would overflow")
            connection.execute("UPDATE entry SET value = ? WHERE key = ?", (str(total), _name(key)))
        return total

    def keys(self) -> list[str]:
        with self._lock, self._clear_errors():
            found = self._connection.execute(
                "SELECT key FROM entry WHERE expires IS NULL OR expires > ?", (self._clock(),)
            ).fetchall()
        return [name.decode("utf-8", "surrogatepass") for (name,) in found]

    def ttl(self, key: str) -> int:
        """Seconds left; -1 for a key that stays, -2 when there is none."""
        with self._lock, self._clear_errors():
            found = self._connection.execute("SELECT expires FROM entry WHERE key = ?", (_name(key),)).fetchone()
        if found is None or self._entry(key) is None:
            return -2
        return -1 if found[0] is None else max(0, round(found[0] - self._clock()))

    # Lists ---------------------------------------------------------------------------------------------------------

    def llen(self, key: str) -> int:
        """The length of a list; a key that is not there is an empty one."""
        found = self._entry(key)
        if found is None:
            return 0
        if found[1] is None:
            raise _wrong_kind()
        return found[1]

    def rpush(self, key: str, text: str) -> int:
        return self._push(key, text, "max(position) + 1")

    def lpush(self, key: str, text: str) -> int:
        return self._push(key, text, "min(position) - 1")

    def _push(self, key: str, text: str, place: str) -> int:
        name = _name(key)
        with self.transaction() as connection:
            if self._fresh(key) is None:
                connection.execute("INSERT INTO entry VALUES (?, NULL, 0, NULL)", (name,))
            length = self.llen(key) + 1
            at = connection.execute(f"SELECT {place} FROM item WHERE key = ?", (name,)).fetchone()[0] or 0
            connection.execute("INSERT INTO item VALUES (?, ?, ?)", (name, at, text))
            self._set_length(key, length)
        return length

    def _set_length(self, key: str, length: int) -> None:
        if length == 0:
            self._drop(key)
        else:
            self._connection.execute("UPDATE entry SET length = ? WHERE key = ?", (length, _name(key)))

    def rpop(self, key: str, count: int | None = None) -> str | list[str] | None:
        return self._pop(key, count, "DESC")

    def lpop(self, key: str, count: int | None = None) -> str | list[str] | None:
        return self._pop(key, count, "ASC")

    def _pop(self, key: str, count: int | None, order: str) -> str | list[str] | None:
        if count is not None and count < 0:
            raise XanoScriptError("value is out of range, must be positive")
        with self.transaction() as connection:
            length = self.llen(key)
            if length == 0:
                return None
            wanted = min(length, 1 if count is None else count)
            found = connection.execute(
                f"SELECT position, value FROM item WHERE key = ? ORDER BY position {order} LIMIT ?",
                (_name(key), wanted),
            ).fetchall()
            self._take_out(key, [at for at, _ in found])
        texts = [text for _, text in found]
        return texts if count is not None else texts[0]

    def _take_out(self, key: str, positions: list[int]) -> None:
        length = self.llen(key) - len(positions)
        name = _name(key)
        self._connection.executemany(
            "DELETE FROM item WHERE key = ? AND position = ?", [(name, position) for position in positions]
        )
        self._set_length(key, length)

    def lrange(self, key: str, start: int, stop: int) -> list[str]:
        """The texts from one place to another, both included; negative ones count from the end."""
        with self.transaction() as connection:
            length = self.llen(key)
            first, last = (max(at + length, 0) if at < 0 else at for at in (start, stop))
            if stop + length < 0 or first >= length or last < first:
                return []
            found = connection.execute(
                "SELECT value FROM item WHERE key = ? ORDER BY position LIMIT ? OFFSET ?",
                (_name(key), min(last, length - 1) - first + 1, first),
            ).fetchall()
        return [text for (text,) in found]

    def lrem(self, key: str, count: int, text: str) -> int:
        """Take equal texts out of a list: all (0), the first so many, or the last (negative); gives how many."""
        with self.transaction() as connection:
            length = self.llen(key)
            found = connection.execute(
                f"SELECT position FROM item WHERE key = ? AND value = ? ORDER BY position {'DESC' if count < 0 else ''}"
                " LIMIT ?",
                (_name(key), text, min(abs(count) or length, length)),
            ).fetchall()
            if found:
                self._take_out(key, [at for (at,) in found])
        return len(found)


def _name(key: str) -> bytes:
    """A key as it is kept: bytes, as in Redis."""
    return key.encode("utf-8", "surrogatepass")


def _wrong_kind() -> XanoScriptError:
    text = "WRONGTYPE Operation against a key holding the wrong kind of value"
    return XanoScriptError(text, hint="is there a value of another kind under this key?")
