"""What the server prints: one line for each request, and what went wrong."""

from __future__ import annotations

import select
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.color import paint
from xsrun.diagnostics.render import printable
from xsrun.errors import InputError, InternalError, XanoScriptError
from xsrun.running.context import Clock, system_clock
from xsrun.running.masking import masked_for_log
from xsrun.running.secrets import NOTHING, Secrets
from xsrun.values.conversion import Value, to_json

if TYPE_CHECKING:
    from xsrun.running.context import LogEntry
    from xsrun.syntax.source import Source

Print = Callable[[str], None]

#: Longer addresses are cut.
_LONGEST = 300
#: Characters that a pipe takes whole when it takes any, and lines that wait for one that takes none.
_AT_ONCE, _MOST_STANDING = 1_000, 10_000
_STYLES = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}


class Log:
    """Lines on standard error. `quiet` leaves only problems; with `color` the statuses have colours.

    `as_json` writes an object a line instead: `time`, `level`, `message`, and for requests `verb`, `address`, `status`,
    `milliseconds`, `request`. `clock` gives milliseconds since the epoch.
    """

    def __init__(
        self,
        output: Print | None = None,
        *,
        quiet: bool = False,
        color: bool = False,
        as_json: bool = False,
        clock: Clock = system_clock,
    ) -> None:
        self._output = output or _print
        self.quiet = quiet
        self.color = color
        self.as_json = as_json
        self.clock = clock
        #: gives the path that people know a file by, from its name in the workspace
        self.shown_path: Callable[[str], str] = str
        #: given what `alike` is for, and its lines: hands them to the one that tells them once
        self.share: Callable[[str, list[str]], None] | None = None
        self._lock = threading.Lock()
        #: the thread of the event loop, which never waits for who reads the log
        self.loop_thread: int | None = None
        #: what it left to another thread, and how many lines were too many for that
        self._standing: deque[str] = deque()
        self._dropped = 0

    def line(self, text: str, level: str = "info", **more: Value) -> None:
        """One line, whatever callers put into it; what is more stands in the objects alone."""
        grave = level == "info" and text.startswith("warning: ")
        self._write(shown_whole(text), "warning" if grave else level, **more)

    def _write(self, text: str, level: str = "info", **more: Value) -> None:
        """Lines that hold nothing of a caller that was not made fit to be shown."""
        if self.as_json:
            text = to_json({"time": self.moment(), "level": level, "message": text.strip(), **more})
        if threading.get_ident() != self.loop_thread or self._takes(text):
            with self._lock:
                self._output(text)
            return
        if len(self._standing) >= _MOST_STANDING:
            self._dropped += 1
            return
        self._standing.append(text)
        if len(self._standing) == 1:  # else somebody is at it
            threading.Thread(target=self._write_standing, daemon=True).start()

    def _takes(self, text: str) -> bool:
        """Would writing a text keep nobody waiting?"""
        ready = self._output is not _print or (len(text) < _AT_ONCE and is_writable(sys.stderr))
        return ready and not self._standing and not self._lock.locked()

    def _write_standing(self) -> None:
        """Write what the event loop left."""
        with self._lock:
            while self._standing:
                self._output(self._standing[0])
                if self._dropped and len(self._standing) == 1:
                    dropped, self._dropped = self._dropped, 0
                    self._output(f"warning: {dropped:,} lines are missing here, since nobody read the log")
                self._standing.popleft()

    @contextmanager
    def alike(self, key: str) -> Iterator[Log]:
        """A log for what all processes of a server have to say, which is told once; `key` tells what it is about."""
        if self.share is None:
            yield self
            return
        lines: list[str] = []
        log = Log(lines.append, quiet=self.quiet, color=self.color, as_json=self.as_json, clock=self.clock)
        log.shown_path = self.shown_path
        yield log
        self.share(key, lines)

    def written(self, lines: Iterable[str]) -> None:
        """Lines that the log of another process has made."""
        with self._lock:
            for line in lines:
                self._output(line)

    def moment(self) -> str:
        """The time now, in UTC where it is written for machines."""
        now = datetime.fromtimestamp(self.clock() / 1000, UTC)
        shown = now if self.as_json else now.astimezone()
        return shown.isoformat(timespec="milliseconds")

    def request(
        self,
        verb: str,
        uri: str,
        status: int,
        duration: float,
        error: XanoScriptError | None,
        secrets: Secrets = NOTHING,
        meant: str | None = None,
        of: str = "",
    ) -> None:
        """One request and, for a fault of the program, where it is; `meant` says what there is instead of nothing, `of`
        what the request is called."""
        if self.quiet and status < 500:
            return
        address = printable(uri if len(uri) <= _LONGEST else f"{uri[:_LONGEST]}... ({len(uri):,} characters)")
        details = self._details(status, error, secrets, meant)
        if self.as_json:
            level = "error" if status >= 500 else "info"
            request = {"verb": verb, "address": address, "status": status, "milliseconds": round(duration * 1000, 3)}
            self._write("\n".join([f"{verb} {address} {status}", *details]), level, request=of, **request)
        else:
            shown = paint(str(status), _STYLES.get(status // 100, ""), self.color)
            text = f"{self.moment()[11:23]} {verb:<6} {address}  {shown}  {duration * 1000:.1f} ms"
            self._write("\n  ".join([f"{text}  {of}".rstrip(), *map(shown_whole, details)]))
        if isinstance(error, InternalError) and error.__cause__ is not None:
            self.fault(error.__cause__, secrets)

    def _details(self, status: int, error: XanoScriptError | None, secrets: Secrets, meant: str | None) -> list[str]:
        """Why a request failed, and what to do."""
        found = []
        if error is not None:
            place = f"{self.shown_path(error.file)}:{error.line}: " if error.file and error.line else ""
            message = error.described() if isinstance(error, InputError) else str(error)
            found.append(f"{place}{error.code}: {masked_for_log(message, secrets=secrets)}")
            if error.hint and (status >= 500 or isinstance(error, InputError)):
                found.append(f"help: {secrets.hide_text(error.hint)}")
        if meant is not None:
            found.append(f"help: {secrets.hide_text(meant)}")
        return found

    def slow(self, places: Iterable[tuple[tuple[str, int], float]], sources: Mapping[str, Source], of: str) -> None:
        """Where a request was for long: the statements, and about how many seconds."""
        for (file, line), seconds in places:
            source = sources.get(file)
            written = source.line(line).strip() if source is not None else ""
            self.line(
                f"  slow: {self.shown_path(file)}:{line}: {seconds:.1f} s in {written[:80]}", "warning", request=of
            )

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
            failed = isinstance(warning, XanoScriptError) and warning.file and warning.line
            place = f"{self.shown_path(warning.file)}:{warning.line}: " if failed and warning.file else ""
            self.line(f"  warning: {place}{secrets.hide_text(str(getattr(warning, 'message', warning)))}", "warning")

    def fault(self, error: BaseException, secrets: Secrets = NOTHING) -> None:
        """A fault of xsrun itself, with all that helps to find it."""
        import traceback

        told = secrets.hide_text("".join(traceback.format_exception(error)).rstrip())
        self._write("\n".join(map(printable, told.splitlines())), "error")


def shown_whole(text: str) -> str:
    """A text of which no part passes for a line of its own or moves the terminal's cursor: more lines are indented."""
    return text if text.isprintable() else "\n    ".join(map(printable, text.splitlines()))


def is_writable(stream: TextIO | None) -> bool:
    """Does a stream take some text at once? A pipe that nobody reads does not, nor does a terminal that was stopped."""
    if stream is None or not hasattr(select, "poll"):  # Windows, which asks sockets alone
        return True
    poll = select.poll()
    try:
        poll.register(stream, select.POLLOUT)
    except (OSError, ValueError):  # not a file, as under tests
        return True
    return bool(poll.poll(0))


def _print(text: str) -> None:
    # in one piece: another process may write between a text and the end of its line
    stream = sys.stderr or sys.stdout  # a process may be started without the first, or without both
    if stream:
        stream.write(f"{text}\n")
        stream.flush()
