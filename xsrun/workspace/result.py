"""What a run gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.errors import XanoScriptError
from xsrun.records import made, record
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.diagnostics import Diagnostic
    from xsrun.running.context import LogEntry
    from xsrun.running.trace import TraceEntry
    from xsrun.values.streams import StreamedResponse


@record
class Result:
    """The outcome of one run. `error` is None when the program ended well; `duration` is in seconds.

    `status` and `headers` are what an HTTP client would get. `variables` are those of a bare list of statements.
    `stream` is what the program sent with `api.stream`; where it kept its chunks, `response` is their text.
    """

    response: Value = None
    error: XanoScriptError | None = None
    status: int = 200
    headers: list[tuple[str, str]] = made(factory=list)
    logs: list[LogEntry] = made(factory=list)
    warnings: list[Diagnostic | XanoScriptError] = made(factory=list)
    variables: dict[str, Value] = made(factory=dict)
    trace: list[TraceEntry] | None = None
    duration: float = 0.0
    stream: StreamedResponse | None = None

    @property
    def body(self) -> Value:
        """What goes over the wire: the response, or the error's body."""
        return self.response if self.error is None else self.error.as_dict()
