"""One client of the debug adapter: its requests and their answers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.editor.dap import travelling
from xsrun.editor.dap.attaching import connect
from xsrun.editor.dap.breakpoints import LineBreakpoint, column_at, place_for, stops_of
from xsrun.editor.dap.dap_wire import DapWire, Message
from xsrun.editor.dap.debug_run import INTO, OUT, OVER, RUN, DebugRun
from xsrun.editor.dap.debugger import Debugger, ErrorFilters
from xsrun.editor.dap.program_frames import ProgramFrame
from xsrun.editor.dap.variable_tree import Told, VariableTree
from xsrun.errors import InternalError, UsageError, XanoScriptError
from xsrun.lazy_regex import pattern
from xsrun.values.conversion import Value
from xsrun.workspace.deep_calls import with_room
from xsrun.workspace.workspace import LoadedWorkspace

if TYPE_CHECKING:
    from xsrun.editor.dap.launching import Launch

#: What a user may type besides expressions: `$x = 3`, `when $x == null`, `back $i == 2`.
_ASSIGNMENT = pattern(r"\s*(\$[^=<>!?~]+?)\s*=(?![=~])\s*(.+)")
_WHEN = pattern(r"\s*when\s+(?:did\s+)?(.+?)(?:\s+bec[ao]me\s+(.+?))?\s*\??\s*$")
_BACK = pattern(r"\s*back(?:\s+to)?\s+(.+)$")

#: The texts of a breakpoint.
_TEXTS = ("condition", "hitCondition", "logMessage")
_ABLE = (
    "supportsConfigurationDoneRequest",
    "supportsConditionalBreakpoints",
    "supportsHitConditionalBreakpoints",
    "supportsLogPoints",
    "supportsSetVariable",
    "supportsSetExpression",
    "supportsEvaluateForHovers",
    "supportsExceptionFilterOptions",
    "supportsExceptionInfoRequest",
    "supportsBreakpointLocationsRequest",
    "supportsTerminateRequest",
    "supportTerminateDebuggee",
)
_FILTERS = {"uncaught": "Errors that nothing catches", "all": "All errors"}
_CODES = "codes of errors, for example ERROR_CODE_NOT_FOUND (all when empty)"
CAPABILITIES: Message = {
    **dict.fromkeys(_ABLE, True),
    "exceptionBreakpointFilters": [
        {
            "filter": name,
            "label": label,
            "default": name == "uncaught",
            "supportsCondition": True,
            "conditionDescription": _CODES,
        }
        for name, label in _FILTERS.items()
    ],
}


class DapSession:
    """A conversation. `attached` gives the workspace of a server that is debugged; without it programs are launched."""

    def __init__(
        self, wire: DapWire, *, attached: Callable[[], LoadedWorkspace] | None = None, records: bool = False
    ) -> None:
        self.wire = wire
        self.attached = attached
        self.launch: Launch | None = None
        self.hub = Debugger(wire, self.shown, records=records)
        self.tree = VariableTree()
        self.lines_from_one = self.columns_from_one = True
        self.opening: Message = {}
        #: the debugger of a server, which everything is handed on to once the client has attached to it
        self.server: DapWire | None = None

    # The conversation -----------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answer requests until the client leaves."""
        with_room(0, lambda: None)  # while a thread compiles, another must not raise Python's limit of recursion
        try:
            while True:
                message = self.wire.read()
                if message is None:
                    return
                if self.server is not None:
                    self.server.write(message)
                elif message.get("type") == "request" and not self.answer(message):
                    return
        except UsageError as error:
            self.hub.output("stderr", f"{error}\n")
        finally:
            self.end()

    def answer(self, request: Message) -> bool:
        """Answer one request; False when the conversation ends with it."""
        command = str(request.get("command"))
        handler = getattr(self, f"on_{command}", None)
        reply: Message = {"type": "response", "request_seq": request.get("seq", 0), "command": command}
        then: Callable[[], None] | None = None
        try:
            if command == "attach" and self.attached is None:
                self._hand_on(request)
                return True
            if handler is None:
                raise UsageError(f"xsrun dap has no `{command}`")
            body = handler(request.get("arguments") or {})
            if callable(body):
                body, then = None, body
            self.wire.write({**reply, "success": True, **({} if body is None else {"body": body})})
        except XanoScriptError as error:
            self._refuse(reply, error)
        except Exception as error:
            self._refuse(reply, InternalError(error))
        if then is not None:
            then()
        return command != "disconnect"

    def _refuse(self, reply: Message, error: XanoScriptError) -> None:
        text = f"{error}" + (f" ({error.hint})" if error.hint else "")
        body = {"error": {"id": 1, "format": text.replace("{", "(").replace("}", ")"), "showUser": True}}
        self.wire.write({**reply, "success": False, "message": text, "body": body})

    def end(self) -> None:
        """Let go of everything."""
        if self.launch is not None:
            self.hub.leaving = True
            self.hub.leave()
            self.launch.close()
        else:
            self.hub.leave()

    # Beginning ------------------------------------------------------------------------------------------------------

    def on_initialize(self, given: Message) -> Message:
        self.lines_from_one = given.get("linesStartAt1", True) is not False
        self.columns_from_one = given.get("columnsStartAt1", True) is not False
        self.opening = given
        return {**CAPABILITIES, "supportsStepBack": self.hub.records}

    def on_launch(self, given: Message) -> Callable[[], None]:
        from xsrun.editor.dap.launching import Launch

        if self.attached is not None:
            raise UsageError("this is the debugger of a server", hint='use "request": "attach"')
        self._take(given)
        self.launch = Launch(given, self.hub)
        return lambda: self.wire.event("initialized")

    def on_attach(self, given: Message) -> Callable[[], None]:
        self._take(given)
        return lambda: self.wire.event("initialized")

    def _hand_on(self, request: Message) -> None:
        """Attach to a server: whatever is said from now on goes to its debugger, and what that says to the client."""
        self.server = server = connect((request.get("arguments") or {}).get("port"))
        server.write({"seq": 0, "type": "request", "command": "initialize", "arguments": self.opening})
        while (said := server.read()) is not None and said.get("type") != "response":
            pass
        server.write(request)

        def listen() -> None:
            while (said := server.read()) is not None:
                self.wire.write(said)
            self.wire.event("terminated")

        threading.Thread(target=listen, name="xsrun-attached", daemon=True).start()

    def _take(self, given: Message) -> None:
        """Settings that launching and attaching share."""
        if given.get("record") and not self.hub.records:
            self.hub.records = True
            self.wire.event("capabilities", capabilities={"supportsStepBack": True})
        self.hub.stop_on_entry = bool(given.get("stopOnEntry"))

    def on_configurationDone(self, _: Message) -> Callable[[], None]:  # noqa: N802 # the protocol's name
        def begin() -> None:
            if self.launch is not None:
                self.launch.begin()

        return begin

    def on_disconnect(self, given: Message) -> None:
        if given.get("terminateDebuggee", self.launch is not None):
            self.hub.leaving = True

    def on_terminate(self, _: Message) -> None:
        self.hub.leaving = True
        self.hub.leave()

    @property
    def workspace(self) -> LoadedWorkspace:
        """The workspace that is debugged."""
        if self.attached is not None:
            return self.attached()
        if self.launch is None:
            raise UsageError("nothing was launched")
        return self.launch.workspace

    # Files and breakpoints ------------------------------------------------------------------------------------------

    def shown(self, file: str) -> str:
        """The path of a file of the workspace."""
        root = self.workspace.root
        return os.path.abspath(root / file) if root is not None else file

    def file_of(self, source: Message) -> str:
        """The file of the workspace that a client means."""
        path, root = str(source.get("path") or source.get("name") or ""), self.workspace.root
        if path in self.workspace.sources or root is None:
            return path
        return Path(os.path.relpath(os.path.realpath(path), os.path.realpath(root))).as_posix()

    def on_setBreakpoints(self, given: Message) -> Message:  # noqa: N802
        file = self.file_of(given.get("source", {}))
        stops = stops_of(self.workspace.constructs, file)
        points, told = [], []
        for number, one in enumerate(given.get("breakpoints", []), 1):
            asked = int(one.get("line", 1)) + (not self.lines_from_one)
            line = place_for(stops, asked)
            condition, hits, message = (str(one.get(name) or "") for name in _TEXTS)
            point = LineBreakpoint(number, line or asked, condition, hits, message)
            trouble = trouble_of(point) if line is not None else "no statement runs here"
            if trouble is None:
                points.append(point)
            answer = {"verified": trouble is None, "line": (line or asked) - (not self.lines_from_one)}
            told.append(answer if trouble is None else {**answer, "message": trouble})
        self.hub.set_points(file, points)
        return {"breakpoints": told}

    def on_breakpointLocations(self, given: Message) -> Message:  # noqa: N802
        first = int(given.get("line", 1)) + (not self.lines_from_one)
        last = int(given.get("endLine", first)) + (not self.lines_from_one) * ("endLine" in given)
        stops = sorted(set(stops_of(self.workspace.constructs, self.file_of(given.get("source", {}))).values()))
        found = [{"line": line - (not self.lines_from_one)} for line in stops if first <= line <= last]
        return {"breakpoints": found}

    def on_setExceptionBreakpoints(self, given: Message) -> None:  # noqa: N802
        codes: dict[str, tuple[str, ...]] = dict.fromkeys(given.get("filters", []), ())
        for option in given.get("filterOptions", []):
            words = str(option.get("condition") or "").replace(",", " ").split()
            codes[option["filterId"]] = tuple(words)
        self.hub.filters = ErrorFilters(codes)

    # Runs -----------------------------------------------------------------------------------------------------------

    def run(self, given: Message) -> DebugRun:
        """The run that a request is about."""
        found = self.hub.runs.get(int(given.get("threadId", 0)))
        if found is None:
            raise UsageError("this run has ended")
        return found

    def on_threads(self, _: Message) -> Message:
        return {"threads": [{"id": run.number, "name": run.name} for run in list(self.hub.runs.values())]}

    def on_pause(self, given: Message) -> None:
        self.run(given).paused = True

    def _go(self, given: Message, mode: str) -> Callable[[], None] | None:
        """Go on, or forward in what was: then the run stands still, and the client is told where."""
        run = self.run(given)
        self.tree.clear()
        if run.view is None:
            run.go_on(mode)
            return None
        reason = travelling.forward(run, mode)
        return lambda: self.hub.stops(run, reason)

    def on_continue(self, given: Message) -> Callable[[], None] | None:
        return self._go(given, RUN)

    def on_next(self, given: Message) -> Callable[[], None] | None:
        return self._go(given, OVER)

    def on_stepIn(self, given: Message) -> Callable[[], None] | None:  # noqa: N802
        return self._go(given, INTO)

    def on_stepOut(self, given: Message) -> Callable[[], None] | None:  # noqa: N802
        return self._go(given, OUT)

    def on_stepBack(self, given: Message) -> Callable[[], None]:  # noqa: N802
        run = self.run(given)
        reason = travelling.step_back(run)
        self.tree.clear()
        return lambda: self.hub.stops(run, reason)

    def on_reverseContinue(self, given: Message) -> Callable[[], None]:  # noqa: N802
        run = self.run(given)
        reason = travelling.run_back(run)
        self.tree.clear()
        return lambda: self.hub.stops(run, reason)

    # Looking --------------------------------------------------------------------------------------------------------

    def on_stackTrace(self, given: Message) -> Message:  # noqa: N802
        run = self.run(given)
        frames = run.seen_frames()
        start = int(given.get("startFrame") or 0)
        end = start + (int(given.get("levels") or 0) or len(frames))
        return {"stackFrames": [self.told_frame(run, one) for one in frames[start:end]], "totalFrames": len(frames)}

    def told_frame(self, run: DebugRun, frame: ProgramFrame) -> Told:
        path = self.shown(frame.file)
        return {
            "id": self.tree.number_frame(run, frame),
            "name": frame.label,
            "line": frame.line - (not self.lines_from_one),
            "column": column_at(self.workspace.constructs, frame.file, frame.line) - (not self.columns_from_one),
            "source": {"name": os.path.basename(path), "path": path},
        }

    def on_scopes(self, given: Message) -> Message:
        return {"scopes": self.tree.scopes(int(given["frameId"]))}

    def on_variables(self, given: Message) -> Message:
        start, count = int(given.get("start") or 0), int(given.get("count") or 0)
        found = self.tree.children(int(given["variablesReference"]), given.get("filter"), start, count)
        return {"variables": found}

    def on_setVariable(self, given: Message) -> Told:  # noqa: N802
        told = self.tree.set_member(int(given["variablesReference"]), str(given["name"]), str(given["value"]))
        return {name: item for name, item in told.items() if name not in ("name", "evaluateName")}

    def on_setExpression(self, given: Message) -> Told:  # noqa: N802
        run, frame = self.tree.frame(int(given.get("frameId") or 0))
        told = self.tree.set_place(run, frame, str(given["expression"]), str(given["value"]))
        return {name: item for name, item in told.items() if name not in ("name", "evaluateName")}

    def on_evaluate(self, given: Message) -> Told | Callable[[], None]:
        run, frame = self.tree.frame(int(given.get("frameId") or 0))
        text = str(given.get("expression", ""))
        if given.get("context") == "repl":
            typed = self._typed(run, frame, text)
            if typed is not None:
                return typed
        return self.tree.evaluated(run, frame, text)

    def _typed(self, run: DebugRun, frame: ProgramFrame, text: str) -> Told | Callable[[], None] | None:
        """What a user typed that is more than an expression; None for an expression."""
        if (found := _WHEN.match(text)) is not None:
            condition = found[1] if found[2] is None else f"{found[1]} == {found[2]}"
            return {"result": travelling.became(run, condition, frame.depth), "variablesReference": 0}
        if (found := _BACK.match(text)) is not None:
            reason = travelling.back_to(run, found[1])
            self.tree.clear()
            self.hub.stops(run, reason)
            return {"result": "", "variablesReference": 0}
        if (found := _ASSIGNMENT.fullmatch(text)) is not None:
            told = self.tree.set_place(run, frame, found[1], found[2])
            told["result"] = told.pop("value")
            return {name: item for name, item in told.items() if name != "name"}
        return None

    def on_exceptionInfo(self, given: Message) -> Message:  # noqa: N802
        from xsrun.diagnostics.of_errors import diagnostics_of
        from xsrun.diagnostics.render import render

        run = self.run(given)
        error = run.error
        if error is None:
            raise UsageError("no error has stopped this run")
        sources = self.workspace.sources
        texts = {one.file: sources[one.file].text for one in diagnostics_of(error) if one.file in sources}
        whole = "\n".join(render(one, texts.get(one.file, "")) for one in diagnostics_of(error))
        hide = run.context.secrets.hide_text if run.context.secrets is not None else str
        details: dict[str, Value] = {"message": hide(error.message), "typeName": error.code, "stackTrace": hide(whole)}
        return {
            "exceptionId": error.name or error.code,
            "description": hide(whole),
            "breakMode": "unhandled" if "all" not in self.hub.filters.codes else "always",
            "details": details,
        }


def trouble_of(point: LineBreakpoint) -> str | None:
    """Why the texts of a breakpoint cannot be used."""
    try:
        point.check()
    except XanoScriptError as error:
        return f"{error}"
    return None
