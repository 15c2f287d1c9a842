"""Several server processes on one socket: `xsrun serve --workers N`.

The parent opens the socket, starts the workers with the command that it was started with, and looks after them: one
that dies is replaced, SIGHUP replaces all of them one after another, SIGTERM and Ctrl+C end them. It learns of a worker
through a pipe that only that worker writes to: an empty line says that it serves, another holds what all workers have
to say and the parent tells once, and the end of the pipe says that it is gone, however it went. A second pipe tells the
workers when the parent is gone, so that none is left behind.

uvicorn has a supervisor of its own; it asks its workers for a sign of life twice a second, and wants an application
that each of them can import, where a workspace has to be loaded with the options of the command line.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from xsrun.server.figures import Figures, size_for
from xsrun.server.log import Log
from xsrun.server.metrics import INTERVALS

#: The variable that makes a process a worker: `NUMBER:FIRST:SOCKET:READY:PARENT:FIGURES:SLOT`, four of them file
#: descriptors.
_VARIABLE = "XSRUN_SERVER_WORKER"
#: Workers that may fail one after another while none serves; then the server gives up.
_MOST_FAILURES = 3
#: Seconds before a worker that failed is started again while others serve: twice as long each time, up to the second.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
#: Seconds that workers have to end before they are killed.
_GRACE = 15
#: Slots for workers that end while others have taken their place, beside four for each worker.
_MORE_SLOTS = 64
#: Things that were told and are remembered, so that they are told once.
_MOST_TOLD = 100
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")


@dataclass(frozen=True, slots=True)
class ServerWorker:
    """What a worker process knows of itself."""

    number: int
    #: is it the one that tells of the server on the terminal
    first: bool
    socket: socket.socket
    ready: int
    #: what the workers count, and where this one does
    figures: Figures
    writing: threading.Lock = field(default_factory=threading.Lock)

    def serves(self) -> None:
        """Tell the parent that requests are answered from now on."""
        self._send(b"\n")

    def share(self, key: str, lines: list[str]) -> None:
        """Let the parent tell what the others have to say as well (see `Log.alike`)."""
        if lines:
            self._send(json.dumps([key, lines]).encode() + b"\n")

    def _send(self, message: bytes) -> None:
        with self.writing, suppress(BrokenPipeError):  # without a parent this process ends at once
            while message:
                message = message[os.write(self.ready, message) :]


def is_worker() -> bool:
    """Was this process started by a supervisor?"""
    return _VARIABLE in os.environ


def this_worker() -> ServerWorker | None:
    """What this process is as a worker, or None. It ends, as if it was told to stop, when its parent is gone."""
    told = os.environ.pop(_VARIABLE, None)
    if told is None:
        return None
    number, first, listening, ready, parent, figures, slot = map(int, told.split(":"))

    def follow() -> None:
        os.read(parent, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()
    bound = socket.socket(fileno=listening)
    bound.setblocking(False)
    return ServerWorker(number, bool(first), bound, ready, Figures(INTERVALS, figures, slot))


@dataclass(slots=True, eq=False)
class Process:
    """A worker as the parent sees it. `pipe` is where it says that it serves; `replaces` ends once it does."""

    number: int
    process: subprocess.Popen[bytes]
    pipe: int
    #: where it counts
    slot: int
    serves: bool = False
    replaces: Process | None = None
    #: told to end
    ending: bool = False
    #: the beginning of a line that has not come whole
    begun: bytes = b""


class ToldOnce:
    """What workers have said, and which of them, so that it is told once; a worker that says it again means anew."""

    def __init__(self) -> None:
        self._by: dict[str, set[Process]] = {}

    def is_new(self, key: str, worker: Process) -> bool:
        """Has no other worker said this since it was told?"""
        by = self._by.get(key)
        if by is not None and worker not in by:
            by.add(worker)
            return False
        self._by.pop(key, None)
        self._by[key] = {worker}
        while len(self._by) > _MOST_TOLD:
            del self._by[next(iter(self._by))]
        return True


class Supervisor:
    """Starts `count` workers on a socket and keeps as many until it is told to stop."""

    def __init__(self, bound: socket.socket, count: int, log: Log) -> None:
        self.bound = bound
        self.count = count
        self.log = log
        self._told = ToldOnce()
        #: what the workers count: a file without a name, so that nothing of it is left behind
        self._memory = tempfile.TemporaryFile()  # noqa: SIM115
        slots = _MORE_SLOTS + 4 * count
        self._memory.truncate(size_for(slots))
        self._slots = set(range(1, slots))
        self._figures = Figures(INTERVALS, self._memory.fileno(), 0)
        self._selector = selectors.DefaultSelector()
        self._workers: set[Process] = set()
        #: numbers of the workers that are still to be replaced
        self._to_replace: list[int] = []
        self._failures = 0
        #: when to start workers again that failed, by their number
        self._later: dict[int, float] = {}
        #: has a worker served yet; the others are started then, so that one alone makes tables and puts rows into them
        self._begun = False
        self._status: int | None = None
        self._alive, self._life = os.pipe()

    def run(self) -> int:
        """Serve until told to stop; returns the exit status."""
        signals, written = os.pipe()
        os.set_blocking(written, False)
        before = signal.set_wakeup_fd(written)
        handlers = {name: signal.signal(getattr(signal, name), lambda *_: None) for name in _SIGNALS}
        self._selector.register(signals, selectors.EVENT_READ)
        try:
            self._start(1)
            while self._workers:
                for key, _ in self._selector.select(self._pause()):
                    if key.fd == signals:
                        for one in os.read(signals, 64):
                            self._signalled(one)
                    else:
                        self._heard(key.data)
                self._start_again()
        finally:
            self._end(signal.SIGKILL)
            signal.set_wakeup_fd(before)
            for name, handler in handlers.items():
                signal.signal(getattr(signal, name), handler)
            self._selector.close()
            for descriptor in (signals, written, self._alive, self._life):
                os.close(descriptor)
            self._memory.close()
        return self._status or 0

    def _start(self, number: int, replaces: Process | None = None) -> None:
        """Start a worker with the command of this process."""
        pipe, ready = os.pipe()
        slot = min(self._slots)
        self._slots.discard(slot)
        given = (self.bound.fileno(), ready, self._alive, self._memory.fileno())
        told = ":".join(map(str, (number, int(not self._begun), *given, slot)))
        words = [sys.executable, "-P", "-m", "xsrun", *sys.argv[1:]]
        process = subprocess.Popen(
            words,
            env={**os.environ, _VARIABLE: told},
            pass_fds=given,
            start_new_session=True,  # Ctrl+C is for the parent, which tells them
        )
        os.close(ready)
        made = Process(number, process, pipe, slot, replaces=replaces)
        self._workers.add(made)
        self._selector.register(pipe, selectors.EVENT_READ, made)

    def _heard(self, worker: Process) -> None:
        """A worker serves, has something to say, or is gone."""
        if data := os.read(worker.pipe, 65_536):
            *lines, worker.begun = (worker.begun + data).split(b"\n")
            for line in lines:
                if not line:
                    self._serves(worker)
                    continue
                key, told = json.loads(line)
                if self._told.is_new(key, worker):
                    self.log.written(told)
            return
        self._selector.unregister(worker.pipe)
        os.close(worker.pipe)
        self._workers.discard(worker)
        status = worker.process.wait()
        self._figures.let_go(worker.slot)
        self._slots.add(worker.slot)
        if self._status is not None or worker.ending:
            return
        if worker.replaces is not None:
            self.log.line(f"worker {worker.number} cannot be replaced: the new one ended before it served")
            self._to_replace.clear()
            return
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        successor = next((one for one in self._workers if one.replaces is worker), None)
        if successor is not None:  # which was to take its place anyway
            successor.replaces = None
            self.log.line(f"worker {worker.number} ended {how} while it was replaced")
        elif worker.serves:
            self.log.line(f"worker {worker.number} ended {how}: another takes its place")
            self._start(worker.number)
        else:
            self._failed(worker.number, status, how)

    def _serves(self, worker: Process) -> None:
        """A worker answers requests."""
        worker.serves, self._failures = True, 0
        if not self._begun:
            self._begun = True
            for number in range(2, self.count + 1):
                self._start(number)
        if worker.replaces is not None:
            self._stop(worker.replaces)
            worker.replaces = None
        self._replace_next()

    def _failed(self, number: int, status: int, how: str) -> None:
        """A worker ended before it served. The others go on without it, and it is tried again."""
        self._failures += 1
        if any(one.serves and not one.ending for one in self._workers):
            pause = min(_FIRST_PAUSE * 2 ** min(self._failures - 1, 10), _LONGEST_PAUSE)
            self.log.line(f"worker {number} ended {how} before it served: another is tried in {pause:g} s")
            self._later[number] = time.monotonic() + pause
        elif status == 2 or self._failures >= _MOST_FAILURES:
            self._status = status if status > 0 else 1
            self._end(signal.SIGTERM)
        else:
            self.log.line(f"worker {number} ended {how}: another takes its place")
            self._start(number)

    def _pause(self) -> float | None:
        """Seconds until a worker is started again, None when none is to be."""
        return max(min(self._later.values()) - time.monotonic(), 0) if self._later else None

    def _start_again(self) -> None:
        """Start the workers whose time has come; all of them when no other is left."""
        now = time.monotonic()
        for number, moment in list(self._later.items()):
            if self._status is not None:
                self._later.clear()
                return
            if moment <= now or not self._workers:
                del self._later[number]
                self._start(number)

    def _signalled(self, number: int) -> None:
        if number == getattr(signal, "SIGHUP", None):
            self._to_replace = sorted({one.number for one in self._workers})
            self._replace_next()
        elif self._status is None:
            self._status = 0
            self._end(signal.SIGTERM)
            alarm = threading.Timer(_GRACE, self._end, [signal.SIGKILL])
            alarm.daemon = True
            alarm.start()

    def _replace_next(self) -> None:
        """Replace the next worker, unless one is being replaced."""
        if not self._to_replace or any(one.replaces is not None for one in self._workers) or self._status is not None:
            return
        number = self._to_replace.pop(0)
        old = next((one for one in self._workers if one.number == number and not one.ending), None)
        if old is not None:
            self._start(number, old)

    def _stop(self, worker: Process) -> None:
        worker.ending = True
        worker.process.terminate()
        alarm = threading.Timer(_GRACE, worker.process.kill)
        alarm.daemon = True
        alarm.start()

    def _end(self, how: signal.Signals) -> None:
        """Send all workers a signal."""
        for one in list(self._workers):
            one.ending = True
            with suppress(ProcessLookupError):
                one.process.send_signal(how)
