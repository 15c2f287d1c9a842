"""What a client launches: a file, a construct or tests, in a thread of its own under the debugger."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.api import Workspace
from xsrun.diagnostics.of_errors import diagnostics_of
from xsrun.diagnostics.render import render
from xsrun.editor.dap.dap_wire import Message
from xsrun.editor.dap.debug_run import ENDED, DebuggerLeft
from xsrun.errors import InternalError, UsageError, XanoScriptError
from xsrun.reading import is_folder, is_there, typed_path
from xsrun.running.context import Limits
from xsrun.values.conversion import to_json
from xsrun.workspace.lookup import construct_named
from xsrun.workspace.roots import relative, workspace_root

if TYPE_CHECKING:
    from xsrun.editor.dap.debugger import Debugger
    from xsrun.testing.report import Outcome

#: What a launch takes, with the classes that fit.
SETTINGS: dict[str, tuple[type, ...]] = {
    "program": (str,),
    "construct": (str,),
    "test": (str, bool),
    "workspace": (str,),
    "input": (dict,),
    "variables": (dict,),
    "auth": (dict,),
    "headers": (dict,),
    "rows": (dict,),
    "env": (dict,),
    "database": (str,),
    "allowNet": (list,),
    "strict": (bool,),
    "record": (bool,),
    "stopOnEntry": (bool,),
    "noDebug": (bool,),
}
#: What clients add of their own.
_THEIRS = frozenset(("name", "type", "request", "presentation", "internalConsoleOptions", "preLaunchTask"))
_CLASSES = {str: "a text", bool: "true or false", dict: "an object", list: "a list"}


def check_program(program: Path, given: str) -> None:
    """Raise UsageError for a program that is not there, or not XanoScript, with what to write instead."""
    if not is_there(program):
        hint = f'a construct is named by "construct": "{given}"' if construct_named(given)[0] is not None else None
        raise UsageError(f"no such file: {program}", hint=hint)
    if program.is_file() and program.suffix.lower() != ".xs":
        hint = "to debug a block of a page, put it into a .xs file of its own"
        raise UsageError(f"{program} is not a .xs file", hint=hint)


class Launch:
    """One program. It is loaded at once, so that breakpoints find their lines, and begins when it is told to."""

    def __init__(self, given: Message, hub: Debugger) -> None:
        check_settings(given)
        self.given = given
        self.hub = hub
        self.file: str | None = None
        self.workspace = self._load()
        if not given.get("noDebug"):
            self.workspace.observer = hub.observe
        self._thread: threading.Thread | None = None

    def _load(self) -> Workspace:
        """The workspace around what is launched, without a limit of time."""
        given = self.given
        program = typed_path(given["program"]) if given.get("program") else None
        if program is not None:
            check_program(program, given["program"])
        root = typed_path(given["workspace"]) if given.get("workspace") else None
        if root is None:
            root = Path() if program is None else program if is_folder(program) else workspace_root(program)
        workspace = Workspace.load(
            root,
            limits=Limits(seconds=None),
            env=given.get("env"),
            database=given.get("database") or "sqlite://",
            network=given.get("allowNet"),
            strict=bool(given.get("strict")),
        )
        if program is not None and program.is_file():
            self.file = relative(program, root)
            if self.file not in workspace.sources:
                raise UsageError(f"{program} is not a program of the workspace {root}", hint='leave "workspace" out')
        if given.get("rows"):
            workspace.seed(given["rows"])
        return workspace

    def begin(self) -> None:
        """Run it beside the conversation."""
        self._thread = threading.Thread(target=self._run, name="xsrun-debugged", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        status = 1
        try:
            status = self._run_tests() if self.given.get("test") else self._run_program()
        except XanoScriptError as error:
            self.hub.output("stderr", f"{error}\n" + (f"help: {error.hint}\n" if error.hint else ""))
        except Exception as error:
            self.hub.output("stderr", f"{InternalError(error)}\n")
        if status and self.hub.leaving:
            self.hub.output("console", f"{ENDED}\n")
        self.hub.wire.event("exited", exitCode=status)
        self.hub.wire.event("terminated")

    def _run_program(self) -> int:
        """Run a file or construct; its response goes to the console."""
        given, workspace = self.given, self.workspace
        named = given.get("construct")
        kind, name, verb = construct_named(named) if named else (None, None, None)
        result = workspace.run(
            name,
            kind,
            given.get("input"),
            verb=verb,
            file=self.file,
            auth=given.get("auth"),
            headers=given.get("headers"),
            variables=given.get("variables"),
        )
        for warning in result.warnings:
            self.hub.output("stderr", f"warning: {getattr(warning, 'message', warning)}\n")
        if result.error is None:
            self.hub.output("stdout", f"{to_json(result.response, indent=True)}\n")
            return 0
        if isinstance(result.error, DebuggerLeft):
            return 1
        text = self._described(result.error)
        text = text if result.secrets is None else result.secrets.hide_text(text)
        self.hub.output("stderr", f"{text}\n", result.error.file, result.error.line)
        return 1

    def _described(self, error: XanoScriptError) -> str:
        sources = self.workspace.sources
        texts = {name: source.text for name, source in sources.items()}
        return "\n".join(render(one, texts.get(one.file, ""), path=one.file) for one in diagnostics_of(error))

    def _run_tests(self) -> int:
        """Run tests, those of a file where one was named; each is told of as it ends."""
        from xsrun.testing.runner import run_tests
        from xsrun.testing.terminal import outcome_lines

        def tell(outcome: Outcome) -> None:
            if outcome.failed and self.hub.leaving:
                return
            for line in outcome_lines(outcome, False, str):
                self.hub.output("stderr" if outcome.failed else "stdout", f"{line}\n")

        chosen = self.given["test"]
        report = run_tests(
            self.workspace,
            chosen if isinstance(chosen, str) else None,
            files={self.file} if self.file is not None else None,
            on_result=tell,
        )
        if not report.results:
            raise UsageError("no test fits", hint='"test" is a part of the name of a test or its construct, or true')
        self.hub.output("console", f"{report.passed} passed, {report.failed} failed\n")
        return 1 if report.failed else 0

    def close(self) -> None:
        """Wait for the end of the program, which was told to end, and close its workspace."""
        if self._thread is not None:
            self._thread.join(5)
        self.workspace.close()


def check_settings(given: Message) -> None:
    """Raise UsageError for a launch that cannot be."""
    from xsrun.diagnostics.suggest import nearest

    for name, value in given.items():
        if name in _THEIRS or name.startswith("_"):
            continue
        classes = SETTINGS.get(name)
        if classes is None:
            close = nearest(name, SETTINGS)
            hint = f"did you mean `{close}`?" if close else f"there are: {', '.join(SETTINGS)}"
            raise UsageError(f"a launch has no setting `{name}`", hint=hint)
        if value is not None and value.__class__ not in classes:
            raise UsageError(f"`{name}` is not {' or '.join(_CLASSES[one] for one in classes)}")
    if not (given.get("program") or given.get("construct") or given.get("test")):
        raise UsageError(
            "a launch says what to run", hint='"program": a file, "construct": function:math/add, or "test"'
        )
