"""One request of a query, from its inputs to its response. Runs in a thread of the pool."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from xsrun.errors import XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.running.context import Context, Identity
from xsrun.running.masking import masked_for_log, masked_uri, proofs_in, secrets_of_request, secrets_sent
from xsrun.running.secrets import NOTHING, Secrets
from xsrun.server.access import admits
from xsrun.server.advice import over_http
from xsrun.server.cors import Headers
from xsrun.server.figures import Figures
from xsrun.server.history import Exchange, History, HistoryEntry
from xsrun.server.http_request import HttpRequest
from xsrun.server.http_response import HttpResponse, headers_of, response_of
from xsrun.server.log import Log
from xsrun.server.metrics import Metrics
from xsrun.server.routes import Match, Route
from xsrun.server.settings import Settings
from xsrun.server.slow import Place, SlowRuns
from xsrun.server.snapshot import Snapshot
from xsrun.server.streaming import ResponseStream
from xsrun.server.telemetry import Telemetry
from xsrun.values.conversion import Value
from xsrun.values.streams import StreamedResponse
from xsrun.workspace.result import Result, after_response

if TYPE_CHECKING:
    from xsrun.diagnostics import Diagnostic
    from xsrun.documents import ErrorDocument
    from xsrun.running.context import LogEntry
    from xsrun.running.trace import Trace
    from xsrun.services.tokens import TokenService

#: Bytes of a body whose inputs the history keeps as they are.
_KEPT = 2_000
#: Bytes of a request's body, and of a response's, that the history holds in memory.
_LONGEST_SENT, LONGEST_ANSWER = 1024 * 1024, 256 * 1024


Background = Callable[["QueryRun", list["LogEntry"], list["Diagnostic | XanoScriptError"], float], None]


class Endpoint:
    """Runs queries for requests, and records them in the history."""

    def __init__(self, settings: Settings, history: History, log: Log, figures: Figures | None = None) -> None:
        self.settings = settings
        self.history = history
        self.log = log
        #: gives a trace for a request of a query that is to be traced, by the query's label
        self.trace: Callable[[str], Trace | None] = lambda query: None
        #: is one to be traced? Looks, and counts nothing
        self.wants_trace: Callable[[str], bool] = lambda query: False
        #: told of what ran after a response: its log, its warnings and seconds
        self.background: Background = lambda run, logs, warnings, seconds: None
        #: watches what a run sets off
        self.watch: Callable[[Context], None] = lambda context: None
        #: a time in which the program of this thread sleeps (see `ThreadPool.aside`)
        self.aside: Callable[[], AbstractContextManager[None]] = nullcontext
        self.slow = SlowRuns(settings.slow_seconds)
        self.metrics = Metrics(figures)
        telemetry = Telemetry()
        self.telemetry = telemetry if telemetry.active else None

    def respond(
        self, snapshot: Snapshot, match: Match, request: HttpRequest, stream: ResponseStream | None = None
    ) -> HttpResponse:
        """Run the query and give its response; `background` is what the program left to run after it.

        A program that streams has sent its response through `stream` by then.
        """
        return self.answered(snapshot, self.begin(snapshot, match, request), stream)[0]

    def answered(
        self, snapshot: Snapshot, run: QueryRun, stream: ResponseStream | None = None, started: float | None = None
    ) -> tuple[HttpResponse, HistoryEntry | None]:
        """The response of a run, and how it is remembered; `started` is when the request began, where that is over."""
        started = time.perf_counter() if started is None else started
        match, request = run.match, run.request
        if not run.context.at_once:  # such a run writes nothing and does not wait
            self.watch(run.context)
            run.context.aside = partial(self.sleep, run.route)
        headers = snapshot.policy(match.group).headers_for(request)
        if stream is not None:
            run.stream_to(stream, headers)
        result, places = self.observed(run)
        response = run.response(result, insider=result.error is not None and admits(self.settings, request))
        whole = response.body
        if run.stream is None:
            response.headers += headers
            response = self.finish(snapshot, request, response)
        duration = time.perf_counter() - started
        self.metrics.count(run.route.label, response.status, duration)
        entry = self.remember(run, result, response, duration, whole)
        if places:
            self.log.slow(places, snapshot.workspace.sources, request.id)
        if run.context.deferred:
            response.background = partial(self.after_response, run, result)
        return response, entry

    def observed(self, run: QueryRun) -> tuple[Result, list[tuple[Place, float]]]:
        """The result of a run, and where it was for long."""
        if self.telemetry is None:
            return self.timed(run)
        request = run.request
        about = {"http.request.method": request.verb, "http.route": run.route.path, "xsrun.request": request.id}
        with self.telemetry.span(f"{request.verb} {run.route.path}", about, request.texts) as conclude:
            result, places = self.timed(run)
            conclude(result.status, result.error.code if result.error is not None else None)
        return result, places

    def timed(self, run: QueryRun) -> tuple[Result, list[tuple[Place, float]]]:
        if run.context.at_once:
            return run.result(), []
        self.slow.begin()
        try:
            result = run.result()
        finally:
            places = self.slow.end()
        return result, places

    def sleep(self, route: Route, context: Context, seconds: float) -> None:
        """Let a program sleep, without a connection to the database and while another one runs in its place."""
        route.sleeps = True
        if context.session_slot is not None:
            context.session_slot.transaction.let_go()
        with self.aside():
            context.sleep(seconds)

    def begin(self, snapshot: Snapshot, match: Match, request: HttpRequest) -> QueryRun:
        assert match.route is not None
        return QueryRun(snapshot, match, request, self.trace(match.route.label))

    def finish(self, snapshot: Snapshot, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Add what all whole responses have: compression, and a note when a file is broken."""
        if snapshot.stale and admits(self.settings, request):
            first = snapshot.stale[0]
            note = f"{first.file}:{first.line}: {first.message}"
            response.headers.append((b"x-xsrun-stale", note.encode("ascii", "backslashreplace")))
        return response.compressed(request.header(b"accept-encoding"), self.settings.compress_from)

    def after_response(self, run: QueryRun, result: Result) -> None:
        """Run what the program left for after its response."""
        logs, warnings = len(result.logs), len(result.warnings)
        started = time.perf_counter()
        after_response(run.context, result)
        seconds = time.perf_counter() - started
        self.background(run, result.logs[logs:], result.warnings[warnings:], seconds)
        failed = any(isinstance(one, XanoScriptError) for one in result.warnings[warnings:])
        if not self.log.quiet or failed:
            outcome = f"{'failed' if failed else 'done'} in {seconds * 1000:.1f} ms"
            self.log.line(f"  after the response of {run.route.label}: {outcome}  {run.request.id}")
        if len(result.logs) > logs or len(result.warnings) > warnings:
            secrets = run.secrets()
            self.log.entries(result.logs[logs:], secrets)
            self.log.warnings(result.warnings[warnings:], secrets)

    def tell(self, run: QueryRun, result: Result, response: HttpResponse, duration: float, path: str) -> Secrets:
        """Note the request on the console; gives what may not be shown of its outcome."""
        route, request = run.route, run.request
        plain = result.error is None and not result.logs and not result.warnings
        secrets = NOTHING if plain else run.secrets()
        if not self.log.quiet or response.status >= 500:
            uri = masked_uri(path, request.query, route.sensitive)
            if request.query:
                uri = secrets_sent(run.inputs, route.sensitive).hide_text(uri)
            self.log.request(request.verb, uri, response.status, duration, result.error, secrets, of=request.id)
        if result.logs:
            self.log.entries(result.logs, secrets)
        if result.warnings:
            self.log.warnings(result.warnings, secrets)
        return secrets

    def remember(
        self, run: QueryRun, result: Result, response: HttpResponse, duration: float, whole: bytes
    ) -> HistoryEntry | None:
        """Note the request in the history and on the console; `whole` is the body before it was compressed."""
        route, request = run.route, run.request
        path = route.path if route.secret_path else request.path
        secrets = self.tell(run, result, response, duration, path)
        wanted = route.group.history if route.history in (None, "inherit") else route.history
        if not self.history.keeps or (wanted is False and run.repeats is None):
            return None
        well = response.status < 400 and result.error is None
        if well and run.repeats is None and not self.history.has_room():
            return None
        # short input is kept as it came and masked when it is shown; long input is masked and cut now, to save memory
        sent: Value = run.inputs
        if len(request.body) > _KEPT:
            sent = masked_for_log(sent, route.sensitive, secrets_sent(sent, route.sensitive))
        entry = HistoryEntry(
            self.history.next_number(),
            run.at,
            request.verb,
            path,
            request.query,
            response.status,
            duration,
            route.label,
            route.query.file,
            sent,
            route.sensitive,
            len(whole),
            kind="request" if run.repeats is None else "replay",
            exchange=_exchange(run, response, whole),
        )
        note_outcome(entry, result, secrets)
        self.history.add(entry)
        return entry


def _exchange(run: QueryRun, response: HttpResponse, whole: bytes) -> Exchange:
    """What went to and fro, without what is too long to hold."""
    request, context = run.request, run.context
    long = len(request.body) > _LONGEST_SENT
    return Exchange(
        replace(request, body=b"") if long else request,
        len(request.body) if long else 0,
        response.headers,
        whole if len(whole) <= LONGEST_ANSWER else b"",
        # of a long body the history keeps nothing to find them in later
        run.secrets() if len(request.body) > _KEPT else context.secrets,
        context.auth,
        context.datasource,
        context.trace,
        run.repeats or None,
    )


def note_outcome(entry: HistoryEntry, result: Result, secrets: Secrets) -> None:
    """The error, the log and the warnings of a request, without its secrets."""
    if result.error is not None:
        entry.error = _record(result.error, secrets)
    if result.logs:
        logs = result.logs[:50]
        entry.logs = [
            {"value": masked_for_log(one.value, secrets=secrets), "file": one.file, "line": one.line} for one in logs
        ]
    if result.warnings:
        entry.warnings = [secrets.hide_text(str(getattr(one, "message", one))) for one in result.warnings[:50]]


def _record(error: XanoScriptError, secrets: Secrets) -> ErrorDocument:
    return {
        "code": secrets.hide_text(error.code),
        "message": secrets.hide_text(error.message),
        "hint": None if error.hint is None else secrets.hide_text(error.hint),
        "file": error.file,
        "line": error.line,
        "column": error.column,
    }


class QueryRun:
    """The run of a query for one request."""

    #: the number of the request that this one repeats (see `xsrun.server.console.replays`)
    repeats: int | None = None
    #: whom the run is for, without a token
    identity: Identity | None = None

    def __init__(self, snapshot: Snapshot, match: Match, request: HttpRequest, trace: Trace | None = None) -> None:
        assert match.route is not None
        self.workspace = snapshot.workspace
        self.match = match
        self.route: Route = match.route
        self.request = request
        self.path_values = match.values
        self.inputs: dict[str, Value] = {}
        #: where the response goes while the program runs, once its first chunk is there
        self.stream: ResponseStream | None = None
        self.context: Context = self.workspace.context(
            request=request.request(match.group.base), datasource=request.datasource(), trace=trace
        )
        if self.context.trace is not None:
            for proof in proofs_in(request.texts):
                self.context.keep_secret(proof)
        self.at = self.context.now()

    def result(self) -> Result:
        """Check the caller, read the input, run the program, in this order (semantics 3.1)."""
        context = self.context
        try:
            self.identify()
            self.inputs = self.request.inputs(self.path_values)
        except Exception as raised:
            error = translate(raised)
            error.hint = over_http(error.hint)
            return Result(error=error, status=error.status)
        context.request.input, context.request.in_path = self.inputs, frozenset(self.path_values)
        result = self.workspace.execute(self.route.query, self.inputs, context, admit=False, conclude=False)
        if result.error is not None:
            result.error.hint = over_http(result.error.hint)
        return result

    def secrets(self) -> Secrets:
        """What logs must not show of this request, wherever it went."""
        context = self.context
        return secrets_of_request(context.secrets, context.request.headers, self.inputs, self.route.sensitive)

    def identify(self) -> None:
        """Read the token and let the caller in. Raises UnauthorizedError. Public queries have no identity."""
        if not self.route.auth:
            return
        context = self.context
        token = context.request.token
        if self.identity is not None:
            context.auth = self.identity
        elif token is not None:
            tokens: TokenService = context.service("tokens")
            found = tokens.decode(token, context.now(), context.datasource)
            context.auth = Identity(found.id, found.table, found.extras)
        if self.workspace.dispatcher is not None:
            self.workspace.dispatcher.admit(self.route.query, context)

    def stream_to(self, stream: ResponseStream, headers: Headers) -> None:
        """Let `api.stream` send its chunks; before the first go the program's headers and these."""

        def send(chunk: bytes) -> None:
            if self.stream is None:
                self.stream = stream
                head = self.context.head
                stream.begin(head.status or 200, [*headers_of(head.headers), *headers])
            stream.write(chunk)

        self.context.head.stream = StreamedResponse(self.context.check_size, send)

    def response(self, result: Result, *, insider: bool) -> HttpResponse:
        """The response of a program; only the status of one that has streamed it already."""
        if self.stream is not None:
            return HttpResponse(self.stream.status)
        streamed = self.context.head.stream
        if result.error is None and streamed is not None and streamed.media_type is not None:  # a stream without chunks
            return HttpResponse(result.status, headers_of(result.headers))
        return response_of(result, insider=insider)
