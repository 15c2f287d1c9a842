"""Threads that run programs, so that a program that waits keeps nobody else waiting.

Only one Python thread runs at a time, and two that want to cost each other more than a small program takes. So as few
as possible want to. One thread works through what arrives; others are woken only when it does not get on (a program
that sleeps, calls another machine or waits for the database) while requests wait. And for programs that are known to be
quick the event loop stands still until they are done, though never for long: then the two take turns undisturbed.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

#: Seconds between two looks at whether the threads get on.
_TICK = 0.005
#: A job that waited longer, in seconds, gets one more thread even though others get done.
_PATIENCE = 0.03
#: Seconds that the event loop stands still at most.
_STAND = 0.005
#: A thread whose job runs for longer, in seconds, will not get to the next one soon.
_STUCK = 0.002
#: Deep recursion of programs needs more than the few hundred kilobytes that some systems give to threads.
_STACK_BYTES = 64 * 1024 * 1024

Found = TypeVar("Found")
Function = Callable[["asyncio.Future[Found]"], Found | None]


class Job(NamedTuple, Generic[Found]):
    """Since when it waits, what to run, where the result goes, and whether it is known to be quick."""

    since: float
    function: Function[Found]
    future: asyncio.Future[Found]
    quick: bool


class Thread:
    """A thread of the pool: what it sleeps on, and when its job began (0: it has none)."""

    __slots__ = ("began", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()
        self.began = 0.0


class Workers:
    """A pool for one event loop. `limit` is how many programs run at the same time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.loop = asyncio.get_running_loop()
        self._jobs: deque[Job[Any]] = deque()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        #: guards the threads and the number of quick jobs
        self._lock = threading.Lock()
        self._threads: list[Thread] = []
        self._sleeping: list[Thread] = []
        self._closed = False
        #: whether the loop will look at what is done without being told
        self._flushing = False
        self._completed = 0
        self._watching = False
        self._seen = 0
        #: quick jobs that wait or run, whether the loop stands still for them, and what it stands on
        self._quick = 0
        self._standing = False
        self._settling = False
        self._settled = threading.Lock()
        self._settled.acquire()

    @property
    def _awake(self) -> int:
        return len(self._threads) - len(self._sleeping)

    def run(self, function: Function[Found], *, quick: bool = False) -> asyncio.Future[Found]:
        """Run a function in a thread; the future has what it returns or raises. To be called on the loop.

        The function is given the future, so that it can `deliver` a result before it ends. `quick`: it has never taken
        long.
        """
        future: asyncio.Future[Found] = self.loop.create_future()
        with self._lock:
            self._jobs.append(Job(time.perf_counter(), function, future, quick))
            self._quick += quick
            asleep = not self._awake
        if quick:
            if not self._settling:
                self._settling = True
                self.loop.call_soon(self._settle)
        elif asleep:
            self._wake(1)
        else:
            self._begin_to_watch()
        return future

    def close(self) -> None:
        """Let the threads end once they have done what is waiting."""
        self._closed = True
        with self._lock:
            for thread in self._sleeping:
                thread.lock.release()
            self._sleeping.clear()

    # On the loop ---------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Stand still until the quick jobs are done, or for as long as is bearable."""
        self._settling = False
        self._flushing = True
        late = time.perf_counter() - _STUCK
        with self._lock:
            usable = sum(not 0 < one.began < late for one in self._threads) - len(self._sleeping)
            self._standing = self._quick > 0
        if usable < 1:
            self._wake(1)
        if self._standing:
            in_time = self._settled.acquire(timeout=_STAND)
            with self._lock:
                self._standing = False
                if not in_time:
                    self._settled.acquire(blocking=False)  # it came just after
        self._flush()
        if self._jobs:
            self._begin_to_watch()

    def _begin_to_watch(self) -> None:
        if not self._watching:
            self._watching = True
            self._seen = self._completed
            self.loop.call_later(_TICK, self._watch)

    def _watch(self) -> None:
        """Wake more threads when jobs wait and those that are awake do not get on."""
        try:
            since = self._jobs[0].since
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
                if self._sleeping:
                    self._sleeping.pop().lock.release()
                else:
                    self._start()

    def _start(self) -> None:
        thread = Thread()
        self._threads.append(thread)
        before = threading.stack_size(_STACK_BYTES)
        try:
            name = f"xsrun-{len(self._threads)}"
            threading.Thread(target=self._work, args=(thread,), name=name, daemon=True).start()
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

    def _work(self, thread: Thread) -> None:
        while True:
            while self._jobs:
                try:
                    job = self._jobs.popleft()
                except IndexError:
                    break  # another thread was faster
                thread.began = time.perf_counter()
                self._perform(job)
                thread.began = 0.0
            with self._lock:
                if self._jobs:
                    continue  # one came in between
                if self._closed:
                    self._threads.remove(thread)
                    return
                self._sleeping.append(thread)
            thread.lock.acquire()

    def _perform(self, job: Job[Found]) -> None:
        result: Found | None = None
        failure: BaseException | None = None
        try:
            result = job.function(job.future)
        except BaseException as error:
            failure = error
        self._completed += 1
        self.deliver(job.future, result, failure)
        if job.quick:
            with self._lock:
                self._quick -= 1
                if self._standing and not self._quick:
                    self._standing = False
                    self._settled.release()

    def deliver(
        self, future: asyncio.Future[Found], result: Found | None, failure: BaseException | None = None
    ) -> None:
        """Give a future its result; only the first one counts."""
        self._done.append((future, result, failure))
        if not self._flushing:
            self._flushing = True
            try:
                self.loop.call_soon_threadsafe(self._flush)
            except RuntimeError:
                return  # the loop has ended: nobody waits any more
