"""How far long work has come: a counter on a terminal, which is gone when the work is done; nothing in a pipe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager

from xsrun.hints import TextIO, TypeVar

Item = TypeVar("Item")
#: Seconds that work takes before a counter is worth it, and between two of its numbers.
PATIENCE, PACE = 0.5, 0.1


class Counter:
    """One counter: `checking 120 of 2224`, written over itself."""

    def __init__(self, what: str, total: int, stream: TextIO, clock: Callable[[], float]) -> None:
        self.what = what
        self.total = total
        self.stream = stream
        self.clock = clock
        self._next = clock() + PATIENCE
        self._shown = False

    def at(self, number: int) -> None:
        """Show how much is done, unless that was shown just now."""
        now = self.clock()
        if now < self._next:
            return
        self._next = now + PACE
        self._shown = True
        self.stream.write(f"\r\x1b[K{self.what} {number} of {self.total}")
        self.stream.flush()

    def clear(self) -> None:
        """Take the counter away."""
        if self._shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self._shown = False


#: Where counters are shown: nowhere until a command says so, because Python programs own their terminal themselves.
_stream: TextIO | None = None
_clock: Callable[[], float] = time.monotonic


@contextmanager
def shown_on(stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Show counters on a stream, if it is a terminal."""
    global _stream, _clock
    before = _stream, _clock
    _stream, _clock = (stream if stream is not None and stream.isatty() else None), clock
    try:
        yield
    finally:
        _stream, _clock = before


def tracked(items: Iterable[Item], what: str, total: int | None = None) -> Iterable[Item]:
    """The items one by one, counted on the terminal: `checking 120 of 2224`. Costs nothing where nothing is shown."""
    if _stream is None:
        return items
    count = total if total is not None else len(items) if isinstance(items, Sized) else 0
    return _counted(items, Counter(what, count, _stream, _clock)) if count > 1 else items


def _counted(items: Iterable[Item], counter: Counter) -> Iterator[Item]:
    try:
        for number, item in enumerate(items):
            counter.at(number)
            yield item
    finally:
        counter.clear()


def counter(what: str, total: int) -> Counter | None:
    """A counter for work other than a list; None where nothing is shown."""
    return Counter(what, total, _stream, _clock) if _stream is not None and total > 1 else None
