"""PostgreSQL, through psycopg (the extra `postgres`)."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from hashlib import sha256

from xsrun.database import geometry, postgres_text
from xsrun.database.backend import Backend, SchemaQueries, Step
from xsrun.database.columns import ENCODE, Codec, Codecs, decode_json, decode_loose, encode_text, sql_kind
from xsrun.database.operands import Converter
from xsrun.database.operators import OPERATORS
from xsrun.database.postgres_connection import CHANNEL, PostgresConnection, StatementBounds, check_driver
from xsrun.database.sql_types import POSTGRES
from xsrun.database.tables import Table
from xsrun.database.vectors import decode_numbers
from xsrun.errors import UnavailableError
from xsrun.hints import TYPE_CHECKING, Self
from xsrun.language.isolation_levels import level_of
from xsrun.syntax.nodes import Statement
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from threading import RLock

    from xsrun.database.connection import BriefReads, Connection, Row, Writing
    from xsrun.database.sql_writer import SqlWriter

__all__ = ["PostgresBackend", "PostgresConnection", "StatementBounds", "make_functions"]

#: Seconds that a server is given to come back, and between two attempts.
_RESTART = 5.0
_AGAIN = 0.1


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
            parameters = ", ".join(POSTGRES[sql_kind(kind)] for kind in operator.operands)
            made.append(
                f"CREATE OR REPLACE FUNCTION xs_{name}({parameters}) RETURNS {POSTGRES[sql_kind(operator.result)]} "
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

    dialect = "postgresql"
    schema = SchemaQueries(_TABLES, _COLUMNS, _INDEXES)
    one_writer = False
    alone = frozenset(("vector",))
    fails_whole = True
    #: whoever waits for a table that is in use holds up all who use it after him, so it is not for long
    locking = ("SELECT pg_advisory_xact_lock(7306)", "SET LOCAL lock_timeout = '10s'")
    telling = (f"NOTIFY {CHANNEL}",)

    def __init__(self, nodes: dict[str, Statement]) -> None:
        super().__init__(nodes)
        check_driver()
        #: the collation of text columns (see `collation_of`)
        self.text_collation = ""
        decode: dict[str, Codec] = {"json": decode_json, "geo": decode_json, "vector": _decode_vector}
        self.codecs = Codecs({**ENCODE, "vector": _encode_vector}, decode)
        self._functions_checked = False

    def make_writer(self) -> SqlWriter:
        from xsrun.database.postgres_writer import PostgresWriter

        return PostgresWriter(self.stored_names)

    def brief_reads(self, url: str, shared: Connection | None, turn: RLock) -> BriefReads | None:
        if os.name == "nt":  # whose event loop does not look at connections of others
            return None
        from xsrun.database.postgres_brief import PostgresReads

        return PostgresReads(url)

    def insert_many(
        self, transaction: Writing, table: Table, names: Sequence[str], rows: list[list[Value]]
    ) -> list[Value]:
        stored = self.stored_names(table)
        columns = ", ".join(self.quote(stored[name]) for name in names)
        values = ", ".join(f"c{number}" for number in range(len(names)))
        lists, marks = self._lists([table.by_name[name].kind for name in names], rows)
        text = (
            f"INSERT INTO {self.quote(table.physical)} ({columns}) SELECT {values} FROM unnest({marks}) "
            f"WITH ORDINALITY AS given({values}, place) ORDER BY place RETURNING id"
        )
        return [identity for (identity,) in transaction.execute(text, lists, writes=True)]

    def update_many(
        self,
        transaction: Writing,
        table: Table,
        names: Sequence[str],
        rows: list[list[Value]],
        wanted: Sequence[str],
    ) -> list[Row]:
        stored, quoted = self.stored_names(table), self.quote(table.physical)
        columns = ", ".join(f"{quoted}.{self.quote(stored[name])}" for name in wanted)
        if table.definition is not None and table.definition.in_unique_index(names):
            # a value may be free only when another row was changed: one statement has no order, rows have
            marked = ", ".join(f"{self.quote(stored[name])} = {self.mark(table.by_name[name].kind)}" for name in names)
            transaction.execute_many(f"UPDATE {quoted} SET {marked} WHERE id = %s", rows)
            ids = [row[-1] for row in rows]
            return transaction.execute(f"SELECT {columns} FROM {quoted} WHERE id = ANY(%s::BIGINT[])", [ids])
        changes = ", ".join(f'{self.quote(stored[name])} = "~given".c{number}' for number, name in enumerate(names))
        values = ", ".join(f"c{number}" for number in range(len(names)))
        lists, marks = self._lists([table.by_name[name].kind for name in (*names, "id")], rows)
        text = (
            f'UPDATE {quoted} SET {changes} FROM unnest({marks}) AS "~given"({values}, id) '
            f'WHERE {quoted}.id = "~given".id RETURNING {columns}'
        )
        return transaction.execute(text, lists, writes=True)

    def _lists(self, kinds: list[str], rows: list[list[Value]]) -> tuple[list[Value], str]:
        """A list for each column of rows, and the places of these parameters."""
        types = [POSTGRES[sql_kind(kind)] for kind in kinds]
        lists = [list(column) for column in zip(*rows, strict=True)]
        for position, kind in enumerate(kinds):
            if kind == "decimal":  # the driver takes no list of ints and floats
                lists[position] = [None if one is None else float(one) for one in lists[position]]
        return lists, ", ".join(f"%s::{one}[]" for one in types)

    def id_type(self, kind: str) -> str:
        return f"{self.stored_type('text') if kind == 'text' else 'BIGSERIAL'} NOT NULL PRIMARY KEY"

    def mark(self, kind: str) -> str:
        return f"%s::{POSTGRES[sql_kind(kind)]}"

    def stored_type(self, kind: str) -> str:
        kind = sql_kind(kind)
        return f'TEXT COLLATE "{self.text_collation}"' if kind == "text" else POSTGRES[kind]

    def connect(self, url: str, search_path: str | None = None) -> PostgresConnection:
        connection = self._reached(url.replace("postgres://", "postgresql://", 1), search_path)
        if not self._functions_checked:
            make_functions(connection)
            self.text_collation = collation_of(connection)
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
        self.text_collation = before.text_collation
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
