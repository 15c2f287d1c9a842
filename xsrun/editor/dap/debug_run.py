"""One run under the debugger: where it stops, and how it goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING, Protocol, TypeVar

from xsrun.editor.dap.frame_evaluation import Surroundings, around
from xsrun.editor.dap.program_frames import ProgramFrame, calls_from, calls_of, program_frames
from xsrun.editor.dap.run_record import RunRecord, RunStep, StepCall
from xsrun.errors import LimitError, UsageError, XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.running.context import Context
from xsrun.running.trace import Trace
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.editor.dap.breakpoints import LineBreakpoint
    from xsrun.running.context import LogEntry
    from xsrun.workspace.lookup import ConstructTable

Found = TypeVar("Found")
#: What a user is told who stops the debugger.
ENDED = "The debugger has ended the run."
#: How a run goes on: to a breakpoint, to the next statement, to the next one of this call or around it, of its caller.
RUN, INTO, OVER, OUT = "run", "into", "over", "out"


class RunHub(Protocol):
    """What a run asks and tells: the debugger of its client (`xsrun.editor.dap.debugger`)."""

    records: bool
    stop_on_entry: bool
    leaving: bool
    shown: Callable[[str], str]

    def wants(self, error: XanoScriptError, *, caught: bool) -> bool:
        """Does this error stop a program?"""

    def points_at(self, file: str, line: int) -> list[LineBreakpoint]:
        """The breakpoints of a line."""

    def begins(self, run: DebugRun) -> None:
        """A run has begun."""

    def ends(self, run: DebugRun) -> None:
        """A run has ended."""

    def stops(self, run: DebugRun, reason: str) -> None:
        """A run stands still."""

    def log(self, entry: LogEntry) -> None:
        """A program has logged something."""

    def output(self, category: str, text: str, file: str | None = None, line: int | None = None) -> None:
        """Show a text in the client's console."""


class DebugRun(Trace):
    """The trace of a run that the debugger watches. All but `ask` and `pause` happens in the thread of the run.

    `frames` are its calls while it stands still, the innermost first; `view` is the step of its record that is looked
    at, None for the present.
    """

    def __init__(self, hub: RunHub, context: Context, number: int, table: ConstructTable) -> None:
        super().__init__()
        self.hub = hub
        self.context = context
        self.number = number
        self.table = table
        self.name = ""
        self.mode, self.mark = (INTO, 0) if hub.stop_on_entry else (RUN, 0)
        self.entering = hub.stop_on_entry
        self.paused = False
        self.frames: list[ProgramFrame] | None = None
        self.error: XanoScriptError | None = None
        self.record = RunRecord() if hub.records else None
        self.view: int | None = None
        self._call: StepCall | None = None
        self._line = 0
        self._logged = 0
        self._jobs: SimpleQueue[Callable[[], bool]] = SimpleQueue()

    # What a trace is told -------------------------------------------------------------------------------------------

    def start(self, statement: str, line: int, level: int = 0) -> None:
        """A statement begins: stop here if there is a reason to."""
        self._line = line
        frame = sys._getframe(2)
        if self.record is not None:
            self._keep(frame, line, statement, is_response=False)
        self._look(frame, line, steps=True)

    def responds(self, line: int) -> None:
        """A response is put together: only a breakpoint stops here, a trace does not show it."""
        self._line = line
        frame = sys._getframe(1)
        if self.record is not None:
            self._keep(frame, line, "response", is_response=True)
        self._look(frame, line, steps=False)

    def asked(self, kind: str, text: str, seconds: float, rows: int, error: str = "") -> None:
        """What a program asks of databases and other machines is shown by traces alone."""

    def catches(self, error: BaseException) -> None:
        if self.hub.wants(translate(error), caught=True):
            self._stop_for(error)

    def fails(self, error: BaseException) -> None:
        self._show_logs()
        if not isinstance(error, DebuggerLeft) and self.hub.wants(translate(error), caught=False):
            self._stop_for(error)
        self.hub.ends(self)

    @contextmanager
    def inside(self, label: str, file: str, line: int = 0, inputs: Value = None) -> Iterator[None]:
        outer_call, outer_line, outer_file = self._call, self._line, self.file
        outermost = self.depth == 0
        if outermost:
            self.hub.begins(self)
        if self.record is not None:
            self._call = StepCall("", file, outer_call, outer_line)
            self.record.enter(self._call)
        self.file = file
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1
            self._call, self._line, self.file = outer_call, outer_line, outer_file
        if outermost:  # one that fails ends in `fails`
            self._show_logs()
            self.hub.ends(self)

    # Stopping -------------------------------------------------------------------------------------------------------

    def _look(self, frame: FrameType, line: int, *, steps: bool) -> None:
        if len(self.context.logs) > self._logged:
            self._show_logs()
        if self.hub.leaving:
            raise DebuggerLeft(ENDED)
        reason = self._reason() if steps else None
        file = frame.f_code.co_filename
        points = self.hub.points_at(file, line)
        if reason is None and not points:
            return
        frames = program_frames(calls_from(frame), self.table)
        for point in points:
            if point.met(lambda: around(frames[0]), self.context):
                if not point.message:
                    reason = "breakpoint"
                else:
                    text = point.text(around(frames[0]), self.context)
                    self.hub.output("console", f"{text}\n", file, line)
        if reason is not None:
            self._stop(reason, frames)

    def _reason(self) -> str | None:
        if self.paused:
            return "pause"
        if self.mode == RUN or (self.mode == OVER and self.depth > self.mark):
            return None
        if self.mode == OUT and self.depth >= self.mark:
            return None
        return "entry" if self.entering else "step"

    def _stop_for(self, error: BaseException) -> None:
        """Stop where an error has come from. What it came through has ended, and can only be looked at."""
        traceback = error.__traceback__
        ended = 0
        while traceback is not None:
            ended, traceback = ended + 1, traceback.tb_next
        frames = program_frames(calls_of(error.__traceback__), self.table, ended=ended)
        if frames:
            self.error = translate(error)
            self._stop("exception", frames)
            self.error = None

    def _stop(self, reason: str, frames: list[ProgramFrame]) -> None:
        """Stand still until the user lets the run go on. Time does not count against its limits meanwhile."""
        self.mode, self.paused, self.entering = RUN, False, False
        self.frames, self.view = frames, None
        deadline, self.context.deadline = self.context.deadline, None
        began = time.monotonic()
        self.hub.stops(self, reason)
        while self._jobs.get()():
            pass
        self.frames = None
        if deadline is not None:
            self.context.deadline = deadline + time.monotonic() - began

    def _show_logs(self) -> None:
        """Show what the program has logged since the last time."""
        entries = self.context.logs[self._logged :]
        self._logged += len(entries)
        for entry in entries:
            self.hub.log(entry)

    # What others ask of a run that stands still ---------------------------------------------------------------------

    def ask(self, question: Callable[[], Found]) -> Found:
        """Answer a question in the thread of the run. Raises what it raises, and UsageError while the run goes on."""
        if self.frames is None:
            raise UsageError("the program is running", hint="pause it first")
        answers: SimpleQueue[tuple[Found | None, BaseException | None]] = SimpleQueue()

        def job() -> bool:
            try:
                answers.put((question(), None))
            except BaseException as error:  # it belongs to who asked
                answers.put((None, error))
            return True

        self._jobs.put(job)
        found, error = answers.get()
        if error is not None:
            raise error
        return found  # type: ignore[return-value] # None only where the question gives it

    def go_on(self, mode: str) -> None:
        """Let a run that stands still go on."""
        if self.frames is None:
            raise UsageError("the program is running already")
        self.mode, self.mark = mode, self.depth
        self.frames = None
        self._jobs.put(lambda: False)

    # The record -----------------------------------------------------------------------------------------------------

    def _keep(self, frame: FrameType, line: int, statement: str, *, is_response: bool) -> None:
        """Keep a step, with the values of its call."""
        assert self.record is not None
        if self._call is None:  # what a program left for after its response runs in no call
            self._call = StepCall("", frame.f_code.co_filename, None, 0)
            self.record.enter(self._call)
        made = program_frames([(frame, line)], self.table)
        if not made:
            return
        self._call.label = made[0].label
        values: dict[tuple[str, str], Value] = {("var", name): value for name, value in made[0].variables.items()}
        values |= {("input", name): value for name, value in made[0].inputs.items()}
        self.record.add(RunStep(self._call, line, self.depth, statement, is_response), values)

    def seen_frames(self) -> list[ProgramFrame]:
        """The calls at the moment that is looked at. Raises UsageError while the run goes on."""
        if self.frames is None:
            raise UsageError("the program is running", hint="pause it first")
        if self.view is None or self.record is None:
            return self.frames
        return frames_at(self.record, self.view)

    def surroundings_at(self, step: int) -> Surroundings:
        """What an expression could read at a step of the record."""
        assert self.record is not None
        values = self.record.step(step).call.values_at(step)
        return Surroundings(
            {name: value for (root, name), value in values.items() if root == "var"},
            {name: value for (root, name), value in values.items() if root == "input"},
        )


def frames_at(record: RunRecord, step: int) -> list[ProgramFrame]:
    """The calls at a step of a record; they can only be read."""
    found: list[ProgramFrame] = []
    for call, line in record.step(step).stack():
        frame = ProgramFrame(call.label, call.file, line)
        frame.depth = len(found)
        for (root, name), value in call.values_at(step).items():
            (frame.inputs if root == "input" else frame.variables)[name] = value
        found.append(frame)
    return found


class DebuggerLeft(LimitError):
    """Ends a run whose debugger was told to end it; no program may catch it."""
