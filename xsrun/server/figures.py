"""Figures that the processes of a server share: what each counts lies in memory that all of them see.

The parent of the processes (`xsrun.server.supervisor`) makes the memory and gives each process a slot in it. Only that
process writes there, so that counting needs no lock between them; everyone reads all slots. A slot outlives its
process: what one that was killed has counted stays counted, and the next process in the slot counts on. The memory is a
file without a name: pages that nobody wrote to take no room, and nothing is left behind.

prometheus_client shares figures too, by a file for each process that there ever was: each scrape reads all of them,
they outlive the server, a variable of the process has to name their folder before the package is imported, every server
needs the package then, and a request costs five times as much as here.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterator

#: Bytes of a slot, and of what stands before the first one and belongs to all.
_SLOT, _COMMON = 2 * 1024 * 1024, mmap.ALLOCATIONGRANULARITY
_WORD = 8
#: Words of a slot: how many are in use, gauges, then one record after another.
_USED, _GAUGES = 0, 1
GAUGES = 6
_HEAD = _GAUGES + GAUGES
#: Words that are left for what finds no room under its own name.
_RESERVE = 4096
_OTHERS = "(others)"
#: What is counted together: query, status.
Key = tuple[str, int]


def size_for(slots: int) -> int:
    """Bytes of a memory with so many slots."""
    return _COMMON + slots * _SLOT


class Figures:
    """Counters and gauges in shared memory: those of this process in its slot, and those of all.

    `descriptor` is the file that is shared; without one the memory is this process's own. A record of the counters of a
    key holds `counters` whole numbers and a sum.
    """

    def __init__(self, counters: int, descriptor: int | None = None, slot: int = 0) -> None:
        size = size_for(1) if descriptor is None else os.fstat(descriptor).st_size
        memory = mmap.mmap(-1 if descriptor is None else descriptor, size)
        self._counters = counters
        #: the same memory as whole numbers and as decimals
        self._words, self._numbers = memoryview(memory).cast("Q"), memoryview(memory).cast("d")
        self._slots = range(_COMMON // _WORD, size // _WORD, _SLOT // _WORD)
        self._start = self._slots[slot]
        self._lock = threading.Lock()
        self._places = dict(self._records(self._start))
        self.let_go(slot)

    def let_go(self, slot: int) -> None:
        """What a process in a slot had at the moment is no more; what it counted stays."""
        start = self._slots[slot]
        for place in range(start + _GAUGES, start + _HEAD):
            self._numbers[place] = 0.0

    def add(self, key: Key, counter: int, amount: float) -> None:
        """Count one more in a counter of a key, and add to its sum."""
        with self._lock:
            place = self._places.get(key)
            if place is None:
                place = self._made(key)
            self._words[place + counter] += 1
            self._numbers[place + self._counters] += amount

    def _made(self, key: Key, reserve: int = _RESERVE) -> int:
        """The place of a new record; where there is no room for it, that of all others with its status."""
        name = f"{key[1]} {key[0]}".encode()
        length = 1 + -(-len(name) // _WORD) + self._counters + 1
        used = max(self._words[self._start + _USED], _HEAD)
        if used + length > _SLOT // _WORD - reserve:
            others = (_OTHERS, key[1])
            return self._places.get(others) or self._made(others, 0)
        begin = self._start + used
        text = name.ljust((length - self._counters - 2) * _WORD)
        self._words[begin] = len(name)
        for number in range(len(text) // _WORD):
            self._words[begin + 1 + number] = int.from_bytes(text[number * _WORD : (number + 1) * _WORD], "little")
        self._words[self._start + _USED] = used + length  # it is there for others from now on
        place = self._places[key] = begin + length - self._counters - 1
        return place

    def _records(self, start: int) -> Iterator[tuple[Key, int]]:
        """The keys in a slot, and where their counters are."""
        place, end = start + _HEAD, start + self._words[start + _USED]
        while place < end and (size := self._words[place]):
            words = -(-size // _WORD)
            text = b"".join(self._words[place + 1 + n].to_bytes(_WORD, "little") for n in range(words))
            status, _, query = text[:size].decode().partition(" ")
            place += 1 + words
            yield (query, int(status)), place
            place += self._counters + 1

    def totals(self) -> dict[Key, tuple[list[int], float]]:
        """The counters and the sum of each key, of all processes that there were."""
        found: dict[Key, tuple[list[int], float]] = {}
        for start in self._slots:
            for key, place in self._records(start):
                counters, amount = found.get(key, ([0] * self._counters, 0.0))
                own = self._words[place : place + self._counters]
                together = [one + other for one, other in zip(counters, own, strict=True)]
                found[key] = together, amount + self._numbers[place + self._counters]
        return found

    def set_gauge(self, number: int, value: float) -> None:
        """Note what one of the gauges of this process is at the moment."""
        self._numbers[self._start + _GAUGES + number] = value

    def gauge(self, number: int) -> float:
        """The gauge of all processes together."""
        return sum(self._numbers[start + _GAUGES + number] for start in self._slots)

    def note(self, moment: float) -> None:
        """Note a moment for all processes: when somebody looked at the console."""
        self._numbers[0] = moment

    @property
    def noted(self) -> float:
        """The moment that a process noted last; 0 where none has."""
        return self._numbers[0]
