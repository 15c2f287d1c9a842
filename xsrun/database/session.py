"""A session: the database as one run sees it. It holds one connection from its first statement to its end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from xsrun.database.connection import Parameters, ResultColumns, Row
from xsrun.database.handlers import PERFORMERS
from xsrun.database.plans import Plan
from xsrun.database.tables import Table, logical_name, physical_name
from xsrun.errors import InputError, XanoScriptError
from xsrun.running.context import Context
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.database.connection import Connection
    from xsrun.database.engine import Database

Found = TypeVar("Found")


class Session:
    """The connection of one run, its transactions, and the tables as they are inside them."""

    __slots__ = (
        "_connection",
        "backend",
        "context",
        "database",
        "depth",
        "fails_whole",
        "locks_all",
        "locks_writes",
        "new_tables",
        "open_ended",
        "plan",
        "saved_tables",
        "warned",
    )

    def __init__(self, database: Database, context: Context) -> None:
        self.database = database
        self.context = context
        self.backend = database.backend
        self._connection: Connection | None = None
        #: how many transactions are open, one in another
        self.depth = 0
        self.locks_all = database.in_memory
        self.locks_writes = database.backend.one_writer
        self.fails_whole = database.backend.fails_whole
        #: tables made or grown in the open transaction
        self.new_tables: dict[tuple[str, str], Table] = {}
        #: what they were when the savepoints were set
        self.saved_tables: list[dict[tuple[str, str], Table]] = []
        #: transactions without a stack, which end with the object that opened them
        self.open_ended = 0
        self.warned: set[str] = set()
        #: the statement that runs, for the place of a warning
        self.plan: Plan | None = None

    # Statements ----------------------------------------------------------------------------------------------------

    def perform(self, plan: Plan, operands: tuple[Value, ...]) -> Value:
        """Carry a statement of the program out."""
        self.plan = plan
        return PERFORMERS[plan.statement](self, plan, operands)

    @property
    def base_address(self) -> str:
        """The address before the paths of stored files."""
        from xsrun.services.vault import base_address

        return base_address(self.context)

    @property
    def connection(self) -> Connection:
        """The session's connection, taken at first use."""
        found = self._connection
        if found is None:
            found = self._connection = self.database.connections.take()
            if not self.database.in_memory:
                self.database.look_around(found)
        return found

    def execute(self, text: str, parameters: Sequence[Value] = (), *, writes: bool = False) -> list[Row]:
        """Execute one statement; on SQLite in turn with the other sessions. Raises XanoScriptError."""
        connection = self._connection or self.connection
        if self.locks_all or (writes and self.locks_writes):
            with self.database.turn:
                return connection.execute(text, parameters)
        if self.depth and self.fails_whole:
            return self._guarded(lambda: connection.execute(text, parameters))
        return connection.execute(text, parameters)

    def query(self, text: str, parameters: Parameters) -> tuple[ResultColumns, list[Row]]:
        """Execute a program's own statement: its columns and rows."""
        connection = self.connection
        if self.locks_writes:
            with self.database.turn:
                return connection.query(text, parameters)
        if self.depth and self.fails_whole:
            return self._guarded(lambda: connection.query(text, parameters))
        return connection.query(text, parameters)

    def _guarded(self, run: Callable[[], Found]) -> Found:
        """A statement in a savepoint: PostgreSQL would refuse all that follow a failure, and a program may catch it."""
        connection = self.connection
        connection.execute("SAVEPOINT statement")
        try:
            found = run()
        except XanoScriptError:
            connection.execute("ROLLBACK TO SAVEPOINT statement")
            raise
        connection.execute("RELEASE SAVEPOINT statement")
        return found

    # Transactions --------------------------------------------------------------------------------------------------

    def begin(self, isolation: str | None = None) -> None:
        """Open a transaction; inside another one, a savepoint."""
        if self.depth == 0:
            connection = self.connection
            if self.locks_writes:
                self.database.turn.acquire()
            try:
                connection.execute(self.backend.begin(isolation))
            except BaseException:
                if self.locks_writes:
                    self.database.turn.release()
                raise
        else:
            self.connection.execute(f"SAVEPOINT level_{self.depth}")
            self.saved_tables.append(dict(self.new_tables))
        self.depth += 1

    def commit(self) -> None:
        """Keep what the innermost transaction did."""
        if self.depth > 1:
            self.connection.execute(f"RELEASE SAVEPOINT level_{self.depth - 1}")
            self.saved_tables.pop()
            self.depth -= 1
            return
        try:
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.rollback()
            self.new_tables.clear()
            raise
        finally:
            self._left()
        self.database.publish(self.new_tables)
        self.new_tables.clear()

    def roll_back(self) -> None:
        """Undo what the innermost transaction did."""
        if self.depth > 1:
            self.connection.execute(f"ROLLBACK TO SAVEPOINT level_{self.depth - 1}")
            self.connection.execute(f"RELEASE SAVEPOINT level_{self.depth - 1}")
            self.new_tables = self.saved_tables.pop()
            self.depth -= 1
            return
        try:
            self.connection.rollback()
        finally:
            self._left()
            self.new_tables.clear()

    def _left(self) -> None:
        self.depth = 0
        self.saved_tables.clear()
        if self.locks_writes:
            self.database.turn.release()

    @contextmanager
    def transaction(self, isolation: str | None = None) -> Iterator[None]:
        """A transaction around a block: kept when the block ends, undone when it raises."""
        self.begin(isolation)
        try:
            yield
        except BaseException:
            self.roll_back()
            raise
        self.commit()

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Several statements that belong together, as one; in a transaction, one that can fail alone."""
        self.begin()
        try:
            yield
        except BaseException:
            self.roll_back()
            raise
        self.commit()

    def open_transaction(self) -> None:
        """`db.transaction {}` without a stack: until the object that runs ends (semantics 12)."""
        self.begin()
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

    # Tables --------------------------------------------------------------------------------------------------------

    def table(self, name: str) -> Table:
        """A table of the current datasource. An undeclared one that nobody made has no rows, and a warning."""
        key = (name, self.context.datasource or "live")
        found = self.new_tables.get(key) or self.database.tables.get(key)
        if found is None:
            if name in self.database.broken:
                raise self.database.broken[name]
            found = self._find(*key)
        if found.definition is None and name not in self.warned:
            self._undeclared(name)
        return found

    def _find(self, name: str, datasource: str) -> Table:
        self.connection  # noqa: B018 - looks for the tables that are there
        declared = self.backend.declared_table(name, datasource)
        if declared is None:
            return self.database.undeclared(name, datasource)
        if declared.physical not in self.database.physical:
            self.make(declared)
        else:
            self.database.check_columns(declared, self)
            self.database.publish({(name, datasource): declared})
        return declared

    def make(self, table: Table) -> None:
        self._try(self.backend.creation(table))
        self._note(table)
        items = table.definition.items if table.definition is not None and self.database.fills else []
        if items and table.datasource == "live":
            from xsrun.database.writing import insert_seed

            insert_seed(self, table, items)

    def _note(self, table: Table) -> None:
        """Remember a table that was made or grown, as long as the transaction that did it."""
        changed = {(table.name, table.datasource): table}
        if self.depth:
            self.new_tables.update(changed)
        else:
            self.database.publish(changed)

    def grown(self, table: Table, names: Collection[str]) -> Table:
        """An undeclared table with columns of these names, made or enlarged."""
        if table.exists and all(name in table.by_name for name in names):
            return table
        for name in names:
            if name not in table.by_name:
                _check_name(name, table)
        if not self.locks_writes:
            return self._grow(table, names)
        with self.database.turn:
            return self._grow(table, names)

    def _grow(self, table: Table, names: Collection[str]) -> Table:
        """Make the table or add columns; other sessions may do the same at the same time."""
        backend = self.backend
        if not table.exists:
            made = backend.undeclared_table(table.name, table.datasource, tuple(names), table.id.kind)
            self._try(backend.creation(made))
        columns = backend.columns_of(self.execute, table.physical)
        there = backend.existing_table(table.name, table.datasource, columns)
        missing = [name for name in names if name not in there.by_name]
        every = tuple(column.name for column in there.columns if column.name != "id")
        larger = backend.undeclared_table(table.name, table.datasource, (*every, *missing), there.id.kind)
        stored = backend.stored_names(larger)
        self._try([backend.new_column(table, stored[name]) for name in missing])
        self._note(larger)
        return larger

    def _try(self, statements: list[str]) -> None:
        """Execute statements that another session may have been faster with."""
        for statement in statements:
            try:
                self.execute(statement, writes=True)
            except XanoScriptError as error:
                known = ("duplicate column", "already exists", "Duplicate record detected")
                if not any(part in str(error) for part in known):
                    raise

    def _undeclared(self, name: str) -> None:
        """The engine knows declared tables only; here others are made as they are written to (see the design)."""
        from xsrun.diagnostics.suggest import nearest

        self.warned.add(name)
        if not self.backend.declares_any and not self.database.strict:
            return
        close = nearest(name, self.backend.declared_names)
        hint = f"did you mean `{close}`?" if close else "declare it in a table file"
        if self.database.strict:
            raise InputError(
                "Invalid syntax: missing parameter - dbo", None, hint=f"no table `{name}` is declared; {hint}"
            )
        self.warn("XS710", f"the table `{name}` is not declared; on Xano this statement fails", hint, name)

    def warn(self, code: str, message: str, hint: str, about: str) -> None:
        """A warning at the statement that runs, once for whatever it is about."""
        from xsrun.diagnostics import Diagnostic

        key = f"{code} {about}"
        if key in self.warned:
            return
        self.warned.add(key)
        place = (self.plan.file, self.plan.line, self.plan.column) if self.plan is not None else ()
        self.context.warnings.append(Diagnostic("warning", code, message, hint, *place))

    # Seeds and the end ---------------------------------------------------------------------------------------------

    def seed(self, rows: dict[str, list[dict[str, Value]]]) -> None:
        """Put rows into tables, keeping explicit ids; the ids that follow come after them.

        Errors tell the row, as those of `restore` do.
        """
        from xsrun.database.writing import insert_seed

        with self.atomic():
            for name, items in rows.items():
                for number, item in enumerate(items, 1):
                    with _row(name, number):
                        insert_seed(self, self.table(name), [item])
                insert_seed(self, self.table(name), [])

    def restore(self, name: str, rows: list[dict[str, Value]]) -> None:
        """Put rows back as they were read: nothing is converted or hashed again, and no trigger runs."""
        from xsrun.database.writing import restore_row

        with self.atomic():
            for number, row in enumerate(rows, 1):
                with _row(name, number):
                    restore_row(self, self.table(name), row)

    def close(self) -> None:
        """End the session: a transaction that is still open is undone, the connection goes back."""
        self.open_ended = 0
        while self.depth:
            self.roll_back()
        connection, self._connection = self._connection, None
        if connection is not None:
            self.database.connections.give_back(connection)


@contextmanager
def _row(table: str, number: int) -> Iterator[None]:
    """Errors inside tell the row that they are about."""
    try:
        yield
    except XanoScriptError as error:
        error.message = f'row {number} of table "{table}": {error.message}'
        raise


def _check_name(name: str, table: Table) -> None:
    """Refuse a name that no database can give to a column."""
    if (
        not name
        or len(name.encode("utf-8", "replace")) > 63
        or "\0" in name
        or name != name.encode("utf-8", "ignore").decode()
    ):
        raise XanoScriptError(
            f'"{name[:80]}" cannot be a column of table "{table.name}".', hint="a column's name has 1 to 63 characters"
        )


__all__ = ["Session", "logical_name", "physical_name"]
