"""What a run gives back, and what follows it: the stacks that it left for later, and the end of its session."""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.evaluator.generated.tracebacks import run_unattended, translate
from xsrun.hints import TYPE_CHECKING
from xsrun.records import made, record
from xsrun.running.context import Answer, Context, LogEntry
from xsrun.running.watchdog import watched
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.diagnostics import Diagnostic
    from xsrun.running.secrets import Secrets
    from xsrun.running.trace import Trace, TraceEntry
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
    #: what of all this logs must not show
    secrets: Secrets | None = None

    @property
    def body(self) -> Value:
        """What goes over the wire: the response, or the error's body."""
        return self.response if self.error is None else self.error.as_dict()


def finish(context: Context, result: Result, *, now: bool) -> None:
    """Fill in the result of a run that has ended. `now`: also run what it left for later."""
    result.status = result.status if context.head.status is None else context.head.status
    result.headers = context.head.headers
    if now:
        run_deferred(context, result)
    try:
        end_session(context)
    except Exception as error:
        result.error = result.error or translate(error)
    result.logs = context.logs
    result.warnings = context.warnings
    result.trace = context.trace.entries if context.trace is not None else None
    result.secrets = context.secrets
    if result.error is not None:
        result.status = result.error.status


def after_response(context: Context, result: Result) -> None:
    """Run what a program left for later, in a run of its own that has the limits anew."""
    if not context.deferred:
        return
    context.start()
    run_deferred(context, result)
    run_unattended(context, end_session, context)


def run_deferred(context: Context, result: Result) -> None:
    """Run the stacks that wait for the response. It is sent, so a failure here is logged."""
    if result.error is not None:
        result.status = result.error.status
    answer = Answer(result.body, result.headers, result.status)
    while context.deferred:
        run_unattended(context, watched, context, context.deferred.pop(0), answer)


def end_session(context: Context) -> None:
    """End the session with the database, if there was one."""
    if context.session_slot is not None:
        context.session_slot.close()
        if not context.deferred:  # they hold each other, until Python collects its garbage
            context.session_slot = None


def new_trace() -> Trace:
    """An empty trace, for a run that keeps one."""
    from xsrun.running.trace import Trace

    return Trace()
