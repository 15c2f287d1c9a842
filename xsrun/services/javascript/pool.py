"""The workers of one service: lent to one thread at a time, started when one more is needed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from xsrun.services.javascript.worker import Watchdog, Worker


class Pool:
    """Up to `size` workers. The one last given back is lent first, so a single thread uses a single process."""

    def __init__(self, start: Callable[[], Worker], size: int) -> None:
        self._start = start
        self._size = size
        self._prepare()

    def _prepare(self) -> None:
        self._owner = os.getpid()
        self._condition = threading.Condition()
        self._idle: list[Worker] = []
        self._lent: set[Worker] = set()
        self._starting = 0
        self.watchdog = Watchdog()

    def _leave_parent(self) -> None:
        """In a forked process: the workers, and the threads that held the locks, are the parent's."""
        if self._owner != os.getpid():
            workers = [*self._idle, *self._lent]
            self._prepare()
            for worker in workers:
                worker.abandon()

    def acquire(self, deadline: float) -> Worker | None:
        """A living worker, or None when all were busy until `deadline` (on the monotonic clock)."""
        self._leave_parent()
        with self._condition:
            while True:
                while self._idle:
                    worker = self._idle.pop()
                    if worker.alive:
                        self._lent.add(worker)
                        return worker
                    worker.close()
                if len(self._lent) + self._starting < self._size:
                    break
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return None
                self._condition.wait(remaining)
            self._starting += 1
        return self._start_one()

    def _start_one(self) -> Worker:
        try:
            worker = self._start()
        except BaseException:
            with self._condition:
                self._starting -= 1
                self._condition.notify()
            raise
        with self._condition:
            self._starting -= 1
            self._lent.add(worker)
        return worker

    def release(self, worker: Worker, *, usable: bool) -> None:
        """Give a worker back; one that is not usable is killed."""
        with self._condition:
            known = worker in self._lent
            self._lent.discard(worker)
            usable = usable and known and not worker.timed_out
            if usable:
                self._idle.append(worker)
            self._condition.notify()
        if not usable:
            worker.close()

    def close(self) -> None:
        """End every process, also of calls under way in other threads."""
        self._leave_parent()
        with self._condition:
            idle, self._idle = self._idle, []
            busy, self._lent = self._lent, set()
        for worker in idle:
            worker.close()
        for worker in busy:
            worker.expire()
