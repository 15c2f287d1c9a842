"""Which requests are traced, and the traces that the console shows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from xsrun.running.trace import SHOWN, Trace
from xsrun.server.figures import Figures
from xsrun.values.conversion import Value

#: Seconds for which requests are traced after the console was last looked at.
_LOOKED = 300.0
#: Requests of a query that are traced after one that failed.
_AFTER_FAILURE = 20
#: Queries whose failures are remembered.
_MOST_QUERIES = 1_000
#: Statements of a run that are noted, characters of a value, and of all values together.
MOST_STATEMENTS = 5_000
MOST_OF_VALUE = 20_000
MOST_OF_ALL = 2_000_000


class ConsoleTrace(Trace):
    """A trace with values as long as people look at, bounded as a whole: `left_out` counts what came after."""

    def __init__(self) -> None:
        super().__init__(MOST_OF_VALUE)
        self.left_out = 0
        self._room = MOST_OF_ALL

    def start(self, statement: str, line: int, level: int = 0) -> tuple[int, float] | None:
        if len(self.entries) >= MOST_STATEMENTS:
            self.left_out += 1
            return None
        return super().start(statement, line, level)

    def asked(self, kind: str, text: str, seconds: float, rows: int, error: str = "") -> None:
        if len(self.events) < MOST_STATEMENTS:
            super().asked(kind, text[:MOST_OF_VALUE], seconds, rows, error)

    def show(self, value: Value, *, null: bool = False) -> str:
        if self._room <= 0:
            self.shown = SHOWN + 1
        text = super().show(value, null=null)
        self._room -= len(text)
        return text

    def as_dict(self) -> dict[str, Value]:
        """The trace as the page reads it: a list for each statement, call and event, to save room."""
        return {
            "calls": [[one.label, one.file, one.line, one.input, one.after] for one in self.calls],
            "statements": [
                [e.statement, e.call, e.line, e.level, _micro(e.at), _micro(e.seconds), e.variable, e.value, e.ended]
                for e in self.entries
            ],
            "events": [
                [one.kind, one.text, _micro(one.seconds), one.rows, one.after, one.error] for one in self.events
            ],
            "left_out": self.left_out,
        }


def _micro(seconds: float) -> int:
    return round(seconds * 1_000_000)


class Tracing:
    """Decides for each request. Tracing costs a program about as much time as its plain statements take, so requests
    are traced while the console is open, and those of a query that has just failed. `clock` counts seconds."""

    def __init__(self, mode: str = "auto", clock: Callable[[], float] = time.monotonic) -> None:
        self.mode = mode
        self.clock = clock
        self._figures: Figures | None = None
        self._looked = float("-inf")
        self._lock = threading.Lock()
        #: how many requests are still to be traced, by query
        self._failing: dict[str, int] = {}

    def look(self) -> None:
        """Somebody looks at the console."""
        self._looked = self.clock()
        if self._figures is not None:
            self._figures.note(self._looked)

    def share(self, figures: Figures) -> None:
        """Let all processes of a server know when somebody looks; their clocks are one."""
        self._figures = figures

    @property
    def watched(self) -> bool:
        if self.mode != "auto":
            return self.mode == "always"
        looked = self._looked
        if self._figures is not None:
            looked = self._figures.noted or looked
        return self.clock() - looked < _LOOKED

    def wants(self, query: str) -> bool:
        """Is the next request of a query to be traced?"""
        return self.mode != "never" and (self.watched or query in self._failing)

    def trace(self, query: str) -> Trace | None:
        """A trace for the next request of a query, or None."""
        if self.mode == "never":
            return None
        if self.watched:
            return ConsoleTrace()
        if not self._failing:
            return None
        with self._lock:
            left = self._failing.get(query, 0)
            if left <= 1:
                self._failing.pop(query, None)
            else:
                self._failing[query] = left - 1
        return ConsoleTrace() if left else None

    def failed(self, query: str) -> None:
        """A request of a query has failed."""
        if self.mode == "auto":
            with self._lock:
                self._failing.pop(query, None)
                self._failing[query] = _AFTER_FAILURE
                while len(self._failing) > _MOST_QUERIES:
                    del self._failing[next(iter(self._failing))]
