"""JavaScript for `api.lambda` and the `lambda_*` filters, run by Deno in a process without permissions (semantics 6.2).

Nothing starts before the first call. A worker process then stays for the next ones; each call gets a fresh realm that
shares no object with another's, and one that takes an object of Deno's own has its process to itself. A process that
does not answer in time is killed and replaced at the next use. What a lambda may not have (files,
environment, processes, packages, addresses that are not allowed) it is refused twice: by the realm, which has no way to
ask, and by Deno's permissions.
"""

from __future__ import annotations

import time
import weakref
from pathlib import Path

from xsrun.errors import LimitError
from xsrun.hints import TYPE_CHECKING, Literal
from xsrun.services.javascript import engine, wire
from xsrun.services.javascript.calls import Calls
from xsrun.services.javascript.outcomes import Crashed, Garbled, Outcome, Refused, Thrown, TimedOut, TooLarge, Value
from xsrun.services.javascript.pool import WorkerPool, shared
from xsrun.services.javascript.worker import Died, Log, ScriptRequest, Worker

if TYPE_CHECKING:
    from xsrun.values import conversion

__all__ = ["JavaScript", "Mode", "Outcome", "Value", "Thrown", "TimedOut", "Crashed", "Garbled", "Refused", "TooLarge"]

Mode = Literal["map", "filter", "some", "every", "find", "findIndex", "reduce"]

#: How the worker goes through a list for a mode. It answers positions, so that elements stay exactly what they were.
_WORKER_MODES: dict[str, str] = {"some": "find", "findIndex": "find"}

DEFAULT_TIMEOUT = 10.0
DEFAULT_MEMORY = 256 << 20
DEFAULT_RESULT_LIMIT = 64_000_000
_LONGEST_TIMEOUT = 1e6  # seconds; timers of the operating system and of JavaScript end not far above


class JavaScript:
    """Runs JavaScript and TypeScript bodies. Safe to use from several threads at once.

    `allow_net`: hosts, with or without a port, that `fetch` may reach; `["*"]` for all, None for none. `memory`: bytes
    the JavaScript heap of a process may hold. `timeout`: seconds for calls that name none. `workers`: processes at
    most. `result_limit`: characters of JSON that a result may have.
    """

    def __init__(
        self,
        *,
        allow_net: list[str] | None = None,
        memory: int = DEFAULT_MEMORY,
        timeout: float = DEFAULT_TIMEOUT,
        workers: int = 4,
        result_limit: int = DEFAULT_RESULT_LIMIT,
        executable: Path | None = None,
    ) -> None:
        self.timeout = timeout
        self._memory = memory
        self._result_limit = result_limit

        def start() -> Worker:
            return Worker(executable or engine.find_deno(), allow_net, memory, result_limit)

        self._pool = WorkerPool(start, workers)
        self._finalizer = weakref.finalize(self, self._pool.close)  # also at the interpreter's exit

    def call(
        self,
        code: str,
        scope: dict[str, conversion.Value],
        *,
        timeout: float | None = None,
        remaining: float | None = None,
        now: int | None = None,
        log: Log | None = None,
        calls: Calls | None = None,
    ) -> conversion.Value:
        """Run a function body and return what it returns; for a body that throws, the text of its error.

        `scope` holds what the body sees: `$input`, `$var`, `$auth`, `$env`, `$this`, `$index`, `$parent`, `$result`.
        `timeout` and `remaining`, the rest of the run's own time, are seconds; `now`, in milliseconds since the epoch,
        is what `Date` starts from instead of the real time. `log` gets each line of the console. `calls` sends what
        `axios` sends.

        Raises XanoScriptError for a timeout or a crash, LimitError when the run's time is over or the result too
        large, UnavailableError when there is no Deno or the code asks for what it may not have.
        """
        allowed = self._allowed(timeout, remaining)
        return self._settle(
            self.run(code, scope, timeout=allowed, now=now, log=log, calls=calls), code, remaining, log, calls
        )

    def map(
        self,
        code: str,
        scope: dict[str, conversion.Value],
        elements: list[conversion.Value],
        *,
        mode: Mode = "map",
        initial: conversion.Value = None,
        timeout: float | None = None,
        remaining: float | None = None,
        now: int | None = None,
        log: Log | None = None,
        calls: Calls | None = None,
    ) -> conversion.Value:
        """Run a body for each element as `$this`, with `$index` and `$parent`, all in one request.

        Gives what JavaScript's array method of the mode's name would: a list, a bool, an element (null if none), an
        index (-1 if none) or, from `initial` as the first `$result`, the last result. A body that throws ends it,
        and the error's text is the value. `timeout` is for the whole list. Raises what `call` raises.
        """
        scope = {**scope, "$parent": elements}
        if mode == "reduce":
            scope["$result"] = initial
        allowed = self._allowed(timeout, remaining)
        outcome = self.run(
            code, scope, mode=_WORKER_MODES.get(mode, mode), timeout=allowed, now=now, log=log, calls=calls
        )
        answer = self._settle(outcome, code, remaining, log, calls)
        if not isinstance(outcome, Value):
            return answer
        return _choose(mode, elements, answer)

    def run(
        self,
        code: str,
        scope: dict[str, conversion.Value],
        *,
        mode: str = "call",
        timeout: float | None = None,
        now: int | None = None,
        log: Log | None = None,
        calls: Calls | None = None,
    ) -> Outcome:
        """Run a body and return what came of it. Raises only for want of an engine, or of JSON for a value."""
        seconds = min(self.timeout if timeout is None else timeout, _LONGEST_TIMEOUT)
        deadline = time.monotonic() + seconds
        data = wire.encode(scope)
        if calls is not None:
            calls.deadline = deadline
        worker = self._pool.acquire(deadline)
        if worker is None:
            return TimedOut(seconds)
        watchdog = shared().watchdog
        watchdog.arm(worker, deadline)
        usable = False
        try:
            request: ScriptRequest = {"mode": mode, "code": code, "timeout": seconds, "now": now}
            kind, payload = worker.ask(request, data, log, calls)
            usable = True
        except Died as death:
            if death.timed_out:
                return TimedOut(seconds)
            return Crashed(death.status, death.out_of_memory, self._memory)
        finally:
            watchdog.disarm(worker)
            self._pool.release(worker, usable=usable)
        return self._outcome(kind, payload)

    def close(self) -> None:
        """End the processes. A later call starts a new one."""
        self._pool.close()

    def _outcome(self, kind: bytes, payload: bytes) -> Outcome:
        try:
            if kind == b"T":
                return TooLarge(int(payload), self._result_limit)
            value = wire.decode(payload)
        except ValueError:
            return Garbled()
        if kind == b"V":
            return Value(value)
        if kind == b"X":
            return Refused(str(value))
        return wire.thrown(value) or Garbled()

    def _allowed(self, timeout: float | None, remaining: float | None) -> float:
        seconds = timeout if timeout is not None and timeout > 0 else self.timeout
        return max(0.0, seconds if remaining is None else min(seconds, remaining))

    @staticmethod
    def _settle(
        outcome: Outcome, code: str, remaining: float | None, log: Log | None, calls: Calls | None
    ) -> conversion.Value:
        """The value an outcome stands for in XanoScript, or its error raised."""
        if isinstance(outcome, Refused) and calls is not None and outcome.what in calls.refused:
            raise calls.refused[outcome.what]
        if isinstance(outcome, Value):
            return outcome.value
        if isinstance(outcome, Thrown):
            if log is not None:
                log(outcome.describe())
            return outcome.value(code)
        if isinstance(outcome, TimedOut) and remaining is not None and outcome.seconds >= remaining:
            raise LimitError("The run reached its time limit while JavaScript was at work.")
        raise outcome.error()


def _choose(mode: Mode, elements: list[conversion.Value], answer: conversion.Value) -> conversion.Value:
    """Positions answered by the worker, as the value of the mode."""
    if mode == "filter":
        return [elements[index] for index in answer]
    if mode == "some":
        return answer >= 0
    if mode == "find":
        return elements[answer] if answer >= 0 else None
    return answer
