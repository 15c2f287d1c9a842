"""What was made once and is kept for the next time, within bounds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")


class Bounded(Generic[Key, Made]):
    """Things by key, up to a number of them; the least recently used goes first. Threads may share it."""

    __slots__ = ("_kept", "_lock", "_most")

    def __init__(self, most: int) -> None:
        self._kept: OrderedDict[Key, Made] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def get(self, key: Key) -> Made | None:
        """What is kept under a key; None when it was never made, or let go."""
        found = self._kept.get(key)
        if found is not None:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
        return found

    def put(self, key: Key, made: Made) -> Made:
        """Keep a thing; returns the one that is kept, which another thread may have made before."""
        with self._lock:
            kept = self._kept.setdefault(key, made)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kept

    def __len__(self) -> int:
        return len(self._kept)
