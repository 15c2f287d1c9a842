"""Where sessions get connections: one for all in memory, a pool on files and servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy.pool import QueuePool

from xsrun.database.connection import Connection

if TYPE_CHECKING:
    from sqlalchemy.pool import PoolProxiedConnection

#: Runs that may hold a connection at the same time; the others wait.
_MOST = 60


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

    def __init__(self, connect: Callable[[], Any]) -> None:  # SQLAlchemy types a DBAPI's connection; it only closes it
        self._pool = QueuePool(
            connect,
            pool_size=10,
            max_overflow=_MOST - 10,
            timeout=60,
            reset_on_return=None,
        )
        self._fairies: dict[int, PoolProxiedConnection] = {}

    def take(self) -> Connection:
        """A connection that the server has not closed, as far as is known."""
        while True:
            fairy = self._pool.connect()
            connection = fairy.dbapi_connection
            assert isinstance(connection, Connection)
            if not connection.lost():
                self._fairies[id(connection)] = fairy
                return connection
            fairy.invalidate()

    def give_back(self, connection: Connection) -> None:
        fairy = self._fairies.pop(id(connection))
        if connection.broken:
            fairy.invalidate()
            return
        connection.rollback()
        fairy.close()

    def close(self) -> None:
        self._pool.dispose()


Connections = SharedConnection | ConnectionPool
