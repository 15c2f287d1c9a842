"""PostgreSQL, through psycopg (the extra `postgres`)."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.compiler import compiles

from xsrun.database import geometry, postgres_text
from xsrun.database.backend import Backend, SchemaQueries, Step
from xsrun.database.columns import ENCODE, Codec, Codecs, decode_json, decode_loose, encode_text
from xsrun.database.connection import (
    PIECE,
    Connection,
    Parameters,
    ResultColumns,
    Row,
    duplicate_record,
    first_line,
    in_pieces,
    passed_by,
)
from xsrun.database.operands import Converter
from xsrun.database.operators import OPERATORS
from xsrun.database.sql import Applied, Condition, KindType, Sql, type_of
from xsrun.database.tables import Table
from xsrun.database.vectors import decode_numbers
from xsrun.errors import UnavailableError, UsageError, XanoScriptError
from xsrun.language.isolation_levels import level_of
from xsrun.running.context import Context
from xsrun.running.masking import masked_address
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.sql.compiler import GenericTypeCompiler, SQLCompiler

#: The types of columns and parameters, by the kinds of `KindType`.
_TYPES = {
    "int": "BIGINT",
    "decimal": "DOUBLE PRECISION",
    "number": "DOUBLE PRECISION",
    "text": "TEXT",
    "bool": "BOOLEAN",
    "json": "JSONB",
    "vector": "DOUBLE PRECISION[]",
    "ints": "BIGINT[]",
    "decimals": "DOUBLE PRECISION[]",
    "texts": "TEXT[]",
    "bools": "BOOLEAN[]",
}
#: The kinds of lists that travel as one parameter, by the kind of their elements; the others are lists of texts.
_LISTS = {"int": "ints", "decimal": "decimals", "timestamp": "ints", "bool": "bools"}
#: Types that a program's own SQL may select and the language has no values for: they come as texts.
_TEXT_TYPES = ("timestamp", "timestamptz", "date", "time", "timetz", "interval", "uuid", "inet", "cidr", "bytea")
#: What psycopg says of a statement that gives no rows.
_NO_ROWS = "didn't produce a result"
#: The least time of a statement in seconds, so that a run which is over can be undone; the longest in milliseconds.
_LEAST = 0.1
_MOST = 2**31 - 1
#: How much more than what is left to the run a statement is given, and how much more it may come to have.
_A_LITTLE_MORE = 1.05
_TOO_MUCH = 1.1
#: psycopg's number of a transaction in which a statement has failed.
_FAILED = 3
#: Where processes tell one another that tables were changed.
_CHANNEL = "xsrun_tables"
#: Seconds that a server is given to come back, and between two attempts.
_RESTART = 5.0
_AGAIN = 0.1
_KEY = re.compile(r"\((.*?)\)=")


def check_driver() -> None:
    """Raises UnavailableError when psycopg is not installed."""
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError:
        raise UnavailableError(
            "PostgreSQL needs the package psycopg, which is not installed.",
            hint='install it with: pip install "xsrun[postgres]"',
        ) from None


class PostgresDialect(PGDialect_psycopg):
    """psycopg's dialect, and the collation that text columns get (see `collation_of`)."""

    supports_statement_cache = True
    text_collation = ""


@compiles(KindType, "postgresql")
def _type_text(element: KindType, compiler: GenericTypeCompiler, **_options: Any) -> str:
    if element.kind == "text column":
        assert isinstance(compiler.dialect, PostgresDialect)
        return f'TEXT COLLATE "{compiler.dialect.text_collation}"'
    return _TYPES[element.kind]


@compiles(Applied, "postgresql")
def _applied_text(element: Applied, compiler: SQLCompiler, **options: Any) -> str:
    return element.written(element.templates.postgres.replace("%", "%%"), compiler, options)


class PostgresConnection(Connection):
    """A connection and what to do with it: execute a text and fetch all its rows."""

    def __init__(self, url: str, search_path: str | None = None) -> None:
        check_driver()
        import psycopg

        self._errors = psycopg.Error
        try:
            self.raw = psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError as error:
            raise UnavailableError(
                f"PostgreSQL cannot be reached: {first_line(error)}",
                hint="is the server running, and is the URL right?",
                status=503,
            ) from None
        except psycopg.ProgrammingError:  # whose text may quote the password
            raise UsageError(
                f"`{masked_address(url)}` is not the URL of a PostgreSQL database",
                hint="write postgresql://USER:PASSWORD@HOST/NAME, other characters in the parts as %20",
            ) from None
        #: rows that the server sends at a time; older versions of its library know all or one
        self._piece = PIECE if psycopg.capabilities.has_stream_chunked() else 1
        from psycopg.types.numeric import FloatLoader
        from psycopg.types.string import TextLoader

        for name in ("json", "jsonb", *_TEXT_TYPES):
            self.raw.adapters.register_loader(name, TextLoader)
        self.raw.adapters.register_loader("numeric", FloatLoader)
        #: have tables been changed since they were looked up?
        self._fresh = True
        self._forgotten = 0
        self.raw.add_notify_handler(self._note_change)
        self.raw.execute(f"LISTEN {_CHANNEL}")
        self._bounds = StatementBounds(self.raw)
        if search_path is not None:
            self.execute(f"SET search_path TO {search_path}")

    def execute(self, text: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Execute one statement and fetch everything. Raises XanoScriptError for what the database refuses."""
        try:
            self._bounds.follow(self.context)
            cursor = self.raw.execute(text, parameters)
            return cursor.fetchall() if cursor.description is not None else []
        except self._errors as error:
            raise passed_by(self.context) or self._failure(error) from error

    def query(self, text: str, parameters: Parameters = ()) -> tuple[ResultColumns, list[Row]]:
        """Execute one statement; name and type of each of its columns, and all rows."""
        cursor = self.raw.cursor()
        try:
            self._bounds.follow(self.context)
            # never as a simple query, so that the text can be one statement only
            stream = cursor.stream(text, parameters, size=self._piece)
            assert isinstance(stream, Generator)
            with closing(stream):
                rows = in_pieces(lambda count: list(islice(stream, count)), self.context)
            return [(column.name, column.type_code) for column in cursor.description or ()], rows
        except self._errors as error:
            if _NO_ROWS in str(error):
                return [], []
            raise passed_by(self.context) or self._failure(error) from error
        finally:
            self._bounds.forget()  # the statement may have set others

    def _failure(self, error: psycopg.Error) -> XanoScriptError:
        """What an error of the driver means: the program's, or a connection that is gone."""
        if not self.broken:
            return translated(error)
        return UnavailableError(
            "The connection to the database was lost.", hint="the server may have been restarted", status=503
        )

    def roll_back_to(self, savepoint: str) -> None:
        super().roll_back_to(savepoint)
        self._bounds.forget()

    def changed(self) -> bool:
        """Whether to look for tables: when the connection is new, or another one changed some."""
        fresh, self._fresh = self._fresh, False
        if fresh:
            self._forget_prepared()
        return fresh

    def _forget_prepared(self) -> None:
        """Prepare anew what was prepared: columns may have other types now."""
        self._forgotten += 1  # psycopg looks at what a statement does when it sees its text for the first time
        self.raw.execute(f"DEALLOCATE ALL /* {self._forgotten} */", prepare=False)

    def _note_change(self, _notify: psycopg.Notify) -> None:
        self._fresh = True

    def lost(self) -> bool:
        """Has the server closed the connection? What it sent meanwhile is there without asking it."""
        try:
            for _ in range(2):  # what it said last, and then that it is gone
                self.raw.pgconn.consume_input()
            while self.raw.pgconn.notifies() is not None:
                self._fresh = True
        except self._errors:
            self.raw.close()
        return self.broken

    @property
    def in_transaction(self) -> bool:
        return bool(self.raw.info.transaction_status)

    @property
    def broken(self) -> bool:
        return bool(self.raw.closed or self.raw.broken)

    def rollback(self) -> None:
        """End a transaction that was left open."""
        if not self.broken and self.in_transaction:
            self.raw.execute("ROLLBACK")
            self._bounds.forget()

    def close(self) -> None:
        self.raw.close()


class StatementBounds:
    """How long the server lets each statement of a connection run: what is left to the run, or a little more.

    It is told anew only when the bound that it has is too small, or too large by a tenth: a run of many statements
    tells it once.
    """

    def __init__(self, raw: psycopg.Connection) -> None:
        self._raw = raw
        #: seconds that the server allows at the moment; None when that is not known
        self._seconds: float | None = None
        #: what it allows unless told otherwise, in milliseconds; 0 for any time
        self._usual: int | None = None

    def forget(self) -> None:
        """What was set may have been undone or changed."""
        self._seconds = None

    def follow(self, context: Context | None) -> None:
        """Have the server end the next statement of this run when the run's time is over."""
        deadline = None if context is None else context.deadline
        left = math.inf if deadline is None else max(deadline - time.monotonic(), _LEAST)
        if self._seconds is None or not left <= self._seconds <= left * _TOO_MUCH:
            self._tell(left * _A_LITTLE_MORE)

    def _tell(self, seconds: float) -> None:
        if self._raw.info.transaction_status == _FAILED:  # where nothing can be set, and nothing runs for long
            return
        if self._usual is None:
            found = self._raw.execute("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'").fetchone()
            self._usual = int(found[0]) if found is not None else 0
        wanted = 0 if seconds * 1000 > _MOST else math.ceil(seconds * 1000)
        bound = min((one for one in (wanted, self._usual) if one), default=0)
        self._raw.execute(f"SET statement_timeout = {bound}")
        self._seconds = seconds


def translated(error: psycopg.Error) -> XanoScriptError:
    """The error of the program that PostgreSQL's stands for."""
    kind = type(error).__name__
    primary = getattr(error.diag, "message_primary", None) or first_line(error)
    if kind == "UniqueViolation":
        match = _KEY.search(error.diag.message_detail or "")
        columns = match.group(1).replace('"', "").split(",") if match else ["value"]
        return duplicate_record([one.strip() for one in columns])
    if kind in ("DeadlockDetected", "SerializationFailure"):
        return XanoScriptError(
            f"SQL Error: {primary}", name="DeadlockError", hint="another transaction was in the way; run this one again"
        )
    return XanoScriptError(f"SQL Error: {primary}")


def _encode_vector(value: list[float]) -> list[float]:
    return [float(number) for number in value]


def _decode_vector(value: list[float] | None) -> list[float] | None:
    return None if value is None else decode_numbers(value)


def function_texts() -> list[str]:
    """The statements that make the functions of the operators."""
    made = [
        f"CREATE OR REPLACE FUNCTION {signature} RETURNS {result} "
        f"LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body${body}$body$"
        for signature, (result, body) in {**postgres_text.HELPERS, **geometry.HELPERS}.items()
    ]
    for name, operator in OPERATORS.items():
        if operator.body is not None:
            parameters = ", ".join(_TYPES[KindType(kind).kind] for kind in operator.operands)
            made.append(
                f"CREATE OR REPLACE FUNCTION xs_{name}({parameters}) RETURNS {_TYPES[KindType(operator.result).kind]} "
                f"LANGUAGE sql IMMUTABLE PARALLEL SAFE {'STRICT ' if operator.strict else ''}"
                f"AS $body${operator.body}$body$"
            )
    unaccent = OPERATORS["unaccent"].postgres.format("$1").replace("'", "''")
    made.append(  # the extension of that name is not on every server
        "DO $do$ BEGIN IF to_regprocedure('unaccent(text)') IS NULL THEN EXECUTE 'CREATE FUNCTION unaccent(text) "
        f"RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $body$SELECT {unaccent}$body$'; END IF; END $do$"
    )
    return made


_TABLES = (
    "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns AS c "
    "JOIN information_schema.tables AS t USING (table_schema, table_name) "
    "WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' "
    "ORDER BY c.table_name, c.ordinal_position"
)
_COLUMNS = (
    "SELECT column_name, data_type FROM information_schema.columns "
    "WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position"
)
_INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s"


class PostgresBackend(Backend):
    """PostgreSQL's side."""

    schema = SchemaQueries(_TABLES, _COLUMNS, _INDEXES)
    one_writer = False
    fails_whole = True
    #: whoever waits for a table that is in use holds up all who use it after him, so it is not for long
    locking = ("SELECT pg_advisory_xact_lock(7306)", "SET LOCAL lock_timeout = '10s'")
    telling = (f"NOTIFY {_CHANNEL}",)
    id_type = sa.BigInteger()

    def __init__(self, nodes: dict[str, Statement]) -> None:
        super().__init__(nodes)
        check_driver()
        self.dialect: PostgresDialect = PostgresDialect(paramstyle="format")  # type: ignore[no-untyped-call]
        decode: dict[str, Codec] = {"json": decode_json, "geo": decode_json, "vector": _decode_vector}
        self.codecs = Codecs({**ENCODE, "vector": _encode_vector}, decode)
        self._functions_checked = False

    def connect(self, url: str, search_path: str | None = None) -> PostgresConnection:
        connection = self._reached(url.replace("postgres://", "postgresql://", 1), search_path)
        if not self._functions_checked:
            make_functions(connection)
            self.dialect.text_collation = collation_of(connection)
            self._functions_checked = True
        return connection

    def _reached(self, url: str, search_path: str | None) -> PostgresConnection:
        """A connection; a server that could be reached before may be restarting, and is waited for a while."""
        until = time.monotonic() + _RESTART
        while True:
            try:
                return PostgresConnection(url, search_path)
            except UnavailableError:
                if not self._functions_checked or time.monotonic() > until:
                    raise
                time.sleep(_AGAIN)

    def use_server_of(self, before: Self) -> None:
        self.dialect.text_collation = before.dialect.text_collation
        self._functions_checked = before._functions_checked

    def begin(self, isolation: str | None) -> str:
        level = level_of(isolation)
        return f"BEGIN ISOLATION LEVEL {level}" if level else "BEGIN"

    def json_path(self, path: list[str]) -> tuple[str, str]:
        quoted = ('"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"' for key in path)
        return "json_path", "{" + ",".join(quoted) + "}"

    def list_maker(self, kind: str, convert: Converter) -> Converter:
        if kind in ("text", "date"):
            return lambda value, context: [encode_text(item) for item in convert(value, context)]
        if kind == "decimal":
            return lambda value, context: [float(item) for item in convert(value, context)]
        return convert

    def in_list(self, sql: Sql, name: str, kind: str) -> Condition:
        return sql == sa.any_(sa.bindparam(name, type_=type_of(_LISTS.get(kind, "texts"))))

    def list_decoder(self, element: str) -> Codec:
        return decode_json

    def supports_index(self, kind: str, column_kinds: list[str]) -> bool:
        if kind == "gin":
            return all(one == "json" for one in column_kinds)
        return kind == "btree" and not any(one in ("json", "geo", "vector") for one in column_kinds)

    def plain_type(self, text: str) -> str:
        return text.upper().partition(" COLLATE")[0].replace("ARRAY", "DOUBLE PRECISION[]").strip()

    def stored_value(self, kind: str, value: Value) -> Value:
        if kind == "JSONB":
            return decode_loose(value)
        return _decode_vector(value) if kind == "DOUBLE PRECISION[]" else value

    def index_options(self, kind: str) -> dict[str, str]:
        return {"postgresql_using": kind} if kind == "gin" else {}

    def is_text_id(self, kind: str) -> bool:
        return "int" not in kind.lower()

    def follow_id(self, physical: str, identity: int) -> Step:
        sequence = "pg_get_serial_sequence(%s, 'id')"
        name = self.quote(physical).replace("%%", "%")  # a parameter, not a part of the text
        return (
            f"SELECT setval({sequence}, greatest(nextval({sequence}) - 1, %s::bigint, 1))",
            (name, name, identity),
        )

    def truncation(self, physical: str, reset: bool) -> list[Step]:
        restart = " RESTART IDENTITY" if reset else ""
        return [(f"TRUNCATE TABLE {self.quote(physical)}{restart}", ())]

    def literal(self, kind: str, value: Value) -> str:
        if value.__class__ is bool:
            return str(value)
        if value.__class__ is list:
            return f"'{{{','.join(map(repr, value))}}}'::{self.stored_type(kind)}"
        text = super().literal(kind, value)
        # a backslash means itself, whatever the server's settings
        text = " E" + text.replace("\\", "\\\\") if "\\" in text else text
        return f"{text}::JSONB" if self.stored_type(kind) == "JSONB" else text

    def in_text(self, sql: str) -> str:
        return sql.replace("%", "%%")

    def new_column(self, table: Table, column: str, kind: str = "json", default: str | None = None) -> str:
        return super().new_column(table, column, kind, default).replace("ADD COLUMN", "ADD COLUMN IF NOT EXISTS", 1)


def collation_of(connection: PostgresConnection) -> str:
    """The collation of text columns: the order of code points, as SQLite has it; with case mapping, if there is one."""
    rows = connection.execute("SELECT collname FROM pg_collation WHERE collname IN ('pg_c_utf8', 'C.utf8', 'C')")
    there = {name for (name,) in rows}
    return next(name for name in ("pg_c_utf8", "C.utf8", "C") if name in there)


def make_functions(connection: PostgresConnection) -> None:
    """Make the functions of the operators in the database, unless they are there already."""
    made = function_texts()
    digest = sha256("\n".join(made).encode()).hexdigest()
    ((there,),) = connection.execute("SELECT obj_description(to_regprocedure('xs_number(text)'))")
    if there == digest:
        return
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT pg_advisory_xact_lock(7305)")  # two processes that start at once take turns
        connection.execute("SET LOCAL check_function_bodies = off")
        for text in made:
            connection.execute(text.replace("%", "%%"))
        connection.execute(f"COMMENT ON FUNCTION xs_number(text) IS '{digest}'")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
