"""What the two back ends have in common: SQLAlchemy's view of tables, and statements made into text once.

A back end knows its dialect. It belongs to a workspace and outlives its databases: the throw-away database of a test
uses the statements that others before it have prepared.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from xsrun.database.columns import DOCUMENTS, TEXTS, Codec, Codecs, ColumnDefinition
from xsrun.database.operands import Converter
from xsrun.database.operators import OPERATORS, Operator
from xsrun.database.tables import Definition, Table
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import GenericTypeCompiler

    from xsrun.database.connection import Connection, Execute
    from xsrun.database.prepared import Prepared
    from xsrun.database.queries import Listing
    from xsrun.database.selects import Aggregation
    from xsrun.database.session import Session

#: An SQL expression; what kind of value it gives is known beside it (see `typed`).
Sql = sa.ColumnElement[Value]
Condition = sa.ColumnElement[bool]
#: A statement and its parameters.
Step = tuple[str, tuple[Value, ...]]


class Stored(sa.types.UserDefinedType[Value]):
    """The SQL type of a kind of column. Values are converted before they get here, so it converts nothing."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, kind: str) -> None:
        self.kind = (
            "json" if kind in DOCUMENTS else "int" if kind == "timestamp" else "text" if kind == "date" else kind
        )


_SQLITE_TYPES = {"int": "BIGINT", "decimal": "REAL", "text": "TEXT", "json": "TEXT", "vector": "BLOB", "id": "INTEGER"}


@compiles(Stored, "sqlite")
def _sqlite_type(element: Stored, _compiler: GenericTypeCompiler, **_options: Any) -> str:
    return _SQLITE_TYPES.get(element.kind, "TEXT")


def type_of(kind: str) -> sa.types.TypeEngine[Value]:
    """SQLAlchemy's type of a kind."""
    return sa.Boolean() if kind == "bool" else Stored(kind)


class Applied(FunctionElement[Value]):
    """An operator applied to operands; one subclass each, because SQLAlchemy's cache tells classes apart."""

    inherit_cache = True
    operator: Operator


@compiles(Applied, "sqlite")
def _sqlite_call(element: Applied, compiler: SQLCompiler, **options: Any) -> str:
    operands = [compiler.process(clause, **options) for clause in element.clauses]
    if element.operator.sqlite is not None:
        return element.operator.sqlite.format(*operands)
    return f"xs_{element.operator.name}({', '.join(operands)})"


@compiles(Applied, "postgresql")
def _postgres_call(element: Applied, compiler: SQLCompiler, **options: Any) -> str:
    operands = [compiler.process(clause, **options) for clause in element.clauses]
    return element.operator.postgres.replace("%", "%%").format(*operands)


_applied: dict[str, type[Applied]] = {}


def apply(name: str, kind: str, *operands: Sql) -> Sql:
    """An operator's expression over SQLAlchemy expressions; `kind` is that of its result."""
    key = f"{name}:{kind}"
    found = _applied.get(key)
    if found is None:
        fields = {"inherit_cache": True, "operator": OPERATORS[name], "name": f"xs_{name}", "type": type_of(kind)}
        found = _applied[key] = type(f"Applied_{name}_{kind}", (Applied,), fields)
    return found(*operands)


class Text(NamedTuple):
    """A statement as text, with the names of its parameters in order and the values of those that are fixed."""

    sql: str
    order: tuple[str, ...]
    fixed: dict[str, Value]


class Backend:
    """The dialect, the declared tables, and what is prepared for them."""

    dialect: sa.Dialect
    codecs: Codecs
    #: does the sequence follow an explicit id by itself?
    follows_ids = True
    #: do writers take turns?
    one_writer = True
    #: does an error in a transaction make all later statements fail?
    fails_whole = False

    def __init__(self, nodes: dict[str, Statement]) -> None:
        self._nodes = nodes
        self._definitions: dict[str, Definition] = {}
        self._tables: dict[tuple[str | bool, ...], Table] = {}
        self._creation: dict[Table, list[str]] = {}
        self._metadata = sa.MetaData()
        self._lock = threading.RLock()
        #: prepared queries by plan (see `queries`): those of one value, of rows, of groups
        self.statements: dict[Hashable, Prepared] = {}
        self.listings: dict[Hashable, Listing] = {}
        self.aggregations: dict[Hashable, Aggregation] = {}

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

    def undeclared_table(
        self, name: str, datasource: str, columns: tuple[str, ...], id_kind: str = "int", exists: bool = True
    ) -> Table:
        """An undeclared table with these columns beside its id."""
        key: tuple[str | bool, ...] = (name, datasource, id_kind, exists, *columns)
        found = self._tables.get(key)
        if found is None:
            made = (ColumnDefinition("id", id_kind), *(ColumnDefinition(column, "json") for column in columns))
            with self._lock:
                found = self._tables.setdefault(key, Table(name, datasource, made, None, exists))
        return found

    def existing_table(self, name: str, datasource: str, columns: list[tuple[str, str]]) -> Table:
        """An undeclared table with the columns that it has in the database."""
        names = tuple(self.column_name(column) for column, _ in columns if column != "id")
        text_id = any(column == "id" and self.is_text_id(kind) for column, kind in columns)
        return self.undeclared_table(name, datasource, names, "text" if text_id else "int")

    def united(self, known: Table | None, table: Table) -> Table:
        """A table with the columns of both views of it: undeclared tables only ever grow."""
        if known is None or table.declared or not known.exists:
            return table
        more = [column.name for column in known.columns if column.name not in table.by_name]
        if not more:
            return table
        names = [column.name for column in table.columns if column.name != "id"]
        return self.undeclared_table(table.name, table.datasource, (*names, *more), table.id.kind)

    # SQLAlchemy's view ---------------------------------------------------------------------------------------------

    def stored(self, table: Table) -> sa.Table:
        """SQLAlchemy's table."""
        if table.stored is None:
            names = self.stored_names(table)
            columns = [self._stored_column(column, names[column.name]) for column in table.columns]
            # a metadata of its own: tables of the same name with other columns exist side by side
            table.stored = sa.Table(table.physical, sa.MetaData(), *columns, sqlite_autoincrement=True)
        return table.stored

    def stored_names(self, table: Table) -> dict[str, str]:
        """The columns of a table -> their names in the database."""
        return {column.name: column.name for column in table.columns}

    def column_name(self, stored: str) -> str:
        """The column that has a name in the database."""
        return stored

    def _stored_column(self, column: ColumnDefinition, name: str) -> sa.Column[Value]:
        if column.name != "id":
            kind = "text column" if column.kind in TEXTS else column.kind
            return sa.Column(name, type_of(kind), key=column.name)
        if column.kind == "int":
            return sa.Column("id", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), primary_key=True)
        return sa.Column("id", type_of("text column"), primary_key=True)

    def source(self, table: Table, alias: str | None = None) -> sa.FromClause:
        """What a query selects from: the table, or no rows when nobody made it yet."""
        if table.exists:
            stored = self.stored(table)
            return stored.alias(alias) if alias else stored
        columns = [sa.cast(sa.null(), type_of(column.kind)).label(column.name) for column in table.columns]
        return sa.select(*columns).where(sa.false()).subquery(alias or table.physical)

    # Text ----------------------------------------------------------------------------------------------------------

    def text(self, statement: sa.ClauseElement) -> Text:
        """A statement as text."""
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        assert isinstance(compiled, SQLCompiler)
        order = tuple(compiled.positiontup or ())
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        return Text(compiled.string, order, fixed)

    def creation(self, table: Table) -> list[str]:
        """The statements that make a table and its indexes."""
        found = self._creation.get(table)
        if found is None:
            made = str(CreateTable(self.stored(table), if_not_exists=True).compile(dialect=self.dialect))
            found = self._creation[table] = [made, *self.index_statements(table).values()]
        return found

    def index_statements(self, table: Table) -> dict[str, str]:
        """The statements that make the indexes of a table, by their names: those tell what each is over."""
        stored, made = self.stored(table), {}
        for index in table.definition.indexes if table.definition else ():
            if not self.supports_index(index.kind, [table.by_name[name].kind for name, _ in index.columns]):
                continue
            columns = [stored.c[name].desc() if way == "desc" else stored.c[name] for name, way in index.columns]
            digest = sha256(repr((index.kind, index.unique, index.columns)).encode()).hexdigest()
            name = f"{table.physical[:30]}~{digest[:12]}"
            using = "gin" if index.kind == "gin" else False
            one = sa.Index(name, *columns, unique=index.unique, postgresql_using=using)
            made[name] = str(CreateIndex(one, if_not_exists=True).compile(dialect=self.dialect))
        return made

    def stored_type(self, kind: str) -> str:
        """The SQL type of a column of a kind."""
        wanted = type_of("text column" if kind in TEXTS else kind)
        return str(self.dialect.type_compiler_instance.process(wanted))

    def supports_index(self, kind: str, column_kinds: list[str]) -> bool:
        """Whether the back end has indexes of this kind over columns of these kinds."""
        return kind == "btree"

    def new_column(self, table: Table, column: str) -> str:
        """The statement that gives an undeclared table a column more, by the name it has in the database."""
        return f"ALTER TABLE {self.quote(table.physical)} ADD COLUMN {self.quote(column)} {self.stored_type('json')}"

    def parameter_mark(self, number: int) -> str:
        """How the parameter of this number is written in a program's own SQL."""
        return f"${number}"

    def quote(self, name: str) -> str:
        """An identifier in quotes."""
        return self.dialect.identifier_preparer.quote_identifier(name)

    # Operands ------------------------------------------------------------------------------------------------------

    def json_path(self, path: list[str]) -> tuple[str, str]:
        """The operator that reads a path of JSON, and the path as that takes it."""
        raise NotImplementedError

    def list_maker(self, kind: str, convert: Converter) -> Converter:
        """How the operand of `in` becomes one parameter."""
        raise NotImplementedError

    def in_list(self, sql: Sql, name: str, array: str) -> Condition:
        """A test against a list that is the parameter of this name."""
        raise NotImplementedError

    # To be filled in -----------------------------------------------------------------------------------------------

    def connect(self, url: str, search_path: str | None = None) -> Connection:
        """A new connection (see `connection`)."""
        raise NotImplementedError

    def columns_of(self, execute: Execute, physical: str) -> list[tuple[str, str]]:
        """The columns of one table of the database, as (name, type) pairs; none when it is not there."""
        raise NotImplementedError

    def existing(self, connection: Connection) -> dict[str, list[tuple[str, str]]]:
        """The tables that the database has: name -> (column, type) pairs."""
        raise NotImplementedError

    def index_names(self, execute: Execute, physical: str) -> list[str]:
        """The names of the indexes of a table."""
        raise NotImplementedError

    def indexes_over(self, execute: Execute, physical: str, column: str) -> list[str]:
        """The names of a table's indexes that a column is part of."""
        raise NotImplementedError

    def is_text_id(self, kind: str) -> bool:
        """Whether the type of an existing id column is that of a text."""
        raise NotImplementedError

    def follow_id(self, physical: str, identity: int) -> Step:
        """The statement that moves the sequence of a table to an id; only where `follows_ids` is false."""
        raise NotImplementedError

    def list_decoder(self, element: str) -> Codec:
        """How a list that an aggregate made is read; `element` is the kind of its elements."""
        raise NotImplementedError

    def truncation(self, physical: str, reset: bool) -> list[Step]:
        """The statements that empty a table; with `reset` its ids start from 1 again."""
        raise NotImplementedError

    def run_direct(self, session: Session, sql: str, parameters: list[Value]) -> list[dict[str, Value]]:
        """Run a program's own SQL (see `direct`)."""
        raise NotImplementedError

    def begin(self, isolation: str | None) -> str:
        """The text that opens a transaction."""
        raise NotImplementedError
