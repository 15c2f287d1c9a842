"""Where sessions get connections: one for all in memory, a pool on files and servers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from xsrun.database.connection import Connection
from xsrun.errors import UnavailableError

#: Runs that may hold a connection at the same time; the others wait, so many seconds at most.
_MOST = 60
_PATIENCE = 60
#: Connections that stay open while nobody uses them.
_KEPT = 10


class SharedConnection:
    """The one connection of a database in memory."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self.connection = connect()

    def take(self) -> Connection:
        return self.connection

    def give_back(self, connection: Connection) -> None:
        """The connection stays open: the database lives in it."""

    def close(self) -> None:
        self.connection.close()


class ConnectionPool:
    """Connections to a file or a server."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._places = threading.BoundedSemaphore(_MOST)
        #: those that nobody uses at the moment, the one that was used last at the end
        self._idle: deque[Connection] = deque()

    def take(self) -> Connection:
        """A connection that the server has not closed, as far as is known. Raises UnavailableError when all are in
        use for a long time."""
        if not self._places.acquire(timeout=_PATIENCE):
            raise UnavailableError(
                f"All {_MOST} connections to the database are in use.", hint="run fewer requests at a time", status=503
            )
        try:
            while self._idle:
                with suppress(IndexError):  # another thread took the last one
                    connection = self._idle.pop()
                    if not connection.lost():
                        return connection
                    connection.close()
            return self._connect()
        except BaseException:
            self._places.release()
            raise

    def give_back(self, connection: Connection) -> None:
        try:
            if not connection.broken:
                connection.rollback()
            if connection.broken or not connection.reusable or len(self._idle) >= _KEPT:
                connection.close()
            else:
                self._idle.append(connection)
        finally:
            self._places.release()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


Connections = SharedConnection | ConnectionPool
