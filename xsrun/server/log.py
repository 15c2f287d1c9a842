"""What the server prints: one line for each request, and what went wrong."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.color import paint
from xsrun.errors import InputError, InternalError, XanoScriptError
from xsrun.running.masking import masked_for_log
from xsrun.running.secrets import NOTHING, Secrets
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.running.context import LogEntry

Print = Callable[[str], None]

_STYLES = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}


class Log:
    """Lines on standard error. `quiet` leaves only problems; with `color` the statuses have colours."""

    def __init__(self, output: Print | None = None, *, quiet: bool = False, color: bool = False) -> None:
        self._output = output or _print
        self.quiet = quiet
        self.color = color
        #: gives the path that people know a file by, from its name in the workspace
        self.shown_path: Callable[[str], str] = str
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        with self._lock:
            self._output(text)

    def request(
        self,
        verb: str,
        uri: str,
        status: int,
        duration: float,
        error: XanoScriptError | None,
        secrets: Secrets = NOTHING,
        meant: str | None = None,
    ) -> None:
        """One request and, for a fault of the program, where it is; `meant` says what there is instead of nothing."""
        if self.quiet and status < 500:
            return
        shown = paint(str(status), _STYLES.get(status // 100, ""), self.color)
        text = f"{verb:<6} {uri}  {shown}  {duration * 1000:.1f} ms"
        if error is not None:
            place = f"{self.shown_path(error.file)}:{error.line}: " if error.file and error.line else ""
            message = error.described() if isinstance(error, InputError) else str(error)
            text += f"\n  {place}{error.code}: {masked_for_log(message, secrets=secrets)}"
            if error.hint and (status >= 500 or isinstance(error, InputError)):
                text += f"\n  help: {secrets.hide_text(error.hint)}"
        if meant is not None:
            text += f"\n  help: {secrets.hide_text(meant)}"
        self.line(text)
        if isinstance(error, InternalError) and error.__cause__ is not None:
            self.fault(error.__cause__, secrets)

    def problems(self, errors: Sequence[Diagnostic]) -> None:
        """Errors of files, the first ten."""
        for one in errors[:10]:
            place = f"{self.shown_path(one.file)}:{one.line}:{one.column}"
            self.line(f"  {place}: error[{one.code}]: {one.message}")
            if one.hint:
                self.line(f"    help: {one.hint}")
        if len(errors) > 10:
            self.line(f"  and {len(errors) - 10} more: xsrun check lists all")

    def entries(self, logs: Iterable[LogEntry], secrets: Secrets = NOTHING) -> None:
        """What `debug.log` and the console of JavaScript left."""
        if self.quiet:
            return
        for entry in logs:
            place = f"{self.shown_path(entry.file)}:{entry.line}: " if entry.file else ""
            value = masked_for_log(entry.value, secrets=secrets)
            self.line(f"  log: {place}{value if isinstance(value, str) else to_json(value)}")

    def warnings(self, warnings: Iterable[Diagnostic | XanoScriptError], secrets: Secrets = NOTHING) -> None:
        if self.quiet:
            return
        for warning in warnings:
            self.line(f"  warning: {secrets.hide_text(str(getattr(warning, 'message', warning)))}")

    def fault(self, error: BaseException, secrets: Secrets = NOTHING) -> None:
        """A fault of xsrun itself, with all that helps to find it."""
        import traceback

        self.line(secrets.hide_text("".join(traceback.format_exception(error)).rstrip()))


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
