"""The rows of a query one after another (`return = {type: "stream"}`): fetched in pieces, as they are consumed.

A stream gives the rows that were there when its query ran. Where its own loop could change them, the rest is fetched
before: ahead of every write, and of the beginning and end of a transaction (see `Transaction.settle`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xsrun.database.connection import PIECE, Fetch, Row
from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Read = Callable[[list[Row]], list[Value]]


class ReadyRows:
    """Rows that were all fetched."""

    def __init__(self, rows: list[Value]) -> None:
        self._rows = rows

    def take(self) -> list[Value]:
        """All of them, then none."""
        taken, self._rows = self._rows, []
        return taken

    def all(self) -> KeptRows:
        """All of them, to be read more than once."""
        return KeptRows(self._rows, None)


class KeptRows:
    """Rows as they were before something was written, and what went wrong after them."""

    def __init__(self, rows: list[Row], failure: XanoScriptError | None) -> None:
        self._rows = rows
        self._failure = failure

    def pieces(self) -> Iterator[list[Row]]:
        """The rows from the first one, some at a time."""
        for start in range(0, len(self._rows), PIECE):
            yield self._rows[start : start + PIECE]
        if self._failure is not None:
            raise self._failure


class OpenRows:
    """The rows of a statement that was executed, those that nobody has taken yet. Other runs may settle them."""

    def __init__(self, reading: Callable[[], AbstractContextManager[object]], fetch: Fetch) -> None:
        #: a time in which no other run uses the connection
        self._reading = reading
        self._fetch: Fetch | None = fetch
        self._failure: XanoScriptError | None = None
        #: what the statement cannot do is told where it stands, with the first rows
        self._ahead = self._more()

    def take(self) -> list[Row]:
        """Some rows more; none at the end."""
        with self._reading():
            taken, self._ahead = self._ahead, []
            if not taken and self._failure is not None:
                raise self._failure
            return taken or self._more()

    def all(self) -> KeptRows:
        """All rows that nobody has taken, to be read more than once."""
        self.settle()
        return KeptRows(self._ahead, self._failure)

    @property
    def waiting(self) -> int:
        """How many rows were fetched and not taken."""
        return len(self._ahead)

    def _more(self) -> list[Row]:
        rows = [] if self._fetch is None else self._fetch(PIECE)
        if len(rows) < PIECE:
            self._fetch = None
        return rows

    def settle(self) -> None:
        """Fetch what is left. What goes wrong is told to whoever consumes the rows, which may be another run."""
        with self._reading():
            try:
                while more := self._more():
                    self._ahead += more
            except XanoScriptError as error:
                self._failure, self._fetch = error, None


class QueryStream:
    """The rows of a query one after another; a second look at them asks the database again, or gives what was kept
    when the program wrote something.

    What wants a list has all rows at once, and so has whatever looks at them from then on.
    """

    def __init__(self, ask: Callable[[], OpenRows | ReadyRows], read: Read) -> None:
        self._ask = ask
        self._read = read
        self._rows: OpenRows | ReadyRows | None = ask()
        self._kept: KeptRows | None = None
        self._all: list[Value] | None = None

    def keep(self) -> None:
        """Have all rows for the looks to come, before something is written or undone. They are told what goes wrong."""
        if self._kept is None and self._all is None:
            try:
                rows = self._rows or self._ask()
                self._rows, self._kept = None, rows.all()
            except XanoScriptError as error:
                self._rows, self._kept = None, KeptRows([], error)

    def _pieces(self) -> Iterator[list[Row]]:
        if self._kept is not None:
            yield from self._kept.pieces()
            return
        rows = self._rows or self._ask()
        self._rows = None
        while piece := rows.take():
            yield piece

    def __iter__(self) -> Iterator[Value]:
        if self._all is not None:
            yield from self._all
            return
        for piece in self._pieces():
            yield from self._read(piece)

    def as_value(self) -> list[Value]:
        """All rows as a list."""
        if self._all is None:
            self._all = list(self)
        return list(self._all)
