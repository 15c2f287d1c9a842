"""SQLite: in memory (one connection that all sessions share, a statement at a time) or in a file (WAL)."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from weakref import WeakSet

from xsrun.database.backend import Backend, SchemaQueries, Step
from xsrun.database.columns import (
    ENCODE,
    Codec,
    Codecs,
    decode_bool,
    decode_json,
    decode_loose,
    encode_json,
    sql_kind,
)
from xsrun.database.connection import (
    PIECE,
    BriefReads,
    Connection,
    Execute,
    Fetch,
    Parameters,
    ResultColumns,
    Row,
    Writing,
    duplicate_record,
    in_pieces,
    passed_by,
)
from xsrun.database.operands import Converter
from xsrun.database.raw_sql.fence import Fence, refusal, refused
from xsrun.database.sql_types import SQLITE
from xsrun.database.sqlite_files import PATIENCE, path_of, write_ahead
from xsrun.database.tables import Table, told_apart, without_mark
from xsrun.database.vectors import decode_numbers, vector_bytes, vector_of
from xsrun.errors import LimitError, UnavailableError, UsageError, XanoScriptError
from xsrun.hints import TYPE_CHECKING, TypeVar, TypeVarTuple
from xsrun.lazy_regex import ASCII, pattern
from xsrun.reading import is_folder
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import Value
from xsrun.values.json_errors import JsonError

if TYPE_CHECKING:
    from threading import RLock

    from xsrun.database.sql_writer import SqlWriter

Given = TypeVarTuple("Given")
Found = TypeVar("Found")

#: Seconds that SQLite waits at a time for another process that writes to the file.
_TURN = 0.25
#: Instructions of SQLite's machine between two looks at the limits: a millisecond's worth, or a little more.
_LOOK = 20_000
#: The longest text or blob that SQLite makes, in bytes; and what it may have in any case, for rows that are there.
_LONGEST = 1_000_000_000
_LEAST = 1_000_000
_UNFIT = "SQL Error: a value is out of range: a number beyond 64 bits, or a text with half a character"
_PLAIN_NAME = pattern(r"[A-Za-z_]\w*", ASCII)
_LOCKED = "database is locked"
_DUPLICATE = pattern(r"UNIQUE constraint failed: (.*)")


def _decode_vector(data: bytes | None) -> list[float] | None:
    return None if data is None else decode_numbers(vector_of(data))


class SQLiteConnection(Connection):
    """A connection and the one thing to do with it: execute a text and fetch all its rows."""

    def __init__(self, path: str) -> None:
        #: what a function of SQLite's raised, and its name
        self.failure: BaseException | None = None
        self.failed = ""
        self._schema_version = -1
        self._has_operators = self._has_sql_functions = False
        self.streams = WeakSet()
        raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=_TURN)
        self.raw = raw
        if path != ":memory:":
            write_ahead(raw)
        self._fence = Fence()
        raw.set_authorizer(self._fence.decide)
        self.follow_limits()

    def follow_limits(self) -> None:
        """Have SQLite ask from time to time whether the run that uses the connection has passed a limit."""
        self.raw.set_progress_handler(self._is_over, _LOOK)

    def _add_operators(self) -> None:
        """Register the functions of the operators, of which the texts of most runs name none."""
        from xsrun.database.aggregates import AGGREGATES
        from xsrun.database.operators import OPERATORS

        for name, operator in OPERATORS.items():
            if not operator.native:
                body = self._guarded(name, operator.python)
                self.raw.create_function(f"xs_{name}", len(operator.operands), body, deterministic=True)
        for name, aggregate in AGGREGATES.items():
            if aggregate.python is not None:
                self.raw.create_aggregate(f"xs_{name}", aggregate.arity, aggregate.python)
        self._has_operators = True

    def _guarded(self, name: str, function: Callable[[*Given], Found]) -> Callable[[*Given], Found]:
        """The function, with its exceptions kept: SQLite tells only that there was one."""

        def call(*values: *Given) -> Found:
            try:
                return function(*values)
            except BaseException as error:
                self.failure, self.failed = error, name
                raise

        return call

    def _is_over(self) -> bool:
        """Whether to interrupt the statement that runs: SQLite asks from time to time."""
        try:
            return passed_by(self.context) is not None
        except BaseException as error:  # an interrupt by the user arrives where Python code runs
            self.failure = error
            return True

    def execute(self, text: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Execute one statement and fetch everything. Raises XanoScriptError for what the database refuses."""
        if not self._has_operators and "xs_" in text:
            self._add_operators()
        try:
            cursor = self.raw.execute(text, parameters)
            rows = cursor.fetchmany(PIECE)
            return rows if len(rows) < PIECE else in_pieces(cursor.fetchmany, self.context, rows)
        except sqlite3.Error as error:
            if not self._is_locked(error):
                raise self._translated(error) from error
        except (OverflowError, UnicodeEncodeError):
            raise XanoScriptError(_UNFIT) from None
        return self._execute_later(text, parameters)

    def open_rows(self, text: str, parameters: Sequence[Value] = ()) -> Fetch:
        if not self._has_operators and "xs_" in text:
            self._add_operators()
        try:
            cursor = self._begun(text, parameters)
        except sqlite3.Error as error:
            raise self._translated(error) from error

        def fetch(count: int) -> list[Row]:
            try:
                return cursor.fetchmany(count)
            except sqlite3.Error as error:
                raise self._translated(error) from error

        return fetch

    def execute_many(self, text: str, rows: Sequence[Sequence[Value]]) -> None:
        """Execute one statement that gives nothing for each row of parameters, while no other process writes."""
        try:
            self.raw.executemany(text, rows)
        except sqlite3.Error as error:
            raise self._translated(error) from error
        except (OverflowError, UnicodeEncodeError):
            raise XanoScriptError(_UNFIT) from None

    def query(self, text: str, parameters: Parameters = ()) -> tuple[ResultColumns, list[Row]]:
        """Execute a program's own statement, inside the fence; its columns, and all rows."""
        if not self._has_operators:
            self._add_operators()
        if not self._has_sql_functions:
            self._add_sql_functions()
        size = None if self.context is None else self.context.limits.size
        self._fence.close()
        try:
            if size is not None:
                self.raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(4 * size + _LEAST, _LONGEST))
            # a text of its own: what was prepared for the same text outside the fence does not take its place
            cursor = self._begun(f"/* direct */ {text}", parameters)
            return [(column[0], 0) for column in cursor.description or ()], in_pieces(cursor.fetchmany, self.context)
        except sqlite3.Error as error:
            raise self._refused(text, error) or self._translated(error, direct=True) from error
        except (OverflowError, UnicodeEncodeError):
            raise XanoScriptError(_UNFIT) from None
        finally:
            self._fence.open()
            self.raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)

    def _is_locked(self, error: sqlite3.Error) -> bool:
        """Whether a statement failed because another process writes to the file."""
        return _LOCKED in str(error) and not self.raw.in_transaction

    def _execute_later(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        """Execute a statement when no other process writes to the file any more."""
        try:
            return in_pieces(self._begun(text, parameters).fetchmany, self.context)
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def _begun(self, text: str, parameters: Parameters) -> sqlite3.Cursor:
        """A statement that has begun, once no other process writes to the file any more."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self.raw.execute(text, parameters)
            except sqlite3.OperationalError as error:
                late = time.monotonic() > until or passed_by(self.context) is not None
                if late or not self._is_locked(error):
                    raise

    def _refused(self, text: str, error: sqlite3.Error) -> XanoScriptError | None:
        """The error of a program's own statement that the fence or a limit of SQLite refused, if one did."""
        size = None if self.context is None else self.context.limits.size
        if "too big" in str(error) and size is not None:
            return LimitError(
                f"The statement makes a value of more than {size:,} characters, which is the limit.",
                hint="raise the limit with --limit size=N if the program really needs it",
            )
        what = self._fence.refused
        return None if what is None else refusal(text) or refused(what)

    def _add_sql_functions(self) -> None:
        """Register the functions of PostgreSQL that programs may call."""
        from xsrun.database.raw_sql import functions

        for name, (arity, function) in functions.FUNCTIONS.items():
            checked = functions.sized(name, function, self._check_size)
            self.raw.create_function(name, arity, self._guarded(name.removeprefix("xs_sql_"), checked))
        for name, (arity, aggregate) in functions.AGGREGATES.items():
            self.raw.create_aggregate(name, arity, aggregate)
        self._has_sql_functions = True

    def _check_size(self, size: int) -> None:
        if self.context is not None:
            self.context.check_size(size)

    def _translated(self, error: sqlite3.Error, *, direct: bool = False) -> BaseException:
        failure, self.failure = self.failure, None
        if (passed := passed_by(self.context)) is not None:
            return passed
        if failure is not None and any(part in str(error) for part in ("user-defined", "interrupted")):
            if isinstance(failure, JsonError):  # of an operand: what is stored was JSON before
                return XanoScriptError(f"SQL Error: a value that is compared cannot be read as JSON: {failure}")
            return misused(self.failed, failure) if direct else failure
        match = _DUPLICATE.search(str(error))
        if match is not None:
            columns = match.group(1).split(",")
            return duplicate_record([without_mark(one.strip().rpartition(".")[2]) for one in columns])
        if _LOCKED in str(error):
            return XanoScriptError("SQL Error: the database is locked", hint="another process holds a transaction open")
        return XanoScriptError(f"SQL Error: {error}")

    def changed(self) -> bool:
        """Whether another process changed the tables since the last call."""
        ((version,),) = self.execute("PRAGMA schema_version")
        before, self._schema_version = self._schema_version, version
        return before != self._schema_version

    #: a file does not go away
    broken = False

    @property
    def in_transaction(self) -> bool:
        return self.raw.in_transaction

    def rollback(self) -> None:
        """End a transaction that was left open."""
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")

    def close(self) -> None:
        self.raw.close()


def misused(name: str, failure: BaseException) -> BaseException:
    """The error of a program whose own SQL gives a function values that it does not take; any other as it is."""
    from xsrun.database.raw_sql.functions import MISUSE

    if not isinstance(failure, MISUSE):
        return failure
    return XanoScriptError(f"SQL Error: {name} does not take these values", hint=f"what was wrong: {failure}")


_TABLES = (
    "SELECT m.name, c.name, c.type FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c "
    "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid"
)
_COLUMNS = "SELECT name, type FROM pragma_table_info(?) ORDER BY cid"
_INDEXES = "SELECT name FROM pragma_index_list(?) WHERE origin = 'c'"


class SQLiteBackend(Backend):
    """SQLite's side."""

    dialect = "sqlite"
    schema = SchemaQueries(_TABLES, _COLUMNS, _INDEXES)

    def __init__(self, nodes: dict[str, Statement]) -> None:
        super().__init__(nodes)
        if sqlite3.sqlite_version_info < (3, 38):
            raise UnavailableError(
                f"xsrun needs SQLite 3.38 or newer; this Python has {sqlite3.sqlite_version}.",
                hint="use a newer Python, or --database postgresql://...",
            )
        decode: dict[str, Codec] = {
            "json": decode_json,
            "geo": decode_json,
            "vector": _decode_vector,
            "bool": decode_bool,
        }
        self.codecs = Codecs({**ENCODE, "vector": vector_bytes}, decode)

    def make_writer(self) -> SqlWriter:
        from xsrun.database.sqlite_writer import SQLiteWriter

        return SQLiteWriter(self.stored_names)

    def insert_many(
        self, transaction: Writing, table: Table, names: Sequence[str], rows: list[list[Value]]
    ) -> list[Value]:
        transaction.execute_many(self.insertion(table, names).removesuffix(" RETURNING id"), rows)
        if "id" in names:
            return []
        ((last,),) = transaction.execute("SELECT last_insert_rowid()")  # AUTOINCREMENT counts one by one
        return list(range(last - len(rows) + 1, last + 1))

    def update_many(
        self,
        transaction: Writing,
        table: Table,
        names: Sequence[str],
        rows: list[list[Value]],
        wanted: Sequence[str],
    ) -> list[Row]:
        stored, quoted = self.stored_names(table), self.quote(table.physical)
        changes = ", ".join(f"{self.quote(stored[name])} = ?" for name in names)
        transaction.execute_many(f"UPDATE {quoted} SET {changes} WHERE id = ?", rows)
        columns = ", ".join(self.quote(stored[name]) for name in wanted)
        text = f"SELECT {columns} FROM {quoted} WHERE id IN (SELECT value FROM json_each(?))"
        return transaction.execute(text, [encode_json([row[-1] for row in rows])])

    def id_type(self, kind: str) -> str:
        return "TEXT NOT NULL PRIMARY KEY" if kind == "text" else "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"

    def mark(self, kind: str) -> str:
        return "?"

    def stored_type(self, kind: str) -> str:
        return SQLITE[sql_kind(kind)]

    def stored_names(self, table: Table) -> dict[str, str]:
        if table.names is None:
            table.names = told_apart(column.name for column in table.columns)
        return table.names

    def literal(self, kind: str, value: Value) -> str:
        if isinstance(value, bytes):
            return f"X'{value.hex()}'"
        return str(int(value)) if value.__class__ is bool else super().literal(kind, value)

    def column_name(self, stored: str) -> str:
        return without_mark(stored)

    def stored_value(self, kind: str, value: Value) -> Value:
        if kind == "JSON TEXT":
            return decode_loose(value)
        decode = {"BOOLEAN": decode_bool, "BLOB": _decode_vector}.get(kind)
        return value if decode is None else decode(value)

    def holds_documents(self, kind: str) -> bool:
        return kind.upper() in ("JSON TEXT", "TEXT")  # those of older versions are called like texts

    def connect(self, url: str, search_path: str | None = None) -> SQLiteConnection:
        """A connection to the file of a URL. Raises UsageError for one that is not a database or cannot be opened."""
        path = path_of(url)
        try:
            return SQLiteConnection(path)
        except sqlite3.Error as error:
            fault = "is not an SQLite database" if "not a database" in str(error) else f"cannot be used: {error}"
            if not is_folder(os.path.dirname(path) or "."):
                fault = "cannot be made: its folder is not there"
            raise UsageError(f"{path} {fault}", hint="name another file: --database sqlite:///FILE") from None

    def brief_reads(self, url: str, shared: Connection | None, turn: RLock) -> BriefReads | None:
        from xsrun.database.sqlite_brief import FileReads, MemoryReads

        if isinstance(shared, SQLiteConnection):
            return MemoryReads(shared.raw, turn, shared.follow_limits)
        try:
            return FileReads(path_of(url))
        except sqlite3.Error:  # whatever is wrong with it, runs in threads meet it, and tell
            return None

    def begin(self, isolation: str | None) -> str:
        return "BEGIN IMMEDIATE"  # a deferred one fails at once when two runs write

    def json_path(self, path: list[str]) -> tuple[str, str]:
        if all(_PLAIN_NAME.fullmatch(key) for key in path):
            return "json_path", "$" + "".join(f".{key}" for key in path)
        return "json_member", encode_json(path)

    def list_maker(self, kind: str, convert: Converter) -> Converter:
        return lambda value, context: encode_json(convert(value, context))

    def list_decoder(self, element: str) -> Codec:
        decode = self.codecs.decode.get(element)
        if decode is None:
            return decode_json
        return lambda text: [None if item is None else decode(item) for item in decode_json(text)]

    def truncation(self, physical: str, reset: bool) -> list[Step]:
        """The statements that empty a table; with `reset` its ids start from 1 again."""
        statements: list[Step] = [(f"DELETE FROM {self.quote(physical)}", ())]
        if reset:
            statements.append(("DELETE FROM sqlite_sequence WHERE name = ?", (physical,)))
        return statements

    def indexes_over(self, execute: Execute, physical: str, column: str) -> list[str]:
        rows = execute(
            "SELECT DISTINCT l.name FROM pragma_index_list(?) AS l JOIN pragma_index_info(l.name) AS i "
            "WHERE l.origin = 'c' AND i.name = ?",
            (physical, column),
        )
        return [name for (name,) in rows]

    def is_text_id(self, kind: str) -> bool:
        """Whether the type of an existing id column is that of a text."""
        return "INT" not in kind.upper()
