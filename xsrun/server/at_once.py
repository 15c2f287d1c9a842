"""Requests that are answered where they arrive, on the event loop: to hand a program over to a thread and its response
back takes longer than most programs.

While one runs, no other request goes on. So a program begins there only if it is proved to be over in a moment
(`xsrun.evaluator.brevity`), if the request is small, as the proof takes for granted, and if nothing is to be noted that
takes its time. One that has to wait for the database all the same, or finds much there, is given up before anybody has
seen anything of it, and runs in a thread as all others do. Rows of PostgreSQL are awaited, which lets others go on.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from xsrun.evaluator.brevity import MOST_OF_INPUTS, Brief, brief
from xsrun.running.at_once import CAME, Awaits, RowsThatCame, TakesLonger
from xsrun.server.endpoint import Endpoint, QueryRun
from xsrun.server.routes import Match, Route
from xsrun.server.snapshot import Snapshot
from xsrun.workspace.deep_calls import fit_any_thread

if TYPE_CHECKING:
    from xsrun.database.connection import BriefReads
    from xsrun.server.http_request import HttpRequest
    from xsrun.server.http_response import HttpResponse
    from xsrun.server.streaming import ResponseStream
    from xsrun.workspace.workspace import LoadedWorkspace

#: Requests of a query that run in threads after one that was given up.
_SPARED = 10
#: Bytes of cookies.
_MOST_OF_COOKIES = 1_024
#: Bodies that are read in one go.
_BODIES = frozenset(("application/json", "application/x-www-form-urlencoded"))


def may_be_at_once(
    endpoint: Endpoint, snapshot: Snapshot, route: Route | None, request: HttpRequest, others: int
) -> bool:
    """Is this request answered where it arrives, as far as is known? `others` is how many programs run in threads that
    may compute for long: a read of the database gives Python's lock away, and would wait for it until one of these
    does."""
    if route is None or route.brief is None or (others and route.brief.reads):
        return False
    if route.spared:
        route.spared -= 1
        return False
    if snapshot.workspace.observer is not None or endpoint.telemetry is not None:
        return False  # a debugger, which stops programs; spans, of which a run that begins anew would have several
    return _is_small(request) and not endpoint.wants_trace(route.label)


async def answer_at_once(
    endpoint: Endpoint, snapshot: Snapshot, match: Match, request: HttpRequest
) -> HttpResponse | None:
    """The response of a query that is over in a moment; None where it has to run in a thread after all."""
    assert match.route is not None and match.route.brief is not None
    reads = snapshot.workspace.database.brief if match.route.brief.reads else None
    try:
        if reads is not None and reads.awaited:
            return await _answer_with_rows(endpoint, snapshot, match, request, reads)
        run = QueryRun(snapshot, match, request)
        run.context.at_once = True
        return endpoint.answered(snapshot, run)[0]
    except TakesLonger:
        match.route.spared = _SPARED
        return None


async def _answer_with_rows(
    endpoint: Endpoint, snapshot: Snapshot, match: Match, request: HttpRequest, reads: BriefReads
) -> HttpResponse:
    """The same of a query whose rows come later: what it does before it needs them is done again when they are there,
    which costs less than a thread that waits for them. Raises TakesLonger."""
    started = time.perf_counter()
    came = RowsThatCame()
    while True:
        run = QueryRun(snapshot, match, request)
        run.context.at_once = True
        run.context.scratch[CAME] = came.begin()
        try:
            return endpoint.answered(snapshot, run, None, started)[0]
        except Awaits as asked:
            came.add(asked, await reads.fetch(asked.text, asked.parameters))


def _is_small(request: HttpRequest) -> bool:
    """Are all inputs of a request as small as a proof takes for granted, and read in one go? Each cookie is a secret
    that is looked for wherever something is shown."""
    if len(request.headers.get(b"cookie", b"")) > _MOST_OF_COOKIES:
        return False
    if sum(map(len, request.headers.values())) > MOST_OF_INPUTS:
        return False
    if request.body:
        together = len(request.body) + len(request.query) + len(request.path)
        return together <= MOST_OF_INPUTS and request.media_type in _BODIES
    return len(request.query) + len(request.path) <= MOST_OF_INPUTS


def answer_in_thread(
    endpoint: Endpoint, snapshot: Snapshot, match: Match, request: HttpRequest, stream: ResponseStream | None
) -> HttpResponse:
    """The response of a query that runs in this thread; the first time that its program ran, and so is compiled, it is
    found out whether it has to."""
    response = endpoint.respond(snapshot, match, request, stream)
    assert match.route is not None
    if not match.route.judged and match.route.query.compiled.get(False) is not None:
        judge(match.route, snapshot.workspace)
    elif match.route.judged and match.route.spared and match.route.brief is not None and match.route.brief.reads:
        snapshot.workspace.database.open_brief()
    return response


def judge(route: Route, workspace: LoadedWorkspace) -> None:
    """Find out whether a query is over in a moment."""
    route.judged = True
    route.brief = _judged(route, workspace)


def _judged(route: Route, workspace: LoadedWorkspace) -> Brief | None:
    query, dispatcher = route.query, workspace.dispatcher
    if route.auth or query.problems or not fit_any_thread(workspace.limits.depth):
        return None
    if dispatcher is not None and dispatcher.around(query) is not None:
        return None
    found = brief(query.items, query.response, query.declared)
    if found is None or not found.reads:
        return found
    database = workspace.database
    if not all(database.is_found_at_once(table, field) for table, field in found.reads):
        return None
    return found if database.open_brief() is not None else None
