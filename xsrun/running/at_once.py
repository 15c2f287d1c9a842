"""Runs that are carried out where nothing may wait: on the event loop of a server.

Only programs that are proved to be over in a moment (`xsrun.evaluator.brevity`) begin so, and these read at most. What
the proof takes for granted, and does not turn out, ends such a run: it is begun anew in a thread of its own, where it
may wait. Nobody has seen anything of it by then.
"""

from __future__ import annotations

from collections.abc import Sequence

from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from xsrun.values.conversion import Value

#: Where a run that may not wait has the rows that came for it so far, in its scratch room.
CAME = "rows that came"


class TakesLonger(BaseException):
    """Raised where a run that may not wait would have to. Not an `Exception`: what handles errors lets it pass."""


class Awaits(BaseException):
    """Raised where a run needs rows that are on their way once somebody asks: it is begun anew when they are there."""

    def __init__(self, text: str, parameters: Sequence[Value]) -> None:
        super().__init__()
        self.text = text
        self.parameters = parameters


class RowsThatCame:
    """The rows that came for a run, in the order in which it asks for them each time that it is begun anew."""

    __slots__ = ("_known", "_next")

    def __init__(self) -> None:
        self._known: list[tuple[str, list[Value], list[tuple[Value, ...]]]] = []
        self._next = 0

    def begin(self) -> RowsThatCame:
        """The run begins."""
        self._next = 0
        return self

    def add(self, asked: Awaits, rows: list[tuple[Value, ...]]) -> None:
        """Rows have come for what was asked last."""
        self._known.append((asked.text, list(asked.parameters), rows))

    def read(self, text: str, parameters: Sequence[Value]) -> list[tuple[Value, ...]]:
        """The rows of the next statement of the run. Raises Awaits for the first that is not known, and TakesLonger for
        another one than it was the last time: the clock, or chance, decides what is read."""
        if self._next == len(self._known):
            raise Awaits(text, parameters)
        known, given, rows = self._known[self._next]
        if known != text or given != list(parameters):
            raise TakesLonger
        self._next += 1
        return rows
