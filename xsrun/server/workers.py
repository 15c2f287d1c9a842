"""Threads that run programs, so that a program that waits keeps nobody else waiting.

Handing a request to another thread costs more than a small program takes, so as few threads as possible are awake:
one works through what arrives, and others are woken only when it does not get on (a program that sleeps, calls
another machine or waits for the database) while requests wait.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

#: Seconds between two looks at whether the threads get on.
_TICK = 0.005
#: A job that waited longer, in seconds, gets one more thread even though others get done.
_PATIENCE = 0.03
#: Deep recursion of programs needs more than the few hundred kilobytes that some systems give to threads.
_STACK_BYTES = 64 * 1024 * 1024

#: since when it waits, what to run, and where the result goes
Job = tuple[float, Callable[["asyncio.Future[Any]"], Any], "asyncio.Future[Any]"]


class Workers:
    """A pool for one event loop. `limit` is how many programs run at the same time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.loop = asyncio.get_running_loop()
        self._jobs: deque[Job] = deque()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._sleeping: list[threading.Lock] = []
        self._lock = threading.Lock()
        self._threads = 0
        self._awake = 0
        self._flushing = False
        self._closed = False
        self._completed = 0
        self._watching = False
        self._seen = 0

    def run(self, function: Callable[[asyncio.Future[Any]], Any]) -> asyncio.Future[Any]:
        """Run a function in a thread; the future has what it returns or raises. To be called on the loop.

        The function is given the future, so that it can `deliver` a result before it ends.
        """
        future = self.loop.create_future()
        with self._lock:
            self._jobs.append((time.perf_counter(), function, future))
            asleep = not self._awake
        if asleep:
            self._wake(1)
        elif not self._watching:
            self._watching = True
            self._seen = self._completed
            self.loop.call_later(_TICK, self._watch)
        return future

    def close(self) -> None:
        """Let the threads end once they have done what is waiting."""
        self._closed = True
        with self._lock:
            self._awake += len(self._sleeping)
            for lock in self._sleeping:
                lock.release()
            self._sleeping.clear()

    # On the loop ---------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Wake more threads when jobs wait and those that are awake do not get on."""
        try:
            since = self._jobs[0][0]
        except IndexError:
            self._watching = False
            return
        before, self._seen = self._seen, self._completed
        if self._seen == before:
            self._wake(min(len(self._jobs), max(self._awake, 1)))
        elif time.perf_counter() - since > _PATIENCE:
            self._wake(1)
        self.loop.call_later(_TICK, self._watch)

    def _wake(self, number: int) -> None:
        with self._lock:
            for _ in range(min(number, self.limit - self._awake)):
                self._awake += 1
                if self._sleeping:
                    self._sleeping.pop().release()
                else:
                    self._start()

    def _start(self) -> None:
        self._threads += 1
        before = threading.stack_size(_STACK_BYTES)
        try:
            threading.Thread(target=self._work, name=f"xsrun-{self._threads}", daemon=True).start()
        finally:
            threading.stack_size(before)

    def _flush(self) -> None:
        """Hand the results over to those who wait for them."""
        self._flushing = False
        while self._done:
            future, result, error = self._done.popleft()
            if future.done():
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

    # In the threads ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        sleeper = threading.Lock()
        sleeper.acquire()
        while True:
            while self._jobs:
                try:
                    _, function, future = self._jobs.popleft()
                except IndexError:
                    break  # another thread was faster
                self._finish(future, function)
            with self._lock:
                if self._jobs:
                    continue  # one came in between
                self._awake -= 1
                if self._closed:
                    return
                self._sleeping.append(sleeper)
            sleeper.acquire()

    def _finish(self, future: asyncio.Future[Any], function: Callable[[asyncio.Future[Any]], Any]) -> None:
        result: Any = None
        failure: BaseException | None = None
        try:
            result = function(future)
        except BaseException as error:
            failure = error
        self._completed += 1
        self.deliver(future, result, failure)

    def deliver(self, future: asyncio.Future[Any], result: Any, failure: BaseException | None = None) -> None:
        """Give a future its result; only the first one counts."""
        self._done.append((future, result, failure))
        if not self._flushing:
            self._flushing = True
            try:
                self.loop.call_soon_threadsafe(self._flush)
            except RuntimeError:
                return  # the loop has ended: nobody waits any more
