"""What the two back ends have in common: the tables, what is prepared for them, and the texts that make them.

A back end knows its dialect. Statements with conditions are written by its writer, with SQLAlchemy. It belongs to a
workspace and outlives its databases: the throw-away database of a test uses the statements that others before it have
prepared.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence

from xsrun.database.bounded import Bounded
from xsrun.database.columns import KINDS, Codec, Codecs, ColumnDefinition
from xsrun.database.operands import Converter
from xsrun.database.prepared import RowReader
from xsrun.database.tables import Definition, IndexDefinition, Table, TableKey
from xsrun.errors import InputError
from xsrun.fields.declared import Declared, fixed_default
from xsrun.hints import TYPE_CHECKING, Any, NamedTuple, Self
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from threading import RLock

    from xsrun.database.connection import BriefReads, Connection, Execute, Executing, Row, Writing
    from xsrun.database.sql_writer import SqlWriter

#: What defaults of columns of these kinds are; a declared default that does not fit is told by `xsrun check`.
_CLASSES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "timestamp": (int,),
    "decimal": (int, float),
    "text": (str,),
    "date": (str,),
    "bool": (bool,),
    "vector": (list,),
}
#: A statement and its parameters.
Step = tuple[str, tuple[Value, ...]]
#: Prepared queries that are kept: one for each plan and each combination of types of its operands.
_MOST_QUERIES = 10_000
#: Undeclared tables that are kept, with what is prepared for each: one that grows becomes another with every step.
MOST_SHAPES = 100
#: How much of a table's name stands in the names of its indexes.
_NAME_IN_INDEX = 30


class SchemaQueries(NamedTuple):
    """Statements that tell what a database has: (table, column, type) of all tables; (column, type) of one table, in
    the order of its columns; and the names of its indexes."""

    tables: str
    columns: str
    indexes: str


class Backend(ABC):
    """The dialect, the declared tables, and what is prepared for them."""

    #: sqlite or postgresql
    dialect: str
    codecs: Codecs
    schema: SchemaQueries
    #: do writers take turns?
    one_writer = True
    #: statements that let one process at a time change tables, until the end of the transaction
    locking: Sequence[str] = ()
    #: statements that tell other processes of changed tables
    telling: Sequence[str] = ()
    #: kinds of columns whose values cannot travel as a list, so that their rows are written one by one
    alone: frozenset[str] = frozenset()
    #: does an error in a transaction make all later statements fail?
    fails_whole = False

    def __init__(self, nodes: dict[str, Statement]) -> None:
        self._nodes = nodes
        self._writer: SqlWriter | None = None
        self._definitions: dict[str, Definition] = {}
        self._tables: dict[TableKey, Table] = {}
        self._undeclared: Bounded[tuple[Hashable, ...], Table] = Bounded(MOST_SHAPES)
        self._lock = threading.RLock()
        #: prepared queries by plan, whatever they give (see `queries`)
        self.queries: Bounded[Hashable, Any] = Bounded(_MOST_QUERIES)

    def use_server_of(self, before: Self) -> None:  # noqa: B027 (SQLite has no server)
        """Take over what another back end found out about the server that its connections lead to."""

    # Tables --------------------------------------------------------------------------------------------------------

    @property
    def declares_any(self) -> bool:
        return bool(self._nodes)

    @property
    def declared_names(self) -> list[str]:
        return list(self._nodes)

    def definition(self, name: str) -> Definition | None:
        """The declared table of this name."""
        found = self._definitions.get(name)
        if found is None and name in self._nodes:
            found = self._definitions[name] = Definition.of(name, self._nodes[name])
        return found

    def declared_table(self, name: str, datasource: str) -> Table | None:
        """A declared table in a datasource."""
        key = (name, datasource)
        found = self._tables.get(key)
        if found is None:
            definition = self.definition(name)
            if definition is None:
                return None
            with self._lock:
                found = self._tables.setdefault(key, Table(name, datasource, definition.columns, definition))
        return found

    def as_stored(self, table: Table, columns: tuple[ColumnDefinition, ...]) -> Table:
        """A declared table with these columns, some of which the database still has in another type."""
        found = self._undeclared.get((table.key, columns))
        if found is None:
            made = Table(table.name, table.datasource, columns, table.definition)
            found = self._undeclared.put((table.key, columns), made)
        return found

    def undeclared_table(
        self, name: str, datasource: str, columns: tuple[str, ...], id_kind: str = "int", exists: bool = True
    ) -> Table:
        """An undeclared table with these columns beside its id."""
        key = (name, datasource, id_kind, exists, *columns)
        found = self._undeclared.get(key)
        if found is None:
            made = (ColumnDefinition("id", id_kind), *(ColumnDefinition(column, "json") for column in columns))
            found = self._undeclared.put(key, Table(name, datasource, made, None, exists))
        return found

    def with_columns(self, table: Table, names: list[str]) -> Table:
        """An undeclared table with more columns; it shares those that it already has with the table that it was."""
        if not names:
            return table
        key = (table.name, table.datasource, table.id.kind, True, *table.others, *names)
        found = self._undeclared.get(key)
        if found is None:
            columns = (*table.columns, *(ColumnDefinition(name, "json") for name in names))
            found = self._undeclared.put(key, Table(table.name, table.datasource, columns, None))
        return found

    def existing_table(self, name: str, datasource: str, columns: list[tuple[str, str]]) -> Table:
        """An undeclared table with the columns that it has in the database."""
        names = tuple(self.column_name(column) for column, _ in columns if column != "id")
        text_id = any(column == "id" and self.is_text_id(kind) for column, kind in columns)
        return self.undeclared_table(name, datasource, names, "text" if text_id else "int")

    def united(self, known: Table | None, table: Table) -> Table:
        """A table with the columns of both: undeclared tables only ever grow."""
        if known is None or table.declared or not known.exists:
            return table
        return self.with_columns(table, [name for name in known.by_name if name not in table.by_name])

    def reader(self, table: Table, *, hidden: bool) -> RowReader:
        """What reads the rows of a table, with its internal columns (`hidden`) or without them."""
        found = table.readers.get(hidden)
        if found is None:
            columns = [column for column in table.columns if hidden or column.name not in table.hidden]
            found = table.readers[hidden] = RowReader(self.codecs.decode, columns, sparse=not table.declared)
        return found

    # SQLAlchemy ----------------------------------------------------------------------------------------------------

    @property
    def writer(self) -> SqlWriter:
        """What writes statements with SQLAlchemy, which is loaded when the first of them is new."""
        if self._writer is None:
            with self._lock:
                if self._writer is None:
                    self._writer = self.make_writer()
        return self._writer

    @abstractmethod
    def make_writer(self) -> SqlWriter:
        """What writes statements for this back end."""

    # Names ---------------------------------------------------------------------------------------------------------

    def stored_names(self, table: Table) -> dict[str, str]:
        """The columns of a table -> their names in the database."""
        return {column.name: column.name for column in table.columns}

    def column_name(self, stored: str) -> str:
        """The column that has a name in the database."""
        return stored

    # Text ----------------------------------------------------------------------------------------------------------

    @abstractmethod
    def mark(self, kind: str) -> str:
        """The place of a parameter of a kind."""

    def insertion(self, table: Table, names: Sequence[str]) -> str:
        """The statement that inserts a row of these columns and gives its id."""
        quoted = self.quote(table.physical)
        if not names:
            return f"INSERT INTO {quoted} DEFAULT VALUES RETURNING id"
        stored = self.stored_names(table)
        columns = ", ".join(self.quote(stored[name]) for name in names)
        marks = ", ".join(self.mark(table.by_name[name].kind) for name in names)
        return f"INSERT INTO {quoted} ({columns}) VALUES ({marks}) RETURNING id"

    @abstractmethod
    def insert_many(
        self, transaction: Writing, table: Table, names: Sequence[str], rows: list[list[Value]]
    ) -> list[Value]:
        """Insert rows of these columns; the ids that they got, in their order."""

    @abstractmethod
    def update_many(
        self,
        transaction: Writing,
        table: Table,
        names: Sequence[str],
        rows: list[list[Value]],
        wanted: Sequence[str],
    ) -> list[Row]:
        """Set these columns of rows that have the ids that come last; what is wanted of those that are there."""

    def creation(self, table: Table) -> list[str]:
        """The statements that make a table and its indexes."""
        if table.creation is None:
            names = self.stored_names(table)
            columns = ", ".join(
                f"id {self.id_type(column.kind)}"
                if column.name == "id"
                else self.column_text(names[column.name], column.kind, self.default_text(column))
                for column in table.columns
            )
            made = f"CREATE TABLE IF NOT EXISTS {self.quote(table.physical)} ({columns})"
            table.creation = [made, *self.index_statements(table).values()]
        return table.creation

    @abstractmethod
    def id_type(self, kind: str) -> str:
        """The type of the id of a table, which is its key; numbers count up by themselves."""

    def column_text(self, column: str, kind: str, default: str | None) -> str:
        """A column, by its name in the database, as statements that make it describe it."""
        text = f"{self.quote(column)} {self.stored_type(kind)}"
        return text if default is None else f"{text} DEFAULT {self.in_text(default)}"

    def indexes(self, table: Table) -> dict[str, IndexDefinition]:
        """The indexes that a table has here, by their names, which say what each is over."""
        found = {}
        for index in table.definition.indexes if table.definition else ():
            if self.supports_index(index.kind, [table.by_name[name].kind for name, _ in index.columns]):
                about: tuple[Hashable, ...] = (index.kind, index.unique, index.columns)
                if len(table.physical) > _NAME_IN_INDEX:  # two tables may begin alike
                    about = (*about, table.physical)
                from hashlib import sha256

                digest = sha256(repr(about).encode()).hexdigest()
                found[f"{self.index_prefix(table)}{digest[:12]}"] = index
        return found

    def index_prefix(self, table: Table) -> str:
        """What the names of a table's indexes begin with."""
        return f"{table.physical[:_NAME_IN_INDEX]}~"

    def index_statements(self, table: Table) -> dict[str, str]:
        """The statements that make the indexes of a table, by their names."""
        names, quoted, made = self.stored_names(table), self.quote(table.physical), {}
        for name, index in self.indexes(table).items():
            columns = ", ".join(
                self.quote(names[column]) + (" DESC" if way == "desc" else "") for column, way in index.columns
            )
            unique, using = "UNIQUE " if index.unique else "", "" if index.kind == "btree" else f" USING {index.kind}"
            made[name] = f"CREATE {unique}INDEX IF NOT EXISTS {self.quote(name)} ON {quoted}{using} ({columns})"
        return made

    @abstractmethod
    def stored_type(self, kind: str) -> str:
        """The SQL type of a column of a kind."""

    def plain_type(self, text: str) -> str:
        """An SQL type, in the form in which types are compared."""
        return text.upper()

    def stored_kind(self, text: str) -> str:
        """The kind of a column of an existing type."""
        plain = self.plain_type(text)
        found = (kind for kind in KINDS if self.plain_type(self.stored_type(kind)) == plain)
        return next(found, "text" if self.is_text_id(text) else "int")

    def any_column(self, name: str, stored: str) -> ColumnDefinition:
        """A column that takes whatever an existing type holds."""
        kind = self.stored_kind(stored)
        return ColumnDefinition(name, kind, Declared(name, kind, nullable=name != "id"))

    def fits(self, column: ColumnDefinition, kind: str) -> bool:
        """Has an existing column the type that the files give it?"""
        if column.name == "id":
            return self.is_text_id(kind) == (column.kind == "text")
        return self.plain_type(kind) == self.plain_type(self.stored_type(column.kind))

    @abstractmethod
    def stored_value(self, kind: str, value: Value) -> Value:
        """What a column of an existing type holds; `kind` is the type in the form in which types are compared."""

    def holds_documents(self, kind: str) -> bool:
        """Whether an existing type may be that of the columns of an undeclared table, which hold JSON."""
        return self.plain_type(kind) == self.plain_type(self.stored_type("json"))

    def supports_index(self, kind: str, column_kinds: list[str]) -> bool:
        """Whether the back end has indexes of this kind over columns of these kinds."""
        return kind == "btree"

    def new_column(self, table: Table, column: str, kind: str = "json", default: str | None = None) -> str:
        """The statement that gives a table another column, by its name in the database."""
        return f"ALTER TABLE {self.quote(table.physical)} ADD COLUMN {self.column_text(column, kind, default)}"

    def default_text(self, column: ColumnDefinition) -> str | None:
        """The default of a declared column as SQL: rows have it that are written while no file declares the column."""
        value = fixed_default(column.declared) if column.declared is not None and column.name != "id" else None
        if value is None or value.__class__ not in _CLASSES.get(column.kind, (value.__class__,)):
            return None
        encode = self.codecs.encode.get(column.kind)
        try:
            return self.literal(column.kind, value if encode is None else encode(value))
        except InputError:  # the database cannot hold it, which whoever writes a row is told
            return None

    def in_text(self, sql: str) -> str:
        """A piece of SQL in a statement that takes parameters."""
        return sql

    def literal(self, kind: str, value: Value) -> str:
        """A value as the database takes it, written in SQL."""
        return str(value) if value.__class__ in (int, float) else "'" + str(value).replace("'", "''") + "'"

    def follow_id(self, physical: str, identity: int) -> Step | None:
        """The statement that moves the sequence of a table to an id; None where it follows by itself."""
        return None

    def quote(self, name: str) -> str:
        """An identifier in quotes."""
        return self.in_text('"' + name.replace('"', '""') + '"')

    # What the database has -----------------------------------------------------------------------------------------

    def existing(self, connection: Executing) -> dict[str, list[tuple[str, str]]]:
        """The tables that the database has: name -> (column, type) pairs."""
        found: dict[str, list[tuple[str, str]]] = {}
        for table, column, kind in connection.execute(self.schema.tables):
            found.setdefault(table, []).append((column, kind))
        return found

    def columns_of(self, execute: Execute, physical: str) -> list[tuple[str, str]]:
        """The columns of one table of the database, as (name, type) pairs; none when it is not there."""
        return [(name, kind) for name, kind in execute(self.schema.columns, (physical,))]

    def index_names(self, execute: Execute, physical: str) -> list[str]:
        """The names of the indexes of a table."""
        return [name for (name,) in execute(self.schema.indexes, (physical,))]

    def indexes_over(self, execute: Execute, physical: str, column: str) -> list[str]:
        """The names of the indexes that have to be dropped before a column that is part of them."""
        return []

    # Operands ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def json_path(self, path: list[str]) -> tuple[str, str]:
        """The operator that reads a path of JSON, and the path in the form that it takes."""

    @abstractmethod
    def list_maker(self, kind: str, convert: Converter) -> Converter:
        """How the operand of `in` becomes one parameter."""

    # To be filled in -----------------------------------------------------------------------------------------------

    @abstractmethod
    def connect(self, url: str, search_path: str | None = None) -> Connection:
        """A new connection (see `connection`)."""

    def brief_reads(self, url: str, shared: Connection | None, turn: RLock) -> BriefReads | None:
        """What reads rows for runs that may not wait; None where all reads wait. `shared` is the connection that all
        runs take turns at, where there is one."""
        return None

    @abstractmethod
    def is_text_id(self, kind: str) -> bool:
        """Whether the type of an existing id column is that of a text."""

    @abstractmethod
    def list_decoder(self, element: str) -> Codec:
        """How a list that an aggregate made is read; `element` is the kind of its elements."""

    @abstractmethod
    def truncation(self, physical: str, reset: bool) -> list[Step]:
        """The statements that empty a table; with `reset` its ids start from 1 again."""

    @abstractmethod
    def begin(self, isolation: str | None) -> str:
        """The text that opens a transaction."""
