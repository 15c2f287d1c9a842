"""A connection to PostgreSQL: statements in, rows and errors of the language out."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice
from weakref import WeakSet

from xsrun.database.connection import (
    PIECE,
    Connection,
    Fetch,
    Parameters,
    ResultColumns,
    Row,
    duplicate_record,
    first_line,
    in_pieces,
    passed_by,
)
from xsrun.database.raw_sql.words import word_of
from xsrun.errors import UnavailableError, UsageError, XanoScriptError
from xsrun.extras import installing
from xsrun.hints import TYPE_CHECKING
from xsrun.running.context import Context
from xsrun.running.masking import masked_address
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    import psycopg
    from psycopg.abc import Buffer

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
CHANNEL = "xsrun_tables"
_KEY = re.compile(r"\((.*?)\)=")
#: What statements begin with that read or change tables and nothing of the session, unless they name what the pattern
#: finds.
_PLAIN_WORDS = (
    "SELECT INSERT UPDATE DELETE MERGE WITH VALUES TABLE EXPLAIN TRUNCATE CREATE ALTER DROP COMMENT ANALYZE VACUUM "
    "REINDEX REFRESH GRANT REVOKE"
)
_ABOUT_TABLES = frozenset((*_PLAIN_WORDS.split(), ""))  # nothing: a parenthesis
_OF_SESSION = re.compile(
    r"\b(?:set_config|pg_(?:try_)?advisory_lock|setseed|dblink_|lo_"
    r"|(?:create|into)\s+(?:(?:global|local|or\s+replace)\s+)?temp)",
    re.IGNORECASE,
)


def leaves_settings(sql: str) -> bool:
    """May a statement leave settings, locks or tables of the session to whoever uses the connection afterwards?"""
    return word_of(sql) not in _ABOUT_TABLES or _OF_SESSION.search(sql) is not None


def check_driver() -> None:
    """Raises UnavailableError when psycopg is not installed."""
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError:
        raise UnavailableError(
            "PostgreSQL needs the package psycopg, which is not installed.",
            hint=f"install it with: {installing('postgres')}",
        ) from None


def connected(url: str) -> psycopg.Connection[Row]:
    """A connection of the driver, which gives values as the language has them. Raises UnavailableError, UsageError."""
    import psycopg
    from psycopg.adapt import Loader
    from psycopg.types.string import TextLoader

    class NumericLoader(Loader):
        """A number of any size; one beyond 308 digits is endless, as on SQLite."""

        def load(self, data: Buffer) -> float:
            return float(bytes(data))

    try:
        raw = psycopg.connect(url, autocommit=True)
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
    for name in ("json", "jsonb", *_TEXT_TYPES):
        raw.adapters.register_loader(name, TextLoader)
    raw.adapters.register_loader("numeric", NumericLoader)
    return raw


class PostgresConnection(Connection):
    """A connection and what to do with it: execute a text and fetch all its rows."""

    rows_stay = True

    def __init__(self, url: str, search_path: str | None = None) -> None:
        check_driver()
        import psycopg

        self._errors = psycopg.Error
        self.raw = connected(url)
        #: rows that the server sends at a time; older versions of its library know all or one
        self._piece = PIECE if psycopg.capabilities.has_stream_chunked() else 1
        self.streams = WeakSet()
        self._cursors: dict[str, psycopg.ServerCursor[Row]] = {}
        self._opened = 0
        #: have tables been changed since they were looked up?
        self._fresh = True
        self._forgotten = 0
        self.raw.add_notify_handler(self._note_change)
        self.raw.execute(f"LISTEN {CHANNEL}")
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

    def open_rows(self, text: str, parameters: Sequence[Value] = ()) -> Fetch:
        # the server keeps the rows, whatever becomes of the transaction
        self._opened += 1
        cursor = self.raw.cursor(f"rows_{self._opened}", withhold=True)
        try:
            self._bounds.follow(self.context)
            cursor.execute(text, parameters)
        except self._errors as error:
            cursor.close()
            raise passed_by(self.context) or self._failure(error) from error
        self._cursors[cursor.name] = cursor

        def fetch(count: int) -> list[Row]:
            try:
                self._bounds.follow(self.context)
                rows = cursor.fetchmany(count)
                if len(rows) < count:
                    self._cursors.pop(cursor.name, cursor).close()
                return rows
            except self._errors as error:
                raise passed_by(self.context) or self._failure(error) from error

        return fetch

    def settle(self) -> None:
        super().settle()
        while self._cursors:  # of rows that nobody wants any more
            _, cursor = self._cursors.popitem()
            if not self.broken:
                cursor.close()

    def execute_many(self, text: str, rows: Sequence[Sequence[Value]]) -> None:
        try:
            self._bounds.follow(self.context)
            cursor = self.raw.cursor()
            for row in rows:  # its executemany tells the log of rows that are refused
                cursor.execute(text, row)
        except self._errors as error:
            raise passed_by(self.context) or self._failure(error) from error

    def query(self, text: str, parameters: Parameters = ()) -> tuple[ResultColumns, list[Row]]:
        """Execute one statement; name and type of each of its columns, and all rows."""
        cursor = self.raw.cursor()
        if leaves_settings(text):
            self.reusable = False
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
