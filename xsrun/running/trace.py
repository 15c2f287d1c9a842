"""The trace of a run: every statement with its line, its time and the value it left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from xsrun.hints import TYPE_CHECKING
from xsrun.records import record
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.running.secrets import Secrets

#: Characters of a value that a trace keeps.
SHOWN = 200


@record
class TraceEntry:
    """One executed statement. `depth` counts calls from 0; `seconds` includes what it called.

    `level` counts the statements around it in its own construct, `at` are the seconds from the beginning of the trace,
    `variable` is what `value` was left in, and `call` the number of the call that it belongs to (`Trace.calls`). One
    that raised, or left a stack, has not `ended`.
    """

    statement: str
    file: str
    line: int
    depth: int
    seconds: float
    value: str
    level: int = 0
    at: float = 0.0
    variable: str = ""
    call: int = 0
    ended: bool = False


@record
class TraceCall:
    """A construct that was entered: what it is called, its file and line, and its input as bound, as masked JSON.

    `after` is the number of the entry before it, -1 for none: the statement that called it.
    """

    label: str
    file: str
    line: int
    input: str
    after: int = -1


@record
class TraceEvent:
    """What a statement asked the world outside for: SQL ("sql") or a request to a server ("http").

    `after` is the number of the entry that asked, -1 for none; `rows` counts those of SQL and is the status of HTTP.
    """

    kind: str
    text: str
    seconds: float
    rows: int
    after: int = -1
    error: str = ""


class Trace:
    """Collects entries while a run goes on.

    Secrets are masked: sensitive inputs and auth tokens wherever they show, others where their names say that they are.
    A value is cut after `shown` characters.
    """

    def __init__(self, shown: int = SHOWN) -> None:
        self.entries: list[TraceEntry] = []
        self.calls: list[TraceCall] = []
        self.events: list[TraceEvent] = []
        self.shown = shown
        self.depth = 0
        self.file = ""
        #: the number of the call that runs
        self.call = -1
        self._begun = time.perf_counter()
        #: those of the run; None while it knows none
        self.secrets: Secrets | None = None

    def start(self, statement: str, line: int, level: int = 0) -> tuple[int, float] | None:
        """Note that a statement begins; returns what `end` needs. One that raises is never ended."""
        begun = time.perf_counter()
        entry = TraceEntry(statement, self.file, line, self.depth, 0.0, "", level, begun - self._begun, "", self.call)
        self.entries.append(entry)
        return len(self.entries) - 1, begun

    def end(self, started: tuple[int, float], value: Value, variable: str = "") -> None:
        """Note that the statement has ended, with the value it left in a variable."""
        index, begun = started
        entry = self.entries[index]
        entry.seconds = time.perf_counter() - begun
        entry.value, entry.variable, entry.ended = self.show(value, null=bool(variable)), variable, True

    def responds(self, line: int) -> None:
        """The response of a construct is about to be put together. Debuggers want to know."""

    def catches(self, error: BaseException) -> None:
        """A `try_catch` has caught an error. Debuggers want to know."""

    def fails(self, error: BaseException) -> None:
        """An error that nothing caught has ended the run. Debuggers want to know."""

    @contextmanager
    def inside(self, label: str, file: str, line: int = 0, inputs: Value = None) -> Iterator[None]:
        """What is noted meanwhile happens in a construct of this file, one call deeper."""
        caller, outer, self.file = self.file, self.call, file
        self.calls.append(TraceCall(label, file, line, self.show(inputs), len(self.entries) - 1))
        self.call = len(self.calls) - 1
        self.depth += 1
        try:
            yield
        finally:
            self.file, self.call = caller, outer
            self.depth -= 1

    def asked(self, kind: str, text: str, seconds: float, rows: int, error: str = "") -> None:
        """Note what the statement that runs asked the world outside for."""
        if self.secrets is not None:
            text, error = self.secrets.hide_text(text), self.secrets.hide_text(error)
        self.events.append(TraceEvent(kind, text, seconds, rows, len(self.entries) - 1, error))

    def show(self, value: Value, *, null: bool = False) -> str:
        """A value as cut and masked text; empty for null, unless that is the value of a variable."""
        if value is None:
            return "null" if null and self.shown > SHOWN else ""
        from xsrun.running.masking import masked_members
        from xsrun.running.secrets import NOTHING
        from xsrun.values.conversion import to_json

        secrets = self.secrets or NOTHING
        shown = beginning(value, [self.shown], secrets)
        text = to_json(masked_members(shown, secrets, lines=True))
        return text if len(text) <= self.shown else text[: self.shown - 3] + "..."


def beginning(value: Value, left: list[int], secrets: Secrets | None = None) -> Value:
    """A copy of the first members of a value, as many as are `left`: each takes a character of its JSON at least.

    With `secrets`, as many as so many characters show; texts are cut then, and none of the secrets shows in part. So a
    step costs no more than what is shown of it, however large its value is, and however often it holds the same.
    """
    if value.__class__ is list:
        part = []
        for item in value:
            if left[0] <= 0:
                break
            left[0] -= 1  # the comma
            part.append(beginning(item, left, secrets))
        return part
    if value.__class__ is dict:
        entries = {}
        for key, item in value.items():
            if left[0] <= 0:
                break
            left[0] -= 1
            entries[key] = beginning(item, left, secrets)
        return entries
    if secrets is None:
        return value
    if value.__class__ is str:
        seen = max(left[0], 0)
        left[0] -= 2  # the quotation marks: a mask may be shorter than the text
        return value if len(value) <= seen else beginning_of_text(value, seen, secrets)
    left[0] -= min(len(str(value)), 5) if value.__class__ is int else 1
    return value


def beginning_of_text(text: str, seen: int, secrets: Secrets) -> str:
    """At least so many characters of a text, without the secrets that begin there, and without the rest."""
    longest = secrets.longest()
    if len(text) <= seen + 2 * longest:
        return text
    from xsrun.running.masking import masked_text

    shown = secrets.hide_text(masked_text(text[: seen + 2 * longest]))
    return shown[: max(len(shown) - longest, 0)] + "..."  # a secret that is cut in two may stand at the end
