"""Reads of SQLite for runs that may not wait (`xsrun.database.brief`).

A read of a row by its key takes some microseconds. What could make it take longer is bounded here: SQLite's machine may
carry out so many instructions, nobody is waited for, and values may have so many bytes.
"""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from xsrun.database.brief_rows import small
from xsrun.database.connection import Row
from xsrun.evaluator.brevity import MOST_OF_ROW
from xsrun.running.at_once import TakesLonger
from xsrun.values.conversion import Value

#: Instructions of SQLite's machine between two looks; a read may go on at the first look, which may come at once, and
#: ends at the second. A millisecond or two.
_LOOK = 20_000


class SQLiteBriefReads(ABC):
    """Reads on one connection, while nobody else uses it."""

    awaited = False

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self._looks = 0

    def is_long(self) -> bool:
        """Whether to interrupt the statement that runs: SQLite asks from time to time."""
        self._looks += 1
        return self._looks > 1

    def fetched(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        """The rows of a statement. Raises TakesLonger."""
        self._looks = 0
        try:
            return small(self.raw.execute(text, parameters).fetchall())
        except (
            sqlite3.Error,
            OverflowError,
            UnicodeEncodeError,
        ) as error:
            raise TakesLonger from error

    @abstractmethod
    def open(self) -> None:
        """Connect again where that is needed."""

    async def fetch(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        """The rows of a statement, which are there at once. Raises TakesLonger."""
        return self.read(text, parameters)

    @abstractmethod
    def read(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        """The rows of a statement (see `BriefReads`)."""

    @abstractmethod
    def close(self) -> None:
        """End what is its own."""


class FileReads(SQLiteBriefReads):
    """Reads of a file, on a connection for nothing else, which waits for no other process that has the file locked."""

    def __init__(self, path: str) -> None:
        super().__init__(sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0))
        self._prepared = False
        self._turn = threading.Lock()
        self.raw.execute("PRAGMA query_only = 1")
        self.raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_OF_ROW)
        self.raw.set_progress_handler(self.is_long, _LOOK)
        self.raw.set_authorizer(self._note)

    def _note(self, *_action: int | str | None) -> int:
        """SQLite asks when it prepares a statement, which it does anew for one that it knows when tables were changed,
        by whatever process."""
        self._prepared = True
        return sqlite3.SQLITE_OK

    def read(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        if not self._turn.acquire(blocking=False):
            raise TakesLonger
        try:
            self._prepared = False
            rows = self.fetched(text, parameters)
            if self._prepared:  # a run that may wait looks at the tables first
                raise TakesLonger
            return rows
        finally:
            self._turn.release()

    def open(self) -> None:
        """A file does not go away."""

    def close(self) -> None:
        with self._turn:
            self.raw.close()


class MemoryReads(SQLiteBriefReads):
    """Reads of a database in memory, on the connection that all runs share and take turns at."""

    def __init__(self, raw: sqlite3.Connection, turn: threading.RLock, follow_limits: Callable[[], None]) -> None:
        super().__init__(raw)
        #: has SQLite ask again what it asks while other runs use the connection
        self._follow_limits = follow_limits
        self._turn = turn

    def read(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        if not self._turn.acquire(blocking=False):
            raise TakesLonger
        try:
            self.raw.set_progress_handler(self.is_long, _LOOK)
            return self.fetched(text, parameters)
        finally:
            self._follow_limits()
            self._turn.release()

    def open(self) -> None:
        """The connection is that of all runs."""

    def close(self) -> None:
        """Nothing is its own."""
