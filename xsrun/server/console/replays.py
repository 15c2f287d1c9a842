"""Sending requests again, as they were or changed, and sending new ones: each is traced and kept like any other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from xsrun.running.context import Identity
from xsrun.running.secrets import MASK
from xsrun.server.console.calls import ApiCall, handles, missing, wrong
from xsrun.server.console.data_views import datasource_of
from xsrun.server.console.request_views import number_of
from xsrun.server.console.tracing import ConsoleTrace
from xsrun.server.endpoint import QueryRun
from xsrun.server.http_request import HttpRequest
from xsrun.server.routes import Match
from xsrun.values.conversion import Value, from_json
from xsrun.values.json_errors import JsonError

if TYPE_CHECKING:
    from xsrun.server.history import HistoryEntry

#: Headers that say how a request came, which the one that is sent again does not share.
_FRAMING = frozenset((b"content-length", b"transfer-encoding", b"connection", b"accept-encoding", b"cookie"))


@handles("POST", "request/{}/replay")
def replay(call: ApiCall) -> dict[str, Value]:
    """Send a request again. The body may change it: `verb`, `uri`, `headers` (lines), `body` (text), `datasource`.

    Secrets that the page shows as `***` are filled in where this process still knows them; a request whose token is not
    known any more is run for the row that the token stood for.
    """
    number = number_of(call)
    kept = call.console.keeper.store.one(number)
    if kept is None:
        raise missing(f"request {number} is not kept any more")
    recent = call.console.keeper.recent(number)
    given = call.body()
    original = recent.exchange.request if recent is not None and recent.exchange is not None else None
    if original is not None and not given and recent is not None and recent.exchange is not None:
        if recent.exchange.left_out:
            raise wrong("its body was too long to be kept", "edit it and give the body again")
        request = original
    else:
        request = _changed(kept, given, original)
    identity = _identity(kept) if request.token() is None else None
    return sent(call, request, identity, number)


@handles("POST", "requests/send")
def send(call: ApiCall) -> dict[str, Value]:
    """Send a new request: `verb`, `uri`, `headers` (lines), `body` (text); `identity` is whom it is for, if anybody."""
    given = call.body()
    host = f"host: {call.request.header(b'host') or 'localhost'}"
    request = _changed({"verb": "GET", "uri": "/", "request": {"headers": [host]}}, given, None)
    return sent(call, request, _identity(given), None)


def sent(call: ApiCall, request: HttpRequest, identity: Identity | None, repeats: int | None) -> dict[str, Value]:
    """Run the query that a request goes to; gives the number under which it is kept. Raises XanoScriptError."""
    datasource_of(call, request.datasource())
    snapshot = call.console.live.current
    match = snapshot.routes.find(request.verb, request.path)
    if match is None or match.route is None:
        verbs = f"; there is {', '.join(match.verbs)}" if match is not None and match.verbs else ""
        raise missing(f"no query takes {request.verb} {request.path[:200]}{verbs}")
    entry = _run(call, request, match, identity, repeats)
    call.console.keeper.flush()
    return {"number": entry.number, "status": entry.status, "kept": call.console.history.keeps}


def _run(
    call: ApiCall, request: HttpRequest, match: Match, identity: Identity | None, repeats: int | None
) -> HistoryEntry:
    endpoint = call.console.endpoint
    snapshot = call.console.live.current
    run = QueryRun(snapshot, match, request, ConsoleTrace())
    run.repeats, run.identity = 0 if repeats is None else repeats, identity
    response, entry = endpoint.answered(snapshot, run)
    if response.background is not None:
        response.background()
    if entry is None:
        raise wrong("the server keeps no history", "start it without --history 0")
    return entry


def _identity(kept: dict[str, Value]) -> Identity | None:
    """Whom a request was for."""
    found = kept.get("identity")
    if not isinstance(found, dict) or found.get("id") in (None, ""):
        return None
    extras = found.get("extras")
    return Identity(found["id"], str(found.get("table") or ""), extras if isinstance(extras, dict) else {})


# Changed requests ----------------------------------------------------------------------------------------------------


def _changed(kept: dict[str, Value], given: dict[str, Value], original: HttpRequest | None) -> HttpRequest:
    """A request as it is kept with what was given in place of its parts."""
    shown = kept.get("request") or {}
    verb, uri = str(given.get("verb") or kept["verb"]).upper(), str(given.get("uri") or kept["uri"])
    if not uri.startswith("/") or not uri.isprintable() or " " in uri:
        raise wrong("an address begins with / and has no blanks")
    path, _, query = uri.encode("utf-8", "replace").decode("latin-1").partition("?")
    lines = given.get("headers", shown.get("headers") or [])
    headers = _headers(lines if isinstance(lines, list) else [], original)
    body = given["body"].encode() if isinstance(given.get("body"), str) else _kept_body(shown.get("body"))
    if original is not None:
        if MASK in query and uri == kept.get("uri"):
            query = original.query.decode("latin-1")
        body = _unmasked(body, original.body)
    datasource = str(given.get("datasource") or kept.get("datasource") or "live")
    if datasource != "live":
        headers[b"x-data-source"] = datasource.encode("latin-1", "replace")
    base = original or HttpRequest(verb, path, b"", {})
    return replace(base, verb=verb, path=path, query=query.encode("latin-1"), headers=headers, body=body)


def _headers(lines: list[Value], original: HttpRequest | None) -> dict[bytes, bytes]:
    """Headers of lines; one that is masked gets the value that it had, or is left out."""
    made: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = str(line).partition(":")
        key = name.strip().lower().encode("latin-1", "replace")
        if not colon or not key or key in _FRAMING:
            continue
        text = value.strip()
        if MASK in text:
            if original is not None and key in original.headers:
                made[key] = original.headers[key]
            continue
        made[key] = text.encode("latin-1", "replace")
    return made


def _kept_body(body: Value) -> bytes:
    """The bytes of a body as it is kept."""
    if not isinstance(body, dict):
        return b""
    if "json" in body:
        return json.dumps(body["json"], ensure_ascii=False).encode("utf-8", "replace")
    return str(body.get("text", "")).encode("utf-8", "replace")


def _unmasked(body: bytes, original: bytes) -> bytes:
    """A body of JSON whose masked members have the values that they had."""
    if MASK.encode() not in body:
        return body
    try:
        return json.dumps(_filled(from_json(body), from_json(original)), ensure_ascii=False).encode("utf-8", "replace")
    except JsonError:
        return body


def _filled(value: Value, known: Value) -> Value:
    if value == MASK:
        return known
    if isinstance(value, dict) and isinstance(known, dict):
        return {name: _filled(item, known.get(name, item)) for name, item in value.items()}
    if isinstance(value, list) and isinstance(known, list) and len(value) == len(known):
        return [_filled(item, other) for item, other in zip(value, known, strict=True)]
    return value
