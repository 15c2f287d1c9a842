"""Reads of PostgreSQL for runs that may not wait (`xsrun.database.brief`), on the event loop of a server.

A statement is sent on one of a few connections, and the loop goes on with other requests until its rows are there. No
thread is woken, which takes longer than the read itself. What fails, takes too long or finds much is left to a run in a
thread, which tells of it.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from xsrun.database.brief_rows import small
from xsrun.database.connection import Row
from xsrun.database.postgres_connection import CHANNEL, connected
from xsrun.errors import UnavailableError
from xsrun.hints import TYPE_CHECKING
from xsrun.running.at_once import TakesLonger
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from psycopg.abc import Buffer, Transformer
    from psycopg.pq.abc import PGresult

#: Connections for these reads, and statements that are prepared on each.
_LINKS, _MOST_PREPARED = 4, 200
#: How long the server lets a statement run, and wait for a table that somebody has locked, in milliseconds.
_MILLISECONDS, _FOR_A_LOCK = 250, 20
_MARKS = re.compile(r"%[s%]")
_DONE, _ROWS = 1, 2  # psycopg's numbers of what a statement has come to: it gave nothing, it gave rows


class _Read:
    """A statement and its parameters, and where its rows go."""

    __slots__ = ("found", "parameters", "text")

    def __init__(self, text: str, parameters: Sequence[Value], found: asyncio.Future[list[Row]]) -> None:
        self.text = text
        self.parameters = parameters
        self.found = found

    def fail(self) -> None:
        """Let a run in a thread read it."""
        if not self.found.done():
            self.found.set_exception(_Failed())


class _Failed(Exception):
    """A read that did not succeed here: a future takes no other kind of exception well."""


class _Link:
    """A connection, and the read that goes on at it."""

    def __init__(self, url: str, free: Callable[[_Link], None]) -> None:
        from psycopg import adapt

        self.raw = connected(url)
        self.raw.execute(f"LISTEN {CHANNEL}")
        self.raw.execute(f"SET statement_timeout = {_MILLISECONDS}")
        self.raw.execute(f"SET lock_timeout = {_FOR_A_LOCK}")
        self.link = self.raw.pgconn
        self.link.nonblocking = 1
        #: its number stays known when it is lost
        self.socket = self.link.socket
        self._transformer: Transformer = adapt.Transformer(self.raw)
        self._free = free
        self._read: _Read | None = None
        #: the statement that is prepared before it is read, if that is so
        self._sending: tuple[bytes, list[Buffer | None]] | None = None
        self._results: list[PGresult] = []
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._count = 0
        self._writing = False
        #: have tables been changed since somebody looked?
        self.changed = True
        self.lost = False

    def begin(self, read: _Read) -> None:
        """Send a statement, or have it prepared first."""
        from psycopg.adapt import PyFormat

        transformer = self._transformer
        self._read = read
        try:
            values = list(transformer.dump_sequence(read.parameters, [PyFormat.TEXT] * len(read.parameters)))
        except Exception:  # whatever is wrong with it, a run in a thread meets it again, and tells
            self._end(None)
            return
        types = transformer.types or ()
        name = self._names.get((read.text, types))
        try:
            if name is None:
                self._prepare(read.text, types, values)
            else:
                self.link.send_query_prepared(name, values)
            self._send()
        except Exception:  # nobody knows what of it was sent
            self.lost = True
            self._end(None)

    def _send(self) -> None:
        """Send what waits to be sent: what the network takes at once, and the rest when it takes more."""
        loop = asyncio.get_running_loop()
        if self.link.flush():
            self._writing = True
            loop.add_writer(self.socket, self._go_on)
        elif self._writing:
            self._writing = False
            loop.remove_writer(self.socket)

    def _go_on(self) -> None:
        """The network takes more."""
        try:
            self._send()
        except Exception:
            self.lost = True
            self._end(None)

    def _prepare(self, text: str, types: tuple[int, ...], values: list[Buffer | None]) -> None:
        if len(self._names) >= _MOST_PREPARED:
            self.forget()
        self._count += 1
        name = self._names[text, types] = b"brief_%d" % self._count
        numbers = iter(range(1, len(values) + 1))
        numbered = _MARKS.sub(lambda mark: "%" if mark[0] == "%%" else f"${next(numbers)}", text)
        self._sending = name, values
        self.link.send_prepare(name, numbered.encode(), types)

    def forget(self) -> None:
        """Prepare anew what was prepared: columns may have other types now, and too many are in the way."""
        self._names.clear()

    def ready(self) -> None:
        """Something has come from the server."""
        try:
            self.link.consume_input()
            if self._writing:
                self._send()
            while self.link.notifies() is not None:
                self.changed = True
            while self._read is not None and not self.link.is_busy():
                result = self.link.get_result()
                if result is None:
                    self._came()
                else:
                    self._results.append(result)
        except Exception:
            self.lost = True
            self._end(None)

    def _came(self) -> None:
        """All of an answer is there: go on with what was prepared, or give the rows."""
        results, self._results = self._results, []
        if self._sending is not None:
            sending, self._sending = self._sending, None
            if results[-1].status == _DONE:
                self.link.send_query_prepared(*sending)
                self._send()
                return
        if results[-1].status != _ROWS:
            self.forget()  # it may be that what was prepared does not fit its table any more
            self._end(None)
            return
        self._transformer.set_pgresult(results[-1])
        self._end(self._transformer.load_rows(0, results[-1].ntuples, tuple))

    def _end(self, rows: list[Row] | None) -> None:
        read, self._read, self._sending, self._results = self._read, None, None, []
        if read is not None:
            if rows is None or self.changed:
                read.fail()
            elif not read.found.done():
                read.found.set_result(rows)
        self._free(self)

    def close(self) -> None:
        """End the connection, and what goes on at it."""
        read, self._read = self._read, None
        if read is not None:
            read.fail()
        with suppress(Exception):
            self.raw.close()


class PostgresReads:
    """Reads on connections of its own. They are made in a thread, and used on one event loop from then on."""

    awaited = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop: asyncio.AbstractEventLoop | None = None
        #: those that the loop does not know yet, all that it knows, and those of these that do nothing at the moment
        self._new: deque[_Link] = deque()
        self._links: list[_Link] = []
        self._idle: list[_Link] = []
        self._waiting: deque[_Read] = deque()
        self.open()

    def open(self) -> None:
        """Connect as often as is wanted; in a thread, since it takes its time."""
        import psycopg

        with suppress(UnavailableError, psycopg.Error):  # without connections all reads are left to threads
            while len(self._links) + len(self._new) < _LINKS:
                self._new.append(_Link(self._url, self._free))

    def read(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        """Rows are awaited (`fetch`)."""
        raise TakesLonger

    async def fetch(self, text: str, parameters: Sequence[Value]) -> list[Row]:
        """The rows of a statement. Raises TakesLonger."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._use(loop)
        while self._new:
            self._know(loop, self._new.popleft())
        if not self._links:
            raise TakesLonger
        read = _Read(text, parameters, loop.create_future())
        if self._idle:
            self._start(self._idle.pop(), read)
        else:
            self._waiting.append(read)
        try:
            return small(await read.found)
        except _Failed:
            raise TakesLonger from None

    def _use(self, loop: asyncio.AbstractEventLoop) -> None:
        """Another loop has taken the place of the one before, which has ended."""
        self._loop, self._waiting = loop, deque()
        links, self._links, self._idle = self._links, [], []
        for link in links:
            link.close()

    def _know(self, loop: asyncio.AbstractEventLoop, link: _Link) -> None:
        self._links.append(link)
        self._idle.append(link)
        loop.add_reader(link.socket, link.ready)

    def _start(self, link: _Link, read: _Read) -> None:
        if link.changed:  # who answers this one in a thread looks at the tables, which holds for all
            for one in self._links:
                one.changed = False
                one.forget()
            read.fail()
            self._free(link)
        else:
            link.begin(read)

    def _free(self, link: _Link) -> None:
        """A connection has done what it did."""
        if link.lost:
            if link in self._links:
                self._links.remove(link)
                self._idle = [one for one in self._idle if one is not link]
                if self._loop is not None:
                    self._loop.remove_reader(link.socket)
                    self._loop.remove_writer(link.socket)
                link.close()
            while self._waiting and not self._links:
                self._waiting.popleft().fail()
        elif self._waiting:
            self._start(link, self._waiting.popleft())
        elif link not in self._idle:
            self._idle.append(link)

    def close(self) -> None:
        """End the connections; the loop, while it runs, ends its own."""
        if self._loop is not None and not self._loop.is_closed() and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._close)
        else:
            self._close()

    def _close(self) -> None:
        for link in [*self._links, *self._new]:
            if self._loop is not None and not self._loop.is_closed() and link in self._links:
                self._loop.remove_reader(link.socket)
                self._loop.remove_writer(link.socket)
            link.close()
        self._links, self._idle = [], []
        self._new.clear()
        while self._waiting:
            self._waiting.popleft().fail()
