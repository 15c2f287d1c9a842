"""One request of a query, from its inputs to its answer. Runs in a worker thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from xsrun.errors import LimitError, XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.running.context import Context, Identity
from xsrun.server.history import Entry, History, masked, masked_uri
from xsrun.server.http_request import Incoming
from xsrun.server.http_response import Answer, answer_of, head_of
from xsrun.server.log import Log
from xsrun.server.routes import Match, Route
from xsrun.server.settings import Settings
from xsrun.server.snapshot import Snapshot
from xsrun.server.streaming import Stream
from xsrun.server.workers import Workers
from xsrun.values.conversion import Value
from xsrun.values.streams import StreamedResponse
from xsrun.workspace.result import Result

if TYPE_CHECKING:
    from xsrun.documents import ErrorDocument
    from xsrun.services.tokens import TokenService

    #: where the answer to a request goes
    Reply = asyncio.Future[Answer | Stream]

#: Bytes of a body whose inputs the history keeps as they are.
_KEPT = 2_000
#: Seconds that a query which only computes may keep everybody else waiting.
_AT_ONCE = 0.005


class Endpoint:
    """Runs queries for requests, and remembers them."""

    def __init__(self, settings: Settings, history: History, log: Log) -> None:
        self.settings = settings
        self.history = history
        self.log = log

    def respond(
        self,
        snapshot: Snapshot,
        match: Match,
        request: Incoming,
        workers: Workers,
        future: Reply,
    ) -> None:
        """Run the query and deliver the answer; then run what the program left for later."""
        started = time.perf_counter()
        run = self.begin(snapshot, match, request)
        if snapshot.streams:
            run.on_stream = lambda stream: self.begin_stream(snapshot, match, request, stream, workers, future)
        result = run.result()
        if run.stream is None:
            answer = self.finish(snapshot, match, request, run.answer(result))
            workers.deliver(future, answer)
        else:
            run.stream.end()
            answer = Answer(run.stream.status)
        try:
            self.remember(run, result, answer, time.perf_counter() - started)
            if run.context.deferred:
                logs, warnings = len(result.logs), len(result.warnings)
                snapshot.workspace.after_response(run.context, result)
                self.log.entries(result.logs[logs:])
                self.log.warnings(result.warnings[warnings:])
        except Exception as error:  # the answer is out: nobody else would hear of it
            self.log.fault(error)
        finally:
            run.route.note_duration(time.perf_counter() - started)

    def respond_at_once(self, snapshot: Snapshot, match: Match, request: Incoming) -> Answer | None:
        """The answer of a query that only computes, on the thread that asks; None when it would take too long.

        It can then be run again from its start: it has changed nothing.
        """
        if snapshot.workspace.limits.seconds is None:
            return None  # there is no deadline that could end it
        started = time.perf_counter()
        run = self.begin(snapshot, match, request)
        run.context.deadline = time.monotonic() + _AT_ONCE
        result = run.result()
        duration = time.perf_counter() - started
        run.route.note_duration(duration)
        if isinstance(result.error, LimitError):
            return None
        answer = self.finish(snapshot, match, request, run.answer(result))
        self.remember(run, result, answer, duration)
        return answer

    def begin(self, snapshot: Snapshot, match: Match, request: Incoming) -> Run:
        return Run(snapshot, match, request)

    def finish(self, snapshot: Snapshot, match: Match, request: Incoming, answer: Answer) -> Answer:
        """Add what all answers of a group have: CORS headers, compression, and a note when a file is broken."""
        answer.headers += snapshot.policy(match.group).headers_for(request)
        if snapshot.stale:
            first = snapshot.stale[0]
            note = f"{first.file}:{first.line}: {first.message}"
            answer.headers.append((b"x-xsrun-stale", note.encode("ascii", "backslashreplace")))
        return answer.compressed(request.header(b"accept-encoding"), self.settings.compress_from)

    def begin_stream(
        self,
        snapshot: Snapshot,
        match: Match,
        request: Incoming,
        stream: Stream,
        workers: Workers,
        future: Reply,
    ) -> None:
        """Send the head of a streamed response; its chunks follow."""
        stream.headers += snapshot.policy(match.group).headers_for(request)
        stream.loop = workers.loop
        workers.deliver(future, stream)

    def remember(self, run: Run, result: Result, answer: Answer, duration: float) -> None:
        """Note the request in the history and on the console."""
        route, request = run.route, run.request
        path = route.path if route.secret_path else request.path
        if not self.log.quiet or answer.status >= 500:
            uri = masked_uri(path, request.query)
            self.log.request(request.verb, uri, answer.status, duration, result.error)
        if result.logs:
            self.log.entries(result.logs)
        if result.warnings:
            self.log.warnings(result.warnings)
        wanted = route.group.history if route.history in (None, "inherit") else route.history
        if not self.history.keeps or wanted is False:
            return
        # what came is kept as it is while it is small; what is long would be in the way of memory
        sent = run.inputs if len(request.body) <= _KEPT else masked(run.inputs, route.sensitive)
        entry = Entry(
            self.history.next_number(),
            run.at,
            request.verb,
            path,
            request.query,
            answer.status,
            duration,
            route.label,
            route.query.file,
            sent,
            route.sensitive,
            len(answer.body),
        )
        if result.error is not None:
            entry.error = _record(result.error)
        if result.logs:
            entry.logs = [{"value": masked(one.value), "file": one.file, "line": one.line} for one in result.logs[:50]]
        if result.warnings:
            entry.warnings = [str(getattr(one, "message", one)) for one in result.warnings[:50]]
        self.history.entries.append(entry)


def _record(error: XanoScriptError) -> ErrorDocument:
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "file": error.file,
        "line": error.line,
        "column": error.column,
    }


class Run:
    """The run of a query for one request."""

    def __init__(self, snapshot: Snapshot, match: Match, request: Incoming) -> None:
        assert match.route is not None
        self.workspace = snapshot.workspace
        self.route: Route = match.route
        self.request = request
        self.path_values = match.values
        self.inputs: dict[str, Value] = {}
        #: what is sent with `api.stream`, once the first chunk is there
        self.stream: Stream | None = None
        self.on_stream: Callable[[Stream], None] | None = None
        self.context: Context = self.workspace.context(
            request=request.request(match.group.base), datasource=request.datasource()
        )
        if snapshot.streams:
            self.context.head.stream = StreamedResponse(self.context.check_size, self.send)
        self.at = self.context.now()

    def result(self) -> Result:
        """Who calls, then what they send, then the program (semantics 3.1)."""
        context = self.context
        try:
            self.identify()
            self.inputs = self.request.inputs(self.path_values)
        except Exception as raised:
            error = translate(raised)
            return Result(error=error, status=error.status)
        context.request.input, context.request.in_path = self.inputs, frozenset(self.path_values)
        return self.workspace.execute(self.route.query, self.inputs, context, admit=False, conclude=False)

    def identify(self) -> None:
        """Read the token and let the caller in. Raises UnauthorizedError. Public queries have no identity."""
        if not self.route.auth:
            return
        context = self.context
        token = context.request.token
        if token is not None:
            tokens: TokenService = context.service("tokens")
            found = tokens.decode(token, context.now(), context.datasource)
            context.auth = Identity(found.id, found.table, found.extras)
        if self.workspace.dispatcher is not None:
            self.workspace.dispatcher.admit(self.route.query, context)

    def send(self, chunk: bytes) -> None:
        """Send a chunk of a streamed response; the first one sends the head before it."""
        if self.stream is None:
            head = self.context.head
            self.stream = Stream(head.status or 200, head_of(head.headers))
            assert self.on_stream is not None
            self.on_stream(self.stream)
        self.stream.write(chunk)

    def answer(self, result: Result) -> Answer:
        """The whole answer of a program that streamed nothing, or an empty stream."""
        streamed = self.context.head.stream
        if result.error is None and streamed is not None and streamed.media_type is not None:
            return Answer(result.status, head_of(result.headers))
        return answer_of(result)
