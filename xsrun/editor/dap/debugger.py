"""The debugger: breakpoints, the runs that it watches, and what it tells the client of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from xsrun.editor.dap.breakpoints import LineBreakpoint
from xsrun.editor.dap.debug_run import DebugRun
from xsrun.errors import XanoScriptError
from xsrun.records import made, record
from xsrun.running.context import Context, LogEntry
from xsrun.values.conversion import Value
from xsrun.workspace.workspace import LoadedWorkspace

if TYPE_CHECKING:
    from xsrun.editor.dap.dap_wire import DapWire


@record
class ErrorFilters:
    """The errors that stop a program: by filter ("uncaught", "all") the codes that count, none for all of them."""

    codes: dict[str, tuple[str, ...]] = made(factory=dict)

    def wants(self, error: XanoScriptError, *, caught: bool) -> bool:
        chosen = [codes for name, codes in self.codes.items() if name == "all" or not caught]
        return any(not codes or error.code in codes or error.name in codes for codes in chosen)


class Debugger:
    """What all runs of one client share. `records` keeps their steps, so that one can go back."""

    def __init__(self, wire: DapWire, shown: Callable[[str], str], *, records: bool = False) -> None:
        self.wire = wire
        #: the path of a file of the workspace for the client
        self.shown = shown
        self.records = records
        self.stop_on_entry = False
        #: has the client left or asked for the end? Runs end at their next statement
        self.leaving = False
        self.filters = ErrorFilters()
        self.runs: dict[int, DebugRun] = {}
        self._points: dict[str, dict[int, list[LineBreakpoint]]] = {}
        self._lock = threading.Lock()
        self._numbers = 0

    def observe(self, context: Context) -> DebugRun:
        """The trace of a run that begins."""
        assert isinstance(context.workspace, LoadedWorkspace)
        with self._lock:
            self._numbers += 1
            return DebugRun(self, context, self._numbers, context.workspace)

    # Breakpoints ----------------------------------------------------------------------------------------------------

    def set_points(self, file: str, points: Iterable[LineBreakpoint]) -> None:
        """The breakpoints of a file, in place of those it had."""
        by_line: dict[int, list[LineBreakpoint]] = {}
        for point in points:
            by_line.setdefault(point.line, []).append(point)
        self._points = {**self._points, file: by_line}

    def points_at(self, file: str, line: int) -> list[LineBreakpoint]:
        """The breakpoints of a line."""
        return self._points.get(file, {}).get(line, [])

    def wants(self, error: XanoScriptError, *, caught: bool) -> bool:
        """Does this error stop a program?"""
        return self.filters.wants(error, caught=caught)

    # What runs tell -------------------------------------------------------------------------------------------------

    def begins(self, run: DebugRun) -> None:
        """A run has begun."""
        context = run.context
        verb, uri = context.request.method, context.request.uri
        run.name = f'test "{context.test[1]}"' if context.test is not None else f"{verb} {uri}".strip() or "program"
        with self._lock:
            self.runs[run.number] = run
        self.wire.event("thread", reason="started", threadId=run.number)

    def ends(self, run: DebugRun) -> None:
        """A run has ended, or is about to tell of the error that ended it."""
        with self._lock:
            self.runs.pop(run.number, None)
        self.wire.event("thread", reason="exited", threadId=run.number)

    def stops(self, run: DebugRun, reason: str, text: str = "") -> None:
        """A run stands still."""
        with self._lock:
            self.runs[run.number] = run
        body: dict[str, Value] = {"reason": reason, "threadId": run.number, "allThreadsStopped": False}
        if run.error is not None and run.view is None:
            body |= {"description": "error", "text": run.error.message or run.error.code}
        elif text:
            body |= {"description": text}
        self.wire.event("stopped", **body)

    def log(self, entry: LogEntry) -> None:
        """A program has logged something."""
        self.output("stdout", f"{entry.text}\n", entry.file, entry.line)

    def output(self, category: str, text: str, file: str | None = None, line: int | None = None) -> None:
        """Show a text in the client's console."""
        place: Mapping[str, Value] = {}
        if file:
            place = {"source": {"name": file.rpartition("/")[2], "path": self.shown(file)}, "line": line or 1}
        self.wire.event("output", category=category, output=text, **place)

    def leave(self) -> None:
        """Let every run go on to its end, or end it."""
        self._points, self.filters = {}, ErrorFilters()
        for run in list(self.runs.values()):
            if run.frames is not None:
                run.go_on("run")
