"""What was made once and is kept for the next time, within bounds."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from xsrun.hints import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")


class Bounded(Generic[Key, Made]):
    """Things by key, up to a number of them. When it is full, those of the older half that were not used since go.

    Threads may share it. Using what is there, as the statements of every run do, takes no lock.
    """

    __slots__ = ("_before", "_half", "_lock", "_recent")

    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._lock = threading.Lock()
        self._recent: dict[Key, Made] = {}
        #: the older half: what is used of it becomes recent
        self._before: dict[Key, Made] = {}

    def get(self, key: Key) -> Made | None:
        """What is kept under a key; None when it was never made, or let go."""
        found = self._recent.get(key)
        if found is None and (found := self._before.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: Key, made: Made) -> Made:
        """Keep a thing; returns the one that is kept, which another thread may have made before."""
        with self._lock:
            if len(self._recent) >= self._half:
                self._before, self._recent = self._recent, {}
            return self._recent.setdefault(key, made)

    def values(self) -> list[Made]:
        """Everything that is kept."""
        return list({**self._before, **self._recent}.values())
