"""The transactions of one run, on the connection that it holds from its first statement to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from weakref import WeakSet

from xsrun.database.connection import Parameters, ResultColumns, Row, passed_by
from xsrun.database.row_streams import OpenRows, QueryStream
from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.hints import TYPE_CHECKING, TypeVar
from xsrun.language.isolation_levels import is_strict
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.connection import Connection
    from xsrun.database.database import Database
    from xsrun.database.tables import Table, TableKey
    from xsrun.running.context import Context

Found = TypeVar("Found")

#: Seconds of waiting for another run between two looks at the limits.
_WAITING = 0.05


class Transaction:
    """Executes statements, in a transaction while one is open. Others see what it made when it is committed."""

    __slots__ = (
        "_connection",
        "_looks",
        "_saved_tables",
        "_streams",
        "begun",
        "changes",
        "context",
        "database",
        "delays",
        "depth",
        "fails_whole",
        "locks_all",
        "locks_writes",
        "open_ended",
        "tables",
    )

    def __init__(self, database: Database, context: Context) -> None:
        self.database = database
        #: the run, whose limits hold
        self.context = context
        self._connection: Connection | None = None
        self._streams: WeakSet[OpenRows] | None = None
        #: streams that ask again at a second look, unless something is written before it
        self._looks: WeakSet[QueryStream] | None = None
        #: how many transactions are open, one in another
        self.depth = 0
        #: has the database begun the open transactions, too? See `begin`
        self.begun = False
        self.delays = database.read_committed and database.backend.one_writer
        self.locks_all = database.in_memory
        self.locks_writes = database.backend.one_writer
        self.fails_whole = database.backend.fails_whole
        #: tables made or grown in the open transaction, and what they were when the savepoints were set
        self.tables: dict[TableKey, Table] = {}
        self._saved_tables: list[dict[TableKey, Table]] = []
        #: how many statements may have written
        self.changes = 0
        #: transactions without a stack, which end with the object that opened them
        self.open_ended = 0

    # Statements ----------------------------------------------------------------------------------------------------

    def connect(self) -> Connection:
        """The connection, taken at first use; then the tables that exist are looked up."""
        found = self._connection
        if found is None:
            found = self._connection = self.database.connections.take()
            if not self.locks_all:
                found.context = self.context
            if not self.database.in_memory:
                self.database.look_around(found)
        return found

    def _make_ready(self, connection: Connection, writes: bool) -> None:
        """What comes before each statement: a writing one begins the transaction, reads open streams to their end."""
        if writes:
            self._changing()
            if self.depth and not self.begun:
                self.hold()
            if connection.streams and not connection.rows_stay:
                self.settle()
        elif self._streams:
            self._look_anew(connection)

    def execute(self, text: str, parameters: Sequence[Value] = (), *, writes: bool = False) -> list[Row]:
        """Execute one statement; on SQLite in turn with other runs. Raises XanoScriptError."""
        connection = self._connection or self.connect()
        self._make_ready(connection, writes)
        if self.locks_all or (writes and self.locks_writes):
            turn = self.database.turn
            if not turn.acquire(False):
                self.take_turn()
            try:
                connection.context = self.context
                return connection.execute(text, parameters)
            finally:
                if self.locks_all:
                    connection.context = None
                turn.release()
        if self.depth and self.fails_whole:
            return self._guarded(lambda: connection.execute(text, parameters))
        try:
            return connection.execute(text, parameters)
        except UnavailableError:
            if writes or self.depth or not connection.broken:
                raise
            self._return()  # what only reads can be asked again
            return self.connect().execute(text, parameters)

    def open_rows(self, text: str, parameters: Sequence[Value]) -> OpenRows:
        """Execute one statement that reads; its rows are fetched as they are consumed. Raises XanoScriptError."""
        if self._streams:
            self._look_anew(self.connect())
        with self.reading() as connection:
            if self.depth and self.fails_whole:
                fetch = self._guarded(lambda: connection.open_rows(text, parameters))
            else:
                fetch = connection.open_rows(text, parameters)
            rows = OpenRows(self.reading, fetch)
            connection.streams.add(rows)
            if self._streams is None:
                self._streams = WeakSet()
            self._streams.add(rows)
            return rows

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The connection, while no other run uses it."""
        connection = self._connection or self.connect()
        if not self.locks_all:
            yield connection
            return
        with self.turn():
            before, connection.context = connection.context, self.context
            try:
                yield connection
            finally:
                connection.context = before

    def keep_for_later(self, stream: QueryStream) -> None:
        """Have a stream keep its rows before something is written."""
        if self._looks is None:
            self._looks = WeakSet()
        self._looks.add(stream)

    def _changing(self) -> None:
        """A statement is about to write."""
        self.changes += 1
        if self._looks:
            self._keep_streams()

    def _keep_streams(self) -> None:
        streams, self._looks = list(self._looks or ()), None
        for stream in streams:
            stream.keep()

    def _look_anew(self, connection: Connection) -> None:
        """A statement is about to read: while rows are still to be fetched, a file of SQLite stays as it was when their
        query ran, but what others have written since is to be seen, unless a transaction is open."""
        if not (self.begun or self.locks_all or connection.rows_stay):
            self.settle()

    def settle(self) -> None:
        """Fetch what is left of rows that are fetched as they are consumed: they are to be as they were."""
        if self._connection is not None:
            with self.reading() as connection:
                connection.settle()

    def execute_many(self, text: str, rows: Sequence[Sequence[Value]]) -> None:
        """Execute one statement that writes, for each row of parameters, inside an open transaction."""
        connection = self._connection or self.connect()
        self._changing()
        self.hold()
        if connection.streams and not connection.rows_stay:
            self.settle()
        connection.context = self.context
        try:
            connection.execute_many(text, rows)
        finally:
            if self.locks_all:
                connection.context = None

    def query(self, text: str, parameters: Parameters, *, writes: bool = True) -> tuple[ResultColumns, list[Row]]:
        """Execute a program's own statement: its columns and rows."""
        connection = self.connect()
        self._make_ready(connection, writes)
        if self.locks_writes:
            with self.turn():
                connection.context = self.context
                try:
                    return connection.query(text, parameters)
                finally:
                    if self.locks_all:
                        connection.context = None
        if self.depth and self.fails_whole:
            return self._guarded(lambda: connection.query(text, parameters))
        return connection.query(text, parameters)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A time in which no other run writes. Raises LimitError when the run passes a limit before it begins."""
        self.take_turn()
        try:
            yield
        finally:
            self.database.turn.release()

    def take_turn(self) -> None:
        """Wait until no other run writes. Raises LimitError when the run passes a limit meanwhile."""
        turn = self.database.turn
        while not turn.acquire(timeout=_WAITING):
            if (passed := passed_by(self.context)) is not None:
                raise passed

    def _guarded(self, run: Callable[[], Found]) -> Found:
        """A statement in a savepoint: PostgreSQL would refuse all that follow a failure, and a program may catch it."""
        connection = self.connect()
        connection.execute("SAVEPOINT statement")
        try:
            found = run()
        except XanoScriptError:
            connection.roll_back_to("statement")
            raise
        connection.execute("RELEASE SAVEPOINT statement")
        return found

    # Begin and end -------------------------------------------------------------------------------------------------

    def begin(self, isolation: str | None = None, *, may_delay: bool = False) -> None:
        """Open a transaction; inside another one, a savepoint.

        SQLite has one writer at a time, from whose beginning nobody else writes. Where it is to behave as PostgreSQL's
        READ COMMITTED, a transaction that may be delayed begins there with its first write, or read with a lock: what
        it reads before is what others have committed, and may change.
        """
        if self.depth == 0:
            self.connect()
            if not (may_delay and self.delays and not is_strict(isolation)):
                self._start(isolation)
        else:
            if not may_delay:
                self.hold()
            if self.begun:
                self.connect().execute(f"SAVEPOINT level_{self.depth}")
            self._saved_tables.append(dict(self.tables))
        self.depth += 1

    def hold(self) -> None:
        """Let nobody else write until the open transaction ends, on SQLite."""
        if self.depth and not self.begun:
            self._start(None)
            for level in range(1, self.depth):
                self.connect().execute(f"SAVEPOINT level_{level}")

    def _start(self, isolation: str | None) -> None:
        connection = self.connect()
        if connection.streams and not connection.rows_stay:
            self.settle()
        if self.locks_writes:
            self.take_turn()
        try:
            connection.execute(self.database.backend.begin(isolation))
        except BaseException:
            if self.locks_writes:
                self.database.turn.release()
            raise
        self.begun = True

    def commit(self) -> None:
        """Keep what the innermost transaction did."""
        if self.depth > 1:
            if self.begun:
                self.connect().execute(f"RELEASE SAVEPOINT level_{self.depth - 1}")
            self._saved_tables.pop()
            self.depth -= 1
            return
        if self._connection is not None and not self._connection.rows_stay:
            self.settle()
        try:
            if self.begun:
                self.connect().execute("COMMIT")
        except BaseException:
            self.connect().rollback()
            self.tables.clear()
            raise
        finally:
            self._left()
        self.database.publish(self.tables)
        self.tables.clear()

    def roll_back(self) -> None:
        """Undo what the innermost transaction did."""
        self._keep_streams()
        self.settle()
        if self.depth > 1:
            connection, savepoint = self.connect(), f"level_{self.depth - 1}"
            # SQLite ends the whole transaction when a statement that writes is interrupted
            if self.begun and connection.in_transaction:
                connection.roll_back_to(savepoint)
                connection.execute(f"RELEASE SAVEPOINT {savepoint}")
            self.tables = self._saved_tables.pop()
            self.depth -= 1
            return
        try:
            if self.begun:
                self.connect().rollback()
        finally:
            self._left()
            self.tables.clear()

    def _left(self) -> None:
        self.depth = 0
        self._saved_tables.clear()
        begun, self.begun = self.begun, False
        if begun and self.locks_writes:
            self.database.turn.release()

    @contextmanager
    def atomic(self, isolation: str | None = None, *, may_delay: bool = False) -> Iterator[None]:
        """A block of statements that is kept when it ends and undone when it raises."""
        self.begin(isolation, may_delay=may_delay)
        try:
            yield
        except BaseException:
            self.roll_back()
            raise
        self.commit()

    def open(self) -> None:
        """`db.transaction {}` without a stack: until the object that runs ends (semantics 12)."""
        self.begin(may_delay=True)
        self.open_ended += 1

    @contextmanager
    def ending(self) -> Iterator[None]:
        """An object that may open transactions without a stack: what it left open ends with it."""
        before = self.open_ended
        try:
            yield
        except BaseException:
            while self.open_ended > before:
                self.open_ended -= 1
                self.roll_back()
            raise
        while self.open_ended > before:
            self.open_ended -= 1
            self.commit()

    def let_go(self) -> None:
        """Give the connection back for now, unless a transaction is open: another one is taken when it is needed."""
        if not self.depth and not self.locks_all:
            self._return()

    def close(self) -> None:
        """End: a transaction that is still open is undone, the connection goes back."""
        self.open_ended = 0
        while self.depth:
            self.roll_back()
        self._return()

    def _return(self) -> None:
        if self.locks_all:
            for rows in list(self._streams or ()):  # those of others go on
                rows.settle()
        else:
            self.settle()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.context = None
            self.database.connections.give_back(connection)
