"""What the back ends' connections have in common."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from weakref import WeakSet

from xsrun.errors import LimitError, XanoScriptError
from xsrun.hints import Protocol
from xsrun.running.context import Context, resident_memory
from xsrun.values.conversion import Value

#: How many rows are fetched before the limits are looked at again.
PIECE = 1_000

#: A row as the driver gives it: what is kept as JSON is still text.
Row = tuple[Value, ...]
#: A parameter for each mark of a text, in order or by name.
Parameters = Sequence[Value] | Mapping[str, Value]
#: The columns of a result, with PostgreSQL's numbers of their types; SQLite gives 0.
ResultColumns = list[tuple[str, int]]


#: Fetches so many rows more; there are fewer at the end.
Fetch = Callable[[int], list[Row]]


class Unsettled(Protocol):
    """Rows that are fetched as they are consumed."""

    def settle(self) -> None:
        """Fetch what is left."""


class Execute(Protocol):
    """Executes one statement and fetches all its rows."""

    def __call__(self, text: str, parameters: Sequence[Value] = (), /) -> list[Row]: ...


class Executing(Protocol):
    """What executes statements: a connection, or the transaction of a run."""

    @property
    def execute(self) -> Execute: ...


class Writing(Protocol):
    """What executes statements that write: the transaction of a run."""

    def execute(self, text: str, parameters: Sequence[Value] = (), *, writes: bool = False) -> list[Row]: ...
    def execute_many(self, text: str, rows: Sequence[Sequence[Value]]) -> None: ...


class BriefReads(Protocol):
    """What reads for runs that may not wait (`xsrun.database.brief`). It has a connection of its own or the
    one that all runs share."""

    #: do rows come later (`fetch`)? Else they are there at once (`read`)
    awaited: bool

    def open(self) -> None:
        """Connect again where that is needed; in a thread, since it takes its time."""

    async def fetch(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        """The rows of a statement, on the event loop of a server. Raises TakesLonger, as `read` does."""

    def read(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        """The rows of a statement. Raises TakesLonger where that would have to wait, goes through much or finds much,
        where it fails, and where tables may have changed since somebody looked at them."""

    def close(self) -> None:
        """End what is its own."""


class Connection(ABC):
    """A connection and what to do with it. Each back end has its own."""

    #: the run that uses it, whose limits hold for its statements
    context: Context | None = None
    #: rows that are still to be fetched, and whether they stay what they were when something is written
    streams: WeakSet[Unsettled]
    rows_stay = False
    #: may other runs use it later? Not when a program's own SQL has changed more than tables
    reusable = True

    @abstractmethod
    def open_rows(self, text: str, parameters: Sequence[Value] = ()) -> Fetch:
        """Execute one statement that reads; what fetches its rows. Raises XanoScriptError, as what it gives does."""

    def settle(self) -> None:
        """Fetch what is left of all rows that are fetched as they are consumed."""
        for rows in list(self.streams):
            rows.settle()
        self.streams.clear()

    @property
    @abstractmethod
    def broken(self) -> bool:
        """Can it no longer be used?"""

    @abstractmethod
    def execute(self, text: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """Execute one statement and fetch everything. Raises XanoScriptError for what the database refuses."""

    @abstractmethod
    def execute_many(self, text: str, rows: Sequence[Sequence[Value]]) -> None:
        """Execute one statement that gives nothing for each row of parameters. Raises XanoScriptError."""

    @abstractmethod
    def query(self, text: str, parameters: Parameters = ()) -> tuple[ResultColumns, list[Row]]:
        """Execute a program's own statement: its columns and all its rows. Raises XanoScriptError."""

    @abstractmethod
    def changed(self) -> bool:
        """Is it time to look at which tables exist?"""

    def lost(self) -> bool:
        """Has the server closed it, as far as is known without asking?"""
        return self.broken

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Is a transaction open? SQLite ends one itself when a statement that writes is interrupted."""

    def roll_back_to(self, savepoint: str) -> None:
        """Undo what was done since a savepoint."""
        self.execute(f"ROLLBACK TO SAVEPOINT {savepoint}")

    @abstractmethod
    def rollback(self) -> None:
        """End a transaction that was left open."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""


def in_pieces(fetch: Callable[[int], list[Row]], context: Context | None, first: list[Row] | None = None) -> list[Row]:
    """All rows, fetched a number of them at a time, their count and the limits of the run looked at each time; `first`
    are those that were fetched before."""
    rows = fetch(PIECE) if first is None else first
    if len(rows) < PIECE:
        return rows
    while piece := fetch(PIECE):
        rows += piece
        if context is not None:
            context.check_size(len(rows))
            if (passed := passed_by(context)) is not None:
                raise passed
    return rows


def passed_by(context: Context | None) -> LimitError | None:
    """The error of the limit of time or memory that a run has passed, if any."""
    if context is None or (context.deadline is None and context.memory_ceiling is None):
        return None
    return context.passed_limit(time.monotonic(), resident_memory())


def first_line(error: Exception) -> str:
    """The first line of a driver's message, which may have many."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def duplicate_record(columns: list[str]) -> XanoScriptError:
    """The engine's error for a second row with the same unique value (semantics 3.6)."""
    shown = " and ".join(f"`{name}`" for name in columns)
    return XanoScriptError(
        "Duplicate record detected. Please check your unique indexes.",
        hint=f"there is already a row with the same {shown}",
    )
