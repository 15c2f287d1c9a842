"""Which statements of slow requests take the time.

A thread looks now and then where programs are that have run for a while: their frames carry the files and lines of
XanoScript. Programs that are quick are never looked at and pay nothing for it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType

from xsrun.evaluator.generated.tracebacks import line_of

#: Seconds between two looks.
STEP = 0.05
#: A place in a program: file and line.
Place = tuple[str, int]


class _Run:
    """A program that runs: since when, and where it was seen how often."""

    __slots__ = ("places", "started", "thread")

    def __init__(self, thread: int, started: float) -> None:
        self.thread = thread
        self.started = started
        self.places: dict[Place, int] = {}


class SlowRuns:
    """Looks at programs that run for longer than `seconds`; 0 looks at none.

    `frames` gives the frame of each thread, as `sys._current_frames` does.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.perf_counter,
        frames: Callable[[], Mapping[int, FrameType]] = sys._current_frames,
    ) -> None:
        self.seconds = seconds
        self.clock = clock
        self.frames = frames
        self._runs: dict[int, _Run] = {}
        self._busy = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def begin(self) -> None:
        """The program of this thread starts."""
        if not self.seconds:
            return
        thread = threading.get_ident()
        self._runs[thread] = _Run(thread, self.clock())
        if not self._busy.is_set():
            self._busy.set()
            self._start()

    def end(self) -> list[tuple[Place, float]]:
        """The program of this thread has ended: where it was for about how many seconds, the longest first."""
        run = self._runs.pop(threading.get_ident(), None)
        if run is None or not run.places or (took := self.clock() - run.started) < self.seconds:
            return []
        whole = sum(run.places.values())
        longest = sorted(run.places.items(), key=lambda entry: -entry[1])[:3]
        return [(place, took * count / whole) for place, count in longest if count * 5 >= whole]

    def look(self) -> None:
        """Note where the programs are that have run for a while."""
        now = self.clock()
        late = [run for run in list(self._runs.values()) if now - run.started >= self.seconds / 5]
        if not late:
            return
        frames = self.frames()
        for run in late:
            place = place_of(frames.get(run.thread))
            if place is not None:
                run.places[place] = run.places.get(place, 0) + 1

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="xsrun-slow", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            self._busy.wait()
            time.sleep(STEP)
            if not self._runs:
                self._busy.clear()
                continue
            self.look()


def place_of(frame: FrameType | None) -> Place | None:
    """The innermost line of XanoScript that a thread is in."""
    while frame is not None:
        if frame.f_code.co_filename.endswith(".xs"):
            return frame.f_code.co_filename, line_of(frame)
        frame = frame.f_back
    return None
