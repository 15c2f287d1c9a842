"""Where sessions get connections: one for all in memory, a pool on files and servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.pool import QueuePool

from xsrun.database.backend import Backend
from xsrun.database.connection import Connection

if TYPE_CHECKING:
    from sqlalchemy.pool import PoolProxiedConnection

#: Runs that may hold a connection at the same time; the others wait.
_MOST = 60


class Shared:
    """The one connection of a database in memory."""

    def __init__(self, backend: Backend, url: str) -> None:
        self.connection = backend.connect(url)

    def take(self) -> Connection:
        return self.connection

    def give_back(self, connection: Connection) -> None:
        """The connection stays open: the database lives in it."""

    def close(self) -> None:
        self.connection.close()


class Pool:
    """Connections to a file or a server."""

    def __init__(self, backend: Backend, url: str, search_path: str | None = None) -> None:
        def opened() -> Any:  # what SQLAlchemy types as a DBAPI's connection; the pool only closes it
            return backend.connect(url, search_path)

        self._pool = QueuePool(
            opened,
            pool_size=10,
            max_overflow=_MOST - 10,
            timeout=60,
            reset_on_return=None,
        )
        self._fairies: dict[int, PoolProxiedConnection] = {}

    def take(self) -> Connection:
        fairy = self._pool.connect()
        connection = fairy.dbapi_connection
        assert isinstance(connection, Connection)
        self._fairies[id(connection)] = fairy
        return connection

    def give_back(self, connection: Connection) -> None:
        fairy = self._fairies.pop(id(connection))
        if connection.broken:
            fairy.invalidate()
            return
        connection.rollback()
        fairy.close()

    def close(self) -> None:
        self._pool.dispose()


Connections = Shared | Pool
