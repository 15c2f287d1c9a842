"""The threads that run programs, so that a program that waits does not hold up other requests.

Two things set them apart from `concurrent.futures.ThreadPoolExecutor`: their stack is large enough for programs that
nest deeply, and they end with the process, whereas an executor keeps the process alive until a program that sleeps for
an hour has ended.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import ParamSpec, TypeVar

from xsrun.workspace.deep_calls import USUAL_STACK, start_with_stack

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


#: Threads of programs that sleep, beside those that run.
_MOST_ASLEEP = 1_000


class ThreadPool:
    """Up to `limit` threads for one event loop, started when a call finds none that is idle, and those of
    programs that sleep."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.loop = asyncio.get_running_loop()
        #: what is to be done; None ends a thread
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started = 0
        #: threads whose program sleeps; others may run in their place
        self._asleep = 0
        self._counting = threading.Lock()
        #: calls that run at the moment
        self.running = 0
        #: taken by whoever starts a call that is known to sleep
        self.sleepers = asyncio.Semaphore(limit)

    def run(
        self, function: Callable[Arguments, Returned], *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> asyncio.Future[Returned]:
        """Call a function in a thread; the future has what it returns or raises. To be called on the loop."""
        future: asyncio.Future[Returned] = self.loop.create_future()

        def call() -> None:
            try:
                settle = partial(future.set_result, function(*arguments, **options))
            except BaseException as error:
                settle = partial(future.set_exception, error)
            with suppress(RuntimeError):  # the loop has ended, so nobody waits for the result
                self.loop.call_soon_threadsafe(_unless_done, future, settle)

        self._calls.put(call)
        if not self._idle.acquire(blocking=False):
            self._grow()
        return future

    def _grow(self) -> None:
        """Start another thread, unless enough of them run programs."""
        with self._counting:
            if self._started - self._asleep >= self.limit or self._started >= self.limit + _MOST_ASLEEP:
                return
            self._started += 1
            number = self._started
        start_with_stack(threading.Thread(target=self._work, name=f"xsrun-{number}", daemon=True), USUAL_STACK)

    @property
    def waiting(self) -> int:
        """Calls for which there is no thread yet."""
        return self._calls.qsize()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A time in which the program of this thread waits and does nothing: another one may run in its place."""
        with self._counting:
            self._asleep += 1
        if not self._calls.empty():
            self._grow()
        try:
            yield
        finally:
            with self._counting:
                self._asleep -= 1

    def close(self) -> None:
        """End the threads, each once its program has ended."""
        for _ in range(self._started):
            self._calls.put(None)

    def _work(self) -> None:
        call: Callable[[], None] | None
        while True:
            try:
                call = self._calls.get_nowait()
            except Empty:
                self._idle.release()
                call = self._calls.get()
            if call is None:
                return
            with self._counting:
                self.running += 1
            try:
                call()
            finally:
                with self._counting:
                    self.running -= 1
                    surplus = self._started - self._asleep > self.limit
                    self._started -= surplus
            if surplus:  # more programs woke up than may run: this thread has done its part
                return


def _unless_done(future: asyncio.Future[Returned], settle: Callable[[], None]) -> None:
    if not future.done():  # cancelled because the server is shutting down
        settle()
