"""What the parts of the console share: the server that they look at, the store of requests, the token."""

from __future__ import annotations

import hmac
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from xsrun.dispatch.triggers import WATCHER
from xsrun.errors import XanoScriptError
from xsrun.filters.query_strings import parse_query
from xsrun.running.masking import masked_for_log, secrets_of_request
from xsrun.running.secrets import NOTHING
from xsrun.server.console.keeping import Keeper
from xsrun.server.console.scans import Scans
from xsrun.server.console.tracing import Tracing
from xsrun.server.endpoint import LONGEST_ANSWER, note_outcome
from xsrun.server.history import Exchange, HistoryEntry
from xsrun.server.http_response import JSON_TYPE, json_body
from xsrun.workspace.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from xsrun.diagnostics import Diagnostic
    from xsrun.documents import Json
    from xsrun.errors import XanoScriptError
    from xsrun.running.context import Context, LogEntry
    from xsrun.server.endpoint import Endpoint, QueryRun
    from xsrun.server.history import History
    from xsrun.server.http_request import HttpRequest
    from xsrun.server.http_response import HttpResponse
    from xsrun.server.log import Log
    from xsrun.server.settings import Settings
    from xsrun.server.snapshot import Live
    from xsrun.values.conversion import Value
    from xsrun.workspace.construct import Construct


class Shared:
    """A console and the server that it belongs to."""

    def __init__(self, live: Live, settings: Settings, history: History, endpoint: Endpoint, log: Log) -> None:
        self.live = live
        self.settings = settings
        self.endpoint = endpoint
        self.history = history
        self.log = log
        self.tracing = Tracing(settings.trace)
        self.keeper = Keeper(self._place, settings.kept, log)
        self.scans = Scans(lambda: live.current.workspace.kept("scans"))
        #: loads saved files again at once; without it they go live when a watcher sees them
        self.reload: Callable[[], object] = lambda: None
        history.keep = self.keep
        endpoint.trace, endpoint.wants_trace = self.tracing.trace, self.tracing.wants
        endpoint.watch = self.watch_triggers
        endpoint.background = self.background

    @cached_property
    def token(self) -> str:
        """What the page proves itself with, to each process that serves the workspace."""
        token: str = self.live.current.workspace.service("console_token")
        return token

    def _place(self) -> Path | None:
        """Where requests are kept: beside the workspace, in the folder of what it keeps."""
        return self.live.current.workspace.kept("history.db") if self.settings.lasting_history else None

    def latest(self) -> list[dict[str, Json]]:
        """The last requests of all processes as the history shows them, the latest first."""
        self.keeper.flush()
        return self.keeper.store.latest(self.settings.history)

    def keep(self, entry: HistoryEntry) -> None:
        """Keep what the history notes; a query that failed is traced for a while."""
        if (entry.status >= 400 or entry.error is not None) and entry.kind == "request":
            self.tracing.failed(entry.query)
        self.keeper.keep(entry)

    def unmatched(self, request: HttpRequest, path: str, response: HttpResponse, at: int) -> None:
        """Note a request that no query takes; `path` is as logs show it."""
        if not self.history.keeps:
            return
        exchange = Exchange(replace(request, body=b"", path=path), len(request.body), response.headers, response.body)
        sent = parse_query(request.query)
        entry = HistoryEntry(
            *(self.history.next_number(), at, request.verb, path, request.query, response.status, 0.0),
            *("", "", sent, frozenset(), len(response.body)),
            kind="unmatched",
            exchange=exchange,
        )
        self.keep(entry)

    def ran(
        self, construct: Construct, result: Result, context: Context, at: int, sent: dict[str, Value], kind: str = "run"
    ) -> HistoryEntry:
        """Note a run that no request began: from the console, of a task, of a trigger."""
        secrets = secrets_of_request(context.secrets, {}, sent, construct.sensitive)
        body = b"" if result.response is None and result.error is None else json_body(result.body)
        exchange = Exchange(
            None,
            0,
            [(b"content-type", JSON_TYPE)],
            body if len(body) <= LONGEST_ANSWER else b"",
            context.secrets,
            context.auth,
            context.datasource,
            context.trace,
        )
        entry = HistoryEntry(
            *(self.history.next_number(), at, kind.upper(), construct.name, b"", result.status, result.duration),
            *(construct.label, construct.file, sent, construct.sensitive, len(body)),
            kind=kind,
            exchange=exchange,
        )
        note_outcome(entry, result, secrets)
        if self.history.keeps:
            self.keep(entry)
        return entry

    def background(
        self, run: QueryRun, logs: list[LogEntry], warnings: list[Diagnostic | XanoScriptError], seconds: float
    ) -> None:
        """Note what ran after the response of a request: asynchronous calls, and what it left for later."""
        error = next((one for one in warnings if isinstance(one, XanoScriptError)), None)
        result = Result(error=error, logs=logs, warnings=warnings, duration=seconds)
        result.status = 200 if error is None else error.status
        if self.history.keeps:
            self.ran(run.route.query, result, run.context, run.context.now(), {}, "background")

    def watch_triggers(self, context: Context) -> None:
        """Let the triggers of a run be noted, each by itself."""
        if self.history.keeps:
            context.scratch[WATCHER] = self._note_trigger

    def _note_trigger(
        self,
        context: Context,
        trigger: Construct,
        values: dict[str, Value],
        seconds: float,
        error: XanoScriptError | None,
    ) -> None:
        result = Result(error=error, status=200 if error is None else error.status, duration=seconds)
        exchange = Exchange(known=context.secrets, identity=context.auth, datasource=context.datasource)
        entry = HistoryEntry(
            *(self.history.next_number(), context.now(), "TRIGGER", trigger.name, b"", result.status, seconds),
            *(trigger.label, trigger.file, masked_for_log(values, secrets=context.secrets or NOTHING), frozenset()),
            kind="trigger",
            exchange=exchange,
        )
        note_outcome(entry, result, secrets_of_request(context.secrets, {}, values))
        self.keep(entry)

    def ticket(self, address: str) -> str:
        """What lets a frame or a link of the page load one address."""
        return hmac.new(self.token.encode(), address.encode("utf-8", "replace"), "sha256").hexdigest()

    def close(self) -> None:
        """Keep what waits, and close the store."""
        self.keeper.close()
