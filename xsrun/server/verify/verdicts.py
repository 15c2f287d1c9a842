"""Asking both sides, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from xsrun.records import made, record
from xsrun.running.trace import Trace
from xsrun.server.endpoint import Endpoint, QueryRun
from xsrun.server.history import History
from xsrun.server.http_request import HttpRequest
from xsrun.server.log import Log
from xsrun.server.settings import Settings
from xsrun.server.snapshot import Snapshot
from xsrun.server.verify.asked import PlannedRequest
from xsrun.server.verify.comparing import ComparisonRules, SideAnswer, differences
from xsrun.server.verify.live_side import LiveSide, NoAnswerError, answer_of, is_html
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.documents import Json
    from xsrun.running.context import Identity
    from xsrun.values.conversion import Value

#: After so many requests in a row without an answer the rest is not asked.
_GIVE_UP_AFTER = 3


@record
class RequestVerdict:
    """What came of one request: "same", "differs", "skipped" or "failed", with the differences or the reason.

    `places` are the statements that gave the local values, by difference: `file:line`.
    """

    planned: PlannedRequest
    status: str
    differences: list[str] = made(factory=list)
    places: list[str] = made(factory=list)
    reason: str = ""

    def as_dict(self) -> dict[str, Json]:
        """The verdict in the JSON document of `verify`."""
        asked = self.planned.asked
        return {
            "name": asked.name,
            "verb": asked.verb,
            "path": asked.shown,
            "source": asked.source,
            "status": self.status,
            "differences": list(self.differences),
            "statements": list(self.places),
            "reason": self.reason,
        }


class Verification:
    """Compares a workspace with an instance, request by request."""

    def __init__(
        self, snapshot: Snapshot, live: LiveSide, rules: ComparisonRules, identity: Identity | None = None
    ) -> None:
        self.snapshot = snapshot
        #: who the owner of the live side's token is here
        self.identity = identity
        self.live = live
        self.rules = rules
        self._endpoint = Endpoint(Settings(history=0, docs=False), History(0), Log(lambda _: None, quiet=True))

    def run(self, planned: Iterable[PlannedRequest], tell: Callable[[RequestVerdict], None]) -> list[RequestVerdict]:
        """A verdict for each request; `tell` is called with each."""
        found: list[RequestVerdict] = []
        silent = 0
        for one in planned:
            if one.refusal is not None:
                verdict = RequestVerdict(one, "skipped", reason=one.refusal)
            elif silent >= _GIVE_UP_AFTER:
                verdict = RequestVerdict(one, "skipped", reason="the live side did not answer the requests before")
            else:
                verdict = self.verdict(one)
                silent = silent + 1 if verdict.status == "failed" else 0
            found.append(verdict)
            tell(verdict)
        return found

    def verdict(self, one: PlannedRequest) -> RequestVerdict:
        """Ask both sides."""
        assert one.match is not None
        assert one.match.route is not None
        if one.match.route.auth and self.live.options.token and self.identity is None:
            reason = f"it asks for a user: say whose the token is here, with --auth {one.match.route.auth}:ID"
            return RequestVerdict(one, "skipped", reason=reason)
        try:
            there = self.live.answer(one.asked)
        except NoAnswerError as error:
            return RequestVerdict(one, "failed", reason=str(error))
        here, trace = self.local(one)
        if is_html(there) and not is_html(here):
            reason = f"HTTP {there.status} with a page in HTML: is this the address of an instance?"
            return RequestVerdict(one, "failed", reason=reason)
        if there.status == 429 and here.status != 429:
            return RequestVerdict(one, "failed", reason="the instance asks to slow down (HTTP 429): try a lower --rate")
        found = differences(here, there, self.rules)
        texts = [self.live.hidden(text) for _, text in found]
        places = [place for place in (self.place(trace, here, path) for path, _ in found) if place]
        return RequestVerdict(one, "differs" if found else "same", texts, list(dict.fromkeys(places)))

    def local(self, one: PlannedRequest) -> tuple[SideAnswer, Trace]:
        """The answer of the workspace, and how it came about."""
        assert one.match is not None
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in one.asked.headers]
        request = HttpRequest(one.asked.verb, one.asked.path, one.asked.query.encode(), dict(headers))
        request.body = one.asked.body
        trace = Trace()
        run = QueryRun(self.snapshot, one.match, request, trace)
        run.identity = self.identity
        result = run.result()
        response = run.response(result, insider=False)
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
        answer = answer_of(response.status, sent, response.body)
        if response.background is not None:
            response.background()
        return answer, trace

    def place(self, trace: Trace, here: SideAnswer, path: str) -> str:
        """The last statement that left the local value of a path; empty where none shows it."""
        value = _at(here.value, path)
        if value is None or value in (True, False, "", 0, 1):
            return ""
        text = to_json(value)
        for entry in reversed(trace.entries):
            if text in entry.value:
                return f"{self.snapshot.workspace.shown(entry.file)}:{entry.line}"
        return ""


def _at(value: Value, path: str) -> Value:
    """The value at a path such as `.items[0].name`; None where there is none."""
    import re

    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value if path.startswith((".", "[")) else None
