"""Which of several server processes runs the tasks: the one that holds a lock.

On PostgreSQL it is an advisory lock of the database, held by a connection of its own, for all machines that share the
database; elsewhere a lock on a file in the state folder, for all processes of this machine. Both are gone with the
process that holds them, however it ends.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from xsrun.database.sqlite_files import path_of

if TYPE_CHECKING:
    from xsrun.workspace.workspace import LoadedWorkspace

#: The number of the advisory lock: nothing else that uses the database should happen to take it.
_LOCK = 0x7873_7275_6E5F_746B


class Leadership:
    """The lock of one process. `held` is asked before each task, so that it is taken over when its holder is gone."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._file: IO[str] | None = None
        self._connection: Any = None

    @classmethod
    def of(cls, workspace: LoadedWorkspace) -> Leadership:
        return cls(workspace.database_url)

    def held(self) -> bool:
        """Is this process the one that runs tasks? Takes the lock when nobody else has it. May wait for a server."""
        if self.url.startswith("postgres"):
            return self._held_in_database()
        rows = path_of(self.url)
        return True if rows == ":memory:" else self._held_in_file(Path(f"{rows}-tasks"))

    def _held_in_file(self, path: Path) -> bool:
        if self._file is not None:
            return True
        try:
            import fcntl
        except ImportError:  # a system without such locks: every process for itself
            return True
        try:
            file = open(path, "a", encoding="ascii")  # noqa: SIM115
        except OSError:  # nobody can write beside these rows, so this process knows of no other
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def _held_in_database(self) -> bool:
        import psycopg

        try:
            if self._connection is not None:
                self._connection.execute("SELECT 1")
                return True
            address = self.url.replace("postgres://", "postgresql://", 1)
            connection = psycopg.connect(address, autocommit=True, application_name=f"xsrun tasks {os.getpid()}")
            (taken,) = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() or (False,)
            if taken:
                self._connection = connection
            else:
                connection.close()
            return bool(taken)
        except psycopg.Error:  # without the database no task could run
            self._connection = None
            return False

    def close(self) -> None:
        """Let another process take over."""
        if self._file is not None:
            self._file.close()
        if self._connection is not None:
            self._connection.close()
        self._file = self._connection = None
