"""`xsrun test --over-http`: the `api.call` of workflow tests as real requests to a real server in this process.

Each test has a workspace of its own; the server answers a request from the workspace of the test that sent it. As in
the engine the caller is not checked (semantics 8.3). Everything else is what `xsrun serve` does.
"""

from __future__ import annotations

import http.client
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.running.context import Context
from xsrun.server.application import Application, Send
from xsrun.server.bodies import Receive
from xsrun.server.endpoint import Endpoint, QueryRun
from xsrun.server.http_request import HttpRequest, Message
from xsrun.server.log import Log
from xsrun.server.routes import Match, Route, Routes
from xsrun.server.settings import Settings
from xsrun.server.snapshot import Live, Snapshot
from xsrun.services.http_messages import body_of, with_query
from xsrun.values.conversion import Value, from_json, text_of_bytes
from xsrun.workspace.construct import Construct
from xsrun.workspace.result import Result
from xsrun.workspace.workspace import LoadedWorkspace, workspace_of

if TYPE_CHECKING:
    from uvicorn import Server

#: Names the call that a request belongs to.
_CALL = "X-Xsrun-Call"
#: Seconds that a call may take before the test ends with an error; programs have limits of their own.
_PATIENCE = 600


class CarriedCall:
    """One `api.call`: who makes it, and how it went."""

    def __init__(self, context: Context, snapshot: Snapshot) -> None:
        self.context = context
        self.snapshot = snapshot
        self.result: Result | None = None
        self.ended = threading.Event()


class HttpCarrier:
    """Carries calls of queries to a server and brings back its responses."""

    def __init__(self, workspace: LoadedWorkspace) -> None:
        self.calls: dict[str, CarriedCall] = {}
        self._numbers = itertools.count(1)
        self._routes = Routes(workspace.constructs)
        self._by_key = {route.query.key: route for group in self._routes.groups for route in group.routes}
        self._server, self._thread, self._port = start(OverHttp(self, Live(workspace)))
        self._link = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)

    def call_of(self, request: HttpRequest) -> CarriedCall | None:
        """The call that a request belongs to."""
        return self.calls.get(request.header(_CALL.lower().encode()) or "")

    def close(self) -> None:
        """End the server."""
        self._link.close()
        self._server.should_exit = True
        self._thread.join(10)

    def takes(self, context: Context, query: Construct) -> bool:
        """Can this call go over HTTP? A server cannot see into a transaction that the test has open."""
        session = context.session_slot
        return query.key in self._by_key and not (session is not None and session.transaction.depth)

    def send(
        self, context: Context, query: Construct, inputs: dict[str, Value], headers: dict[str, str]
    ) -> tuple[Value, XanoScriptError | None]:
        """The body of the response as a value, and the error that it tells of, if any."""
        number = str(next(self._numbers))
        call = self.calls[number] = CarriedCall(context, Snapshot(workspace_of(context), self._routes))
        try:
            route = self._by_key[query.key]
            path, body, sent = request_of(route, inputs, [*headers.items(), (_CALL, number)])
            response, data = self._exchange(route.verb, path, body, dict(sent))
            if call.result is not None:
                call.ended.wait(_PATIENCE)
                context.logs.extend(call.result.logs)
                context.warnings.extend(call.result.warnings)
            error = call.result.error if call.result is not None else None
            return value_of(response, data), error
        finally:
            del self.calls[number]

    def _exchange(
        self, verb: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            self._link.request(verb, path, body, headers)
            response = self._link.getresponse()
            return response, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._link.close()
            raise UnavailableError("the server of the test run does not respond") from error


class OverHttp(Application):
    """Answers each request from the workspace of the test that sends it."""

    def __init__(self, carrier: HttpCarrier, live: Live) -> None:
        super().__init__(live, Settings(history=0, docs=False), Log(lambda line: None, quiet=True))
        self.carrier = carrier
        self.endpoint = OverHttpEndpoint(carrier, self)

    async def http(self, scope: Message, receive: Receive, send: Send) -> None:
        call = self.carrier.call_of(HttpRequest.of(scope))
        try:
            await super().http(scope, receive, send)
        finally:
            if call is not None:
                call.ended.set()

    def may_be_at_once(self, snapshot: Snapshot, match: Match, request: HttpRequest) -> bool:
        """Never: a program runs in a thread, beside that of its test."""
        return False

    def snapshot(self, request: HttpRequest) -> Snapshot:
        call = self.carrier.call_of(request)
        return self.live.current if call is None else call.snapshot


class OverHttpEndpoint(Endpoint):
    """Runs queries as the test would."""

    def __init__(self, carrier: HttpCarrier, application: Application) -> None:
        super().__init__(application.settings, application.history, application.log)
        self.carrier = carrier

    def begin(self, snapshot: Snapshot, match: Match, request: HttpRequest) -> QueryRun:
        return OverHttpRun(snapshot, match, request, self.carrier.call_of(request))


class OverHttpRun(QueryRun):
    """A run that does not check the caller, in the data source of the test."""

    def __init__(self, snapshot: Snapshot, match: Match, request: HttpRequest, call: CarriedCall | None) -> None:
        super().__init__(snapshot, match, request)
        self.call = call
        if call is not None:
            self.context.datasource = call.context.datasource
            self.context.test = call.context.test

    def identify(self) -> None:
        """Do nothing: a test calls without a token."""

    def result(self) -> Result:
        found = super().result()
        if self.call is not None:
            self.call.result = found
        return found


def request_of(
    route: Route, inputs: dict[str, Value], headers: list[tuple[str, str]]
) -> tuple[str, bytes | None, list[tuple[str, str]]]:
    """Path, body and headers of the request that carries some inputs."""
    from urllib.parse import quote

    from xsrun.values.conversion import to_text

    path, left = route.path, dict(inputs)
    for name in route.parameters:
        if isinstance(left.get(name), (str, int, float)):
            path = path.replace(f"{{{name}}}", quote(to_text(left.pop(name)), safe=""))
    path = quote(path, safe="/:%")
    if route.verb in ("GET", "HEAD", "DELETE") and all(fits_a_query(value) for value in left.values()):
        return with_query(path, left), None, headers
    return path, *body_of(route.verb, left or None, headers)


def fits_a_query(value: Value) -> bool:
    """Does a query string carry this value so that it arrives as it was?"""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) for item in value)
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def value_of(response: http.client.HTTPResponse, data: bytes) -> Value:
    """The value of a response's body."""
    if not data:
        return None
    content_type = response.getheader("content-type") or ""
    if "json" in content_type and "jsonl" not in content_type:
        return from_json(data)
    return text_of_bytes(data)


def start(application: Application) -> tuple[Server, threading.Thread, int]:
    """Serve an application on this machine, in a thread; gives the server, its thread and its port."""
    from xsrun.server.listening import listen, make_server

    bound = listen("127.0.0.1", 0)
    server = make_server(application)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="xsrun-server", daemon=True)
    thread.start()
    return server, thread, bound.getsockname()[1]


@contextmanager
def over_http(workspace: LoadedWorkspace) -> Iterator[None]:
    """Let the workflow tests of a workspace call its queries over HTTP."""
    from xsrun.server.listening import require_packages

    require_packages()
    carrier = workspace.carrier = HttpCarrier(workspace)
    try:
        yield
    finally:
        workspace.carrier = None
        carrier.close()
