"""Interrupts programs that pass a limit of time or memory inside a statement, wherever their Python code is.

The limits are looked at between the steps of a program (`Context.tick`), which does not help while one filter goes
through millions of elements. So one thread of the process looks at every run that goes on, a hundred times a second,
and raises `Interruption` in the thread of one that has passed its deadline or its memory. It sleeps while nothing
runs. What is one call of C is not interrupted before it returns: such calls are bounded by the sizes they work on.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from xsrun.errors import LimitError
from xsrun.hints import ParamSpec, TypeVar
from xsrun.running.context import Context, resident_memory

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")

#: Seconds between two looks.
_INTERVAL = 0.01
#: How often it looks while nothing runs before it sleeps until something does: waking it costs more than a small run.
_IDLE_LOOKS = 100
#: Seconds until a run that goes on is interrupted again: an exception inside a callback of C may get lost.
_REPEAT = 2.0
#: Seconds for which a run is spared while it is in code that may hold a lock or a connection.
_PATIENCE = 1.0
#: Modules that take locks, connections and the like, and release them, in steps of their own.
_HOLDING = frozenset(
    (
        "_frozen_importlib",
        "_frozen_importlib_external",
        "asyncio",
        "concurrent",
        "contextlib",
        "http",
        "httpcore",
        "httpx",
        "importlib",
        "logging",
        "multiprocessing",
        "psycopg",
        "psycopg_pool",
        "queue",
        "redis",
        "select",
        "selectors",
        "socket",
        "sqlalchemy",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
    )
)
_HOLDING_ROOMS = (
    "xsrun.database",
    "xsrun.server",
    "xsrun.services.javascript",
    "xsrun.services.http",
    "xsrun.services.cache",
    "xsrun.services.files",
    "xsrun.services.key_store",
    "xsrun.workspace.services",
)


class Interruption(BaseException):
    """Raised by the watchdog in the thread of a run. Not an `Exception`: what handles errors must let it pass."""


class Watch:
    """One run that goes on: its context, and the thread it is in."""

    __slots__ = ("again_at", "context", "passed", "spared_until", "thread")

    def __init__(self, context: Context, thread: int) -> None:
        self.context = context
        self.thread = thread
        #: the limit it was interrupted for, if it was
        self.passed: LimitError | None = None
        self.again_at = float("-inf")
        self.spared_until: float | None = None


def raise_in_thread(thread: int, kind: type[BaseException]) -> None:
    """Raise an exception in a thread as soon as it runs Python code, in place of one that waits there."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))


def take_back() -> None:
    """Drop an interruption that may still wait in this thread: let one arrive here.

    CPython takes one back itself when it is given none to raise, but until 3.12 that leaves a flag set, for which it
    looks between all instructions from then on, and under a tracer or profiler without end at the first one of a
    function.
    """
    try:
        raise_in_thread(threading.get_ident(), Interruption)
        while True:
            pass
    except Interruption:
        return


def without_interruptions(tell: Callable[[sys.UnraisableHookArgs], object]) -> Callable[[sys.UnraisableHookArgs], None]:
    """What is told of exceptions that nobody can catch, but for interruptions that met a callback of Python's own, as
    when something is freed: these are raised again."""

    def hook(lost: sys.UnraisableHookArgs) -> None:
        if not isinstance(lost.exc_value, Interruption):
            tell(lost)

    return hook


class LimitWatchdog:
    """The runs of this process that go on, and the thread that looks at them, started with the first."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        memory: Callable[[], int] = resident_memory,
        interrupt: Callable[[int, type[BaseException]], None] = raise_in_thread,
        take_back: Callable[[], None] = take_back,
        pause: Callable[[float | None], None] | None = None,
    ) -> None:
        self.clock = clock
        self.memory = memory
        self.interrupt = interrupt
        self.take_back = take_back
        self._pause = pause or self._sleep
        self.watches: dict[int, Watch] = {}
        #: whether the next run has to start or wake the thread
        self.sleeps = True
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None

    def watched(
        self,
        context: Context,
        function: Callable[Arguments, Found],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Found:
        """Call a function that runs a program in this context. Raises LimitError when it was interrupted."""
        watch = Watch(context, threading.get_ident())
        try:
            try:
                self.watches[id(watch)] = watch
                if self.sleeps:
                    self._wake()
                return function(*arguments, **options)
            finally:
                self._end(watch)
        except Interruption as interruption:
            self._end(watch)  # again, since it may have arrived before the first call did anything
            if watch.passed is None:
                raise  # it is for a run around this one
            raise watch.passed.with_traceback(_first(interruption).__traceback__) from None

    def _end(self, watch: Watch) -> None:
        with self._lock:
            self.watches.pop(id(watch), None)
            if watch.passed is not None:
                self.take_back()

    def look(self) -> None:
        """Interrupt the runs that have passed a limit."""
        moment, memory = self.clock(), self.memory()
        with self._lock:
            for watch in list(self.watches.values()):
                passed = watch.context.passed_limit(moment, memory)
                if passed is None or moment < watch.again_at or self._spares(watch, moment):
                    continue
                watch.passed = watch.passed or passed
                watch.again_at = moment + _REPEAT
                self.interrupt(watch.thread, Interruption)

    def _spares(self, watch: Watch, moment: float) -> bool:
        if watch.spared_until is None:
            watch.spared_until = moment + _PATIENCE
        return moment < watch.spared_until and holds_something(sys._current_frames().get(watch.thread))

    def _wake(self) -> None:
        with self._lock:
            if self._thread is None:
                sys.unraisablehook = without_interruptions(sys.unraisablehook)
                self._thread = threading.Thread(target=self.patrol, name="xsrun-watchdog", daemon=True)
                self._thread.start()
            self.sleeps = False
            self._awake.set()

    def patrol(self) -> None:
        """Look again and again, without end; what the thread does."""
        idle = 0
        while True:
            self._pause(_INTERVAL)
            if self.watches:
                idle = 0
                self.look()
                continue
            idle += 1
            if idle > _IDLE_LOOKS:
                self._awake.clear()
                self.sleeps = True
                if not self.watches:  # else a run has begun that saw the thread awake
                    self._pause(None)
                self.sleeps = False
                idle = 0

    def _sleep(self, seconds: float | None) -> None:
        if seconds is None:
            self._awake.wait()
        else:
            time.sleep(seconds)


def _first(interruption: BaseException) -> BaseException:
    """The interruption that met the program: another one may follow while it leaves the program."""
    while isinstance(interruption.__context__, Interruption):
        interruption = interruption.__context__
    return interruption


def holds_something(frame: FrameType | None) -> bool:
    """Is a thread in code that may hold a lock or a connection, called by the innermost frame of a program?"""
    while frame is not None:
        module = frame.f_globals.get("__name__")
        if module is None or module == __name__:  # code that was generated belongs to no module
            return False
        if module.partition(".")[0] in _HOLDING or module.startswith(_HOLDING_ROOMS):
            return True
        frame = frame.f_back
    return False


_watchdog = LimitWatchdog()


def watched(
    context: Context, function: Callable[Arguments, Found], *arguments: Arguments.args, **options: Arguments.kwargs
) -> Found:
    """Call a function that runs a program in this context. Raises LimitError when the program was interrupted."""
    if context.at_once:  # over before anybody could look
        return function(*arguments, **options)
    return _watchdog.watched(context, function, *arguments, **options)


def _start_anew() -> None:
    global _watchdog
    _watchdog = LimitWatchdog()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)  # a child process has no thread but the one that forked
