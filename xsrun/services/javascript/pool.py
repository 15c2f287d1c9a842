"""The workers of one service: lent to one thread at a time, started when one more is needed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from xsrun.errors import UnavailableError
from xsrun.services.javascript.worker import Watchdog, Worker

#: Idle workers kept in this process, whatever services they belong to: a workspace that nobody closed costs memory only
#: until so many others came after it.
IDLE_AT_MOST = 8


class _Shared:
    """What all pools of this process have in common: the lock, the idle workers (oldest first), the watchdog."""

    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.idle: dict[Worker, WorkerPool] = {}
        self.watchdog = Watchdog()
        self.owner = os.getpid()


_shared = _Shared()


def shared() -> _Shared:
    """The shared state of this process. In a forked process workers and locks are the parent's: begin anew."""
    global _shared
    if _shared.owner != os.getpid():
        _shared = _Shared()
    return _shared


class WorkerPool:
    """Up to `size` workers. The one last given back is lent first, so a single thread uses a single process."""

    def __init__(self, start: Callable[[], Worker], size: int) -> None:
        self._start = start
        self._size = size
        self._reset()

    def _reset(self) -> None:
        self._owner = os.getpid()
        self._idle: list[Worker] = []
        self._lent: set[Worker] = set()
        self._starting = 0

    def _leave_parent(self) -> None:
        if self._owner != os.getpid():
            workers = [*self._idle, *self._lent]
            self._reset()
            for worker in workers:
                worker.abandon()

    def acquire(self, deadline: float) -> Worker | None:
        """A living worker, or None when all were busy until `deadline` (on the monotonic clock)."""
        self._leave_parent()
        common = shared()
        with common.condition:
            while True:
                while self._idle:
                    worker = self._idle.pop()
                    common.idle.pop(worker, None)
                    if worker.alive:
                        self._lent.add(worker)
                        return worker
                    worker.close()
                if len(self._lent) + self._starting < self._size:
                    break
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return None
                common.condition.wait(remaining)
            self._starting += 1
        return self._start_one(common)

    def _start_one(self, common: _Shared) -> Worker:
        try:
            worker = self._start()
        except BaseException:
            with common.condition:
                self._starting -= 1
                common.condition.notify_all()
            raise
        with common.condition:
            self._starting -= 1
            self._lent.add(worker)
        return worker

    def release(self, worker: Worker, *, usable: bool) -> None:
        """Give a worker back. One that is not usable is killed, and a spent one, too: the one for the next call starts
        at once, and is ready by the time it is asked."""
        common = shared()
        heir: Worker | None = worker
        if usable and worker.spent:
            heir = self._successor(worker)
        surplus = [worker] if heir is not worker else []
        with common.condition:
            known = worker in self._lent
            self._lent.discard(worker)
            if heir is not None and usable and known and not heir.timed_out:
                self._idle.append(heir)
                common.idle[heir] = self
                if len(common.idle) > IDLE_AT_MOST:
                    oldest, owner = next(iter(common.idle.items()))
                    del common.idle[oldest]
                    owner._idle.remove(oldest)
                    surplus.append(oldest)
            elif heir is not None:
                surplus.append(heir)
            common.condition.notify_all()
        for one in surplus:
            one.close()

    def _successor(self, worker: Worker) -> Worker | None:
        worker.expire()
        with suppress(UnavailableError):  # whoever needs it is told
            return self._start()
        return None

    def close(self) -> None:
        """End every process, also of calls under way in other threads."""
        self._leave_parent()
        common = shared()
        with common.condition:
            idle, self._idle = self._idle, []
            busy, self._lent = self._lent, set()
            for worker in idle:
                common.idle.pop(worker, None)
        for worker in idle:
            worker.close()
        for worker in busy:
            worker.expire()
