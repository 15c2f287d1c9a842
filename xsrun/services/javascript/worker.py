"""One Deno process: started, asked, watched, killed.

The caller's thread writes a request and reads frames until the answer is there; a watchdog thread kills the process
when its time is up, which ends the caller's read. So a call costs no switch between threads, and pipes need no
`select`, which Windows lacks.
"""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NotRequired, TypedDict

import orjson

from xsrun.documents import Json
from xsrun.errors import UnavailableError
from xsrun.services.javascript import engine, libraries, wire
from xsrun.services.javascript.calls import Calls

if sys.platform == "linux":
    import fcntl
    import resource

Log = Callable[[str], None]
Frame = tuple[bytes, bytes]


class ScriptRequest(TypedDict):
    """What the worker is asked; `ask` adds the number. Times are in seconds, `now` in milliseconds."""

    mode: str
    code: str
    timeout: float
    now: int | None
    id: NotRequired[int]


#: Memory that Deno itself takes beside the JavaScript heap, as RLIMIT_DATA counts it (below 600 MB it does not start).
_ENGINE_MEMORY = 768 << 20
#: Bytes of console output read for one call; the worker itself sends no more than about a quarter of it.
_MOST_PRINTED = 16 << 20
#: Bytes a pipe holds, so that most requests are written at once.
_PIPE_SIZE = 1 << 20


_NO_CALLS: Json = {"refused": "network access outside a run"}


class Died(Exception):
    """The process ended before it answered."""

    def __init__(self, *, timed_out: bool, status: int, stderr: str) -> None:
        self.timed_out = timed_out
        self.status = status
        self.stderr = stderr
        super().__init__(stderr)

    @property
    def out_of_memory(self) -> bool:
        return "out of memory" in self.stderr


class Worker:
    """A Deno process that runs one request at a time. Not thread-safe: the pool lends it to one caller."""

    def __init__(self, deno: Path, allow_net: list[str] | None, memory: int, result_limit: int) -> None:
        self.timed_out = False
        self._longest_line = 4 * result_limit + _MOST_PRINTED
        #: whether a call got hold of an object of Deno's own, so that no other call may run here
        self.spent = False
        self._ready = False
        self._count = 0
        self._marker = os.urandom(16).hex().encode()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        windows = sys.platform == "win32"
        try:
            self._process = subprocess.Popen(
                engine.command(deno, allow_net, memory),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=engine.environment(),
                cwd=engine.WORKER.parent,
                start_new_session=not windows,  # Ctrl+C is handled by this process
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            self._stderr.close()
            reason = error.strerror or "the system refuses it"
            raise UnavailableError(f"Deno does not start: {reason}", hint=f"`{deno}` must be an executable") from None
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin = self._process.stdin
        self._stdout = self._process.stdout
        _widen(self._stdin.fileno(), self._stdout.fileno())
        _limit_process(self._process.pid, memory)
        self._greeting = (
            self._marker + b"\n" + orjson.dumps({"resultLimit": result_limit, "network": bool(allow_net)}) + b"\n"
        )

    @property
    def alive(self) -> bool:
        return not self.timed_out and self._process.poll() is None

    def ask(self, request: ScriptRequest, scope: bytes, log: Log | None, calls: Calls | None = None) -> Frame:
        """Run one request and return the frame that answers it. Raises Died, or UnavailableError at the first."""
        self._count += 1
        request["id"] = self._count
        _limit_cpu(self._process.pid, request["timeout"])
        with contextlib.suppress(OSError):  # the reading end is gone; reading tells why
            self._stdin.write(self._greeting + wire.encode(request) + b"\n" + scope + b"\n")
            self._stdin.flush()
        self._greeting = b""
        return self._read(log, calls)

    def _read(self, log: Log | None, calls: Calls | None) -> Frame:
        marker = self._marker
        number = b"%d" % self._count
        printed = 0
        while line := self._stdout.readline(self._longest_line):
            if not line.endswith(b"\n"):
                break  # no answer is that long
            if not line.startswith(marker):
                continue
            kind = line[len(marker) : len(marker) + 1]
            blank = line.find(b" ", len(marker))
            if kind == b"R":
                self._ready = True
            elif line[len(marker) + 1 : blank] != number:
                continue
            elif kind == b"S":
                self.spent = True
            elif kind == b"N":
                self._reply(libraries.source(line[blank + 1 : -1].decode("ascii", "replace")))
            elif kind == b"H":
                self._reply(_NO_CALLS if calls is None else calls.exchange(line[blank + 1 : -1]))
            elif kind == b"L":
                printed += len(line)
                if log is not None and printed < _MOST_PRINTED:
                    log(str(wire.decode(line[blank + 1 :])))
            else:
                return kind, line[blank + 1 : -1]
        raise self._autopsy()

    def _reply(self, answer: Json) -> None:
        with contextlib.suppress(OSError):  # the reading end is gone; reading on tells why
            self._stdin.write(orjson.dumps(answer) + b"\n")
            self._stdin.flush()

    def _autopsy(self) -> Exception:
        self._process.kill()
        status = self._process.wait()
        self._stderr.seek(0)
        stderr = self._stderr.read(1 << 16).decode("utf-8", "replace")
        if not self._ready and not self.timed_out:
            reason = next((line for line in stderr.splitlines() if line.strip("# ")), f"exit status {status}")
            return UnavailableError(
                f"Deno does not start: {reason.strip()}",
                hint=f"xsrun needs Deno {engine.OLDEST} or later: `pip install -U deno`",
            )
        return Died(timed_out=self.timed_out, status=status, stderr=stderr)

    def expire(self) -> None:
        """Kill the process; called by the watchdog. The caller's read ends at once."""
        self.timed_out = True
        self._process.kill()

    def close(self) -> None:
        """Kill the process and wait for its end. It has nothing to finish."""
        self._process.kill()
        self._process.wait()
        self.abandon()

    def abandon(self) -> None:
        """Close our ends only, as in a process forked from the one that owns the worker."""
        for stream in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):  # nobody reads what was still to be written
                stream.close()


def _widen(*pipes: int) -> None:
    """Make room for a whole request and its answer. A system that keeps pipes short is only slower."""
    if sys.platform == "linux":
        for pipe in pipes:
            with contextlib.suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


def _limit_process(pid: int, memory: int) -> None:
    """Bound what V8's heap limit does not: typed arrays and the like. Linux alone can do it from outside."""
    if sys.platform == "linux":
        for kind, amount in (
            (resource.RLIMIT_DATA, memory + _ENGINE_MEMORY),
            (resource.RLIMIT_FSIZE, 64 << 20),
            (resource.RLIMIT_CORE, 0),
        ):
            _, ceiling = resource.prlimit(pid, kind)
            if ceiling == resource.RLIM_INFINITY or amount < ceiling:
                resource.prlimit(pid, kind, (amount, amount))


def _limit_cpu(pid: int, timeout: float) -> None:
    """Let a looping process end by itself if this one is killed before its watchdog can act.

    Standard input at its end stops a worker that reads or waits; one that loops never looks.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):  # it has just died, which the next read will report
            used = time.clock_gettime((~pid << 3) | 2)  # the CPU clock of a process, as clock_getcpuclockid gives it
            _, ceiling = resource.prlimit(pid, resource.RLIMIT_CPU)
            seconds = math.ceil(used + 4 * timeout + 2)  # more than one thread may be at work
            if ceiling == resource.RLIM_INFINITY or seconds < ceiling:
                resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, ceiling))


class Watchdog:
    """A thread that kills workers whose time is up. It sleeps until the nearest deadline known when it fell asleep."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._deadlines: dict[Worker, float] = {}
        self._wake = 0.0
        self._thread: threading.Thread | None = None

    def arm(self, worker: Worker, deadline: float) -> None:
        with self._condition:
            self._deadlines[worker] = deadline
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="xsrun-javascript-watchdog", daemon=True)
                self._thread.start()
            elif deadline < self._wake:
                self._condition.notify()

    def disarm(self, worker: Worker) -> None:
        with self._condition:
            self._deadlines.pop(worker, None)

    def _watch(self) -> None:
        with self._condition:
            while True:
                now = time.monotonic()
                for worker in [worker for worker, deadline in self._deadlines.items() if deadline <= now]:
                    del self._deadlines[worker]
                    worker.expire()
                if not self._deadlines:
                    # nothing to watch since the last wake-up: end; the next call starts another
                    self._thread = None
                    return
                self._wake = min(self._deadlines.values())
                self._condition.wait(self._wake - now)
