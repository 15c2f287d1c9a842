"""A database: where sessions get their connections, and what tables it has."""

from __future__ import annotations

import threading
from functools import partial

from xsrun.database.columns import ColumnDefinition
from xsrun.database.tables import Definition, physical_name
from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.lazy_regex import pattern
from xsrun.syntax.nodes import Statement
from xsrun.values.digits import whole_of_digits

if TYPE_CHECKING:
    from xsrun.database.backend import Backend
    from xsrun.database.connection import BriefReads, Connection, Executing
    from xsrun.database.connection_pool import Connections
    from xsrun.database.tables import Table, TableKey

#: A table as the engine's own SQL names it: by the numbers of workspace and table (semantics 4.9).
_NUMBERED = pattern(r"(?:mvpw|x)\d+_(?:\w+_)?(\d+)")

#: Versions of the files that are remembered, for columns whose change of type loses data and has not been asked for.
_FORMER = 20


class Database:
    """One database. Safe to use from several threads; a session belongs to one run.

    In memory all sessions share one connection and take turns, a statement or a transaction at a time. On a file or a
    server each session holds a connection of its own from a pool.
    """

    def __init__(
        self, url: str, tables: dict[str, Statement], *, strict: bool = False, read_committed: bool = False
    ) -> None:
        if not url.startswith(("sqlite:", "postgresql:", "postgres:")):
            from xsrun.running.masking import masked_address

            raise UsageError(
                f"`{masked_address(url)}` is not the URL of a database",
                hint="write sqlite://, sqlite:///file.db or postgresql://...",
            )
        self.url = url
        self.strict = strict
        #: does SQLite behave as PostgreSQL's default level? See `Transaction.begin`
        self.read_committed = read_committed
        #: may runs add the columns that files declare? Else only `xsrun db migrate` does
        self.follows_files = self.in_memory = url in ("sqlite://", "sqlite:///:memory:")
        self.nodes = tables
        #: what files declared before they were changed, the latest first
        self.former_nodes: tuple[dict[str, Statement], ...] = ()
        #: do new tables begin with the rows that their files list? Those of tests begin empty (semantics 8.1)
        self.fills = True
        #: the errors of tables whose declaration cannot be used, raised when one of them is used
        self.broken: dict[str, Exception] = {}
        self._backend: Backend | None = None
        self._connections: Connections | None = None
        self._opening = threading.Lock()
        #: held for a statement or a transaction: in memory by every run, on a file by those that write
        self.turn = threading.RLock()
        #: reads for runs that may not wait, once somebody has opened it and where there is such a thing
        self.brief: BriefReads | None = None
        #: another database follows this one, and closes what is open
        self._left = False
        #: tables in use, by (name, datasource); replaced, never changed
        self.tables: dict[TableKey, Table] = {}
        #: tables by the numbers that old exports have in their file names (`146_prospect.xs`)
        self.numbers: dict[int, str] = {}
        #: columns of the tables that the database has, by physical name, as (name, type) pairs
        self.physical: dict[str, list[tuple[str, str]]] = {}

    @property
    def backend(self) -> Backend:
        """The back end, made when it is first asked for."""
        if self._backend is None:
            with self._opening:
                if self._backend is None:
                    self._backend = make_backend(self.url, self.nodes)
        return self._backend

    @property
    def connections(self) -> Connections:
        """Where connections come from."""
        if self._connections is None:
            backend = self.backend
            with self._opening:
                if self._connections is None:
                    from xsrun.database.connection_pool import ConnectionPool, SharedConnection

                    choose = SharedConnection if self.in_memory else ConnectionPool
                    self._connections = choose(partial(backend.connect, self.url))
        return self._connections

    def is_found_at_once(self, table: str, field: str) -> bool:
        """Does an index find the rows of a declared table that have a value in a field?"""
        definition = self.backend.definition(table)
        if definition is None or field == "id":
            return definition is not None
        return any(index.kind == "btree" and index.columns[0][0] == field for index in definition.indexes)

    def open_brief(self) -> BriefReads | None:
        """Make ready for runs that may not wait."""
        shared, backend = self.connections.take() if self.in_memory else None, self.backend
        with self._opening:
            if self.brief is None and self._left:
                return None
            if self.brief is None:
                self.brief = backend.brief_reads(self.url, shared, self.turn)
            else:
                self.brief.open()
            return self.brief

    def note_file(self, name: str, file: str) -> None:
        """Remember the number that the file of a table begins with: the SQL of old exports names the table by it."""
        number = whole_of_digits(file.rpartition("/")[2].partition("_")[0])
        if number is not None:
            self.numbers[number] = name

    def numbered(self, name: str) -> str | None:
        """The table that a name with its number means in the engine's own SQL; None for any other name."""
        match = _NUMBERED.fullmatch(name)
        number = whole_of_digits(match[1]) if match is not None else None
        return self.numbers.get(number) if number is not None else None

    def share(self, other: Database) -> None:
        """Use the back end of another database, what it has prepared, and what is known of its tables."""
        self._backend = other.backend
        self.broken, self.numbers = other.broken, other.numbers

    def use(self, connections: Connections) -> None:
        """Take connections from here."""
        self._connections = connections

    def follow(self, before: Database) -> None:
        """Take the place of a database whose files were changed: its rows and connections, other declarations."""
        self._connections, self.turn, self.physical = before.connections, before.turn, before.physical
        with before._opening:
            self.brief, before._left = before.brief, True
        self.backend.use_server_of(before.backend)
        self.follows_files = before.follows_files
        self.former_nodes = (before.nodes, *before.former_nodes)[:_FORMER]

    # Tables --------------------------------------------------------------------------------------------------------

    def look_around(self, connection: Connection) -> None:
        """Find the tables that earlier runs or other processes made."""
        if connection.changed():
            self.look(connection)

    def look(self, connection: Executing) -> None:
        """Find the tables that a connection or a transaction sees."""
        physical = self.backend.existing(connection)
        with self._opening:
            if physical != self.physical:
                self.physical, self.tables = physical, {}

    def publish(self, tables: dict[TableKey, Table]) -> None:
        """Let all sessions see tables that were made."""
        if tables:
            with self._opening:
                merged = {key: self.backend.united(self.tables.get(key), table) for key, table in tables.items()}
                self.tables = {**self.tables, **merged}
                for table in merged.values():
                    if table.exists:
                        self._note_columns(table)

    def _note_columns(self, table: Table) -> None:
        """Note that a table has these columns; it may have others that no file declares any more."""
        known = self.physical.get(table.physical, [])
        there, names = {name for name, _ in known}, self.backend.stored_names(table)
        new = [column for column in table.columns if names[column.name] not in there]
        added = [(names[column.name], self.backend.stored_type(column.kind)) for column in new]
        if added:
            self.physical[table.physical] = [*known, *added]

    def as_stored(self, table: Table) -> Table:
        """A declared table as the database has it: a column that waits for a migration has still its former type."""
        names, there = self.backend.stored_names(table), dict(self.physical.get(table.physical, ()))
        columns = tuple(
            self._former(table.name, column, there[stored])
            if (stored := names[column.name]) in there and not self.backend.fits(column, there[stored])
            else column
            for column in table.columns
        )
        return table if columns == table.columns else self.backend.as_stored(table, columns)

    def _former(self, table: str, column: ColumnDefinition, stored: str) -> ColumnDefinition:
        """A column as a file declared it when it got the type that it still has, else one of any value of that type."""
        for nodes in self.former_nodes:
            if table in nodes:
                known = {one.name: one for one in Definition.of(table, nodes[table]).columns}
                if column.name in known and self.backend.fits(known[column.name], stored):
                    return known[column.name]
        return self.backend.any_column(column.name, stored)

    def undeclared(self, name: str, datasource: str) -> Table:
        """A table that no file declares, as it is in the database."""
        columns = self.physical.get(physical_name(name, datasource))
        if columns is None:
            return self.backend.undeclared_table(name, datasource, (), exists=False)
        table = self.backend.existing_table(name, datasource, columns)
        self.publish({(name, datasource): table})
        return table

    def forget_tables(self) -> None:
        """Look up the tables again before they are used: they were changed."""
        connection = self.connections.take()
        try:
            physical = self.backend.existing(connection)
        finally:
            self.connections.give_back(connection)
        with self._opening:
            self.physical, self.tables = physical, {}

    def close(self) -> None:
        """Close all connections. What was in memory is gone."""
        with self._opening:
            connections, self._connections = self._connections, None
            brief, self.brief = self.brief, None
            self.tables, self.physical = {}, {}
        if brief is not None:
            brief.close()
        if connections is not None:
            connections.close()


def make_backend(url: str, nodes: dict[str, Statement]) -> Backend:
    """The back end that a URL asks for."""
    if url.startswith("sqlite:"):
        from xsrun.database.sqlite_backend import SQLiteBackend

        return SQLiteBackend(nodes)
    from xsrun.database.postgres_backend import PostgresBackend

    return PostgresBackend(nodes)
