"""Calls of other servers: `api.request`, `api.microservice`, and what they share with `webflow.request` and streams.

Nothing leaves the machine unless the user names the host (`--allow-net`); see `xsrun.services.network`.
"""

from __future__ import annotations

from dataclasses import replace

from xsrun.errors import MissingParamError, XanoScriptError
from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.http_messages import (
    QUERY_METHODS,
    Headers,
    OutgoingRequest,
    ReceivedResponse,
    Tls,
    body_of,
    header_lines,
    with_query,
)
from xsrun.values.conversion import Value, as_number, as_utf8, not_allowed, to_text

DEFAULT_TIMEOUT = 10.0
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


# Shared --------------------------------------------------------------------------------------------------------------


def method_of(value: Value) -> str:
    """The method in capitals; GET when none is given. Raises InputError for a word that is none."""
    method = to_text(value).strip().upper() or "GET"
    if method not in METHODS:
        raise not_allowed(method, "method", f"methods: {', '.join(METHODS)}")
    return method


def timeout_of(value: Value) -> float | None:
    """Seconds; the default where nothing is given, None (as long as the run may take) for 0."""
    if value is None or value == "":
        return DEFAULT_TIMEOUT
    return max(as_number(value), 0) or None


def tls_of(
    verify_host: bool, verify_peer: bool, ca: Value, certificate: Value, private_key: Value, *passwords: Value
) -> Tls:
    """The certificate attributes of a call."""
    password = next((text for text in map(to_text, passwords) if text), "")
    return Tls(verify_peer, verify_host, to_text(ca), to_text(certificate), to_text(private_key), password)


def request_of(
    url: str, method: str, params: Value, headers: Headers, timeout: float | None, follow: bool, tls: Tls | None = None
) -> OutgoingRequest:
    """The request to send: `params` in the query string or the body, by the method (semantics 6.1)."""
    if not url.strip():
        raise MissingParamError("url")
    body = None
    if method in QUERY_METHODS:
        url = with_query(url.strip(), params)
    else:
        body, headers = body_of(method, params, headers)
    return OutgoingRequest(method, url.strip(), headers, body, timeout, follow, tls or Tls())


def outcome(request: OutgoingRequest, url: str, params: Value, answer: ReceivedResponse) -> dict[str, Value]:
    """The result of a call as programs see it (semantics 6.1)."""
    response: dict[str, Value] = {
        "headers": answer.header_lines,
        "result": answer.result,
        "status": answer.status,
    }
    if answer.error is not None:
        response["error"] = answer.error
    shown = {
        "url": url,
        "method": request.method,
        "headers": [f"{name}: {value}" for name, value in request.headers],
        "params": {} if params is None else params,
    }
    return {"request": shown, "response": response}


# Statements ----------------------------------------------------------------------------------------------------------


@statement("api.request", editor_needs="url method", values={"method": METHODS})
def api_request(
    context: Context,
    url: Value = None,
    method: Value = "GET",
    params: Value = None,
    headers: Value = None,
    timeout: Value = None,
    follow_location: bool = True,
    verify_host: bool = True,
    verify_peer: bool = True,
    ca_certificate: Value = None,
    certificate: Value = None,
    certificate_pass: Value = None,
    private_key: Value = None,
    private_key_pass: Value = None,
    async_: Value = None,
) -> Value:
    """Send an HTTP request: `{request: {url, method, headers, params}, response: {headers, result, status}}`.

    `params` is the query string of GET, HEAD and OPTIONS, and the body of all others: JSON, or a form where the header
    `Content-Type: application/x-www-form-urlencoded` says so; with a file among them it is multipart; a text goes as it
    is. `headers` is a list of `"Name: value"` lines. `timeout` is in seconds, 10 when left out. `result` is the decoded
    JSON, else the text of the body.

    `async` changes nothing here: the response is there when the next statement runs.

    An HTTP error status raises nothing. When the server cannot be reached or does not answer in time, `status` is 0,
    `result` is false and `response.error` says why. Only servers on this machine can be reached unless `--allow-net`
    names others; `--record FILE` keeps the answers and `--replay FILE` gives them again without a network.

    >>> api.request {
    ...   url = "http://127.0.0.1:9/tides"
    ...   method = "GET"
    ...   params = {harbour: "Oban"}
    ...   timeout = 5
    ... } as $reply
    {"reply": {"request": {"url": "http://127.0.0.1:9/tides", "method": "GET", "headers": [],
      "params": {"harbour": "Oban"}}, "response": {"headers": [], "result": false, "status": 0, "error": ...}}}
    """
    tls = tls_of(verify_host, verify_peer, ca_certificate, certificate, private_key, private_key_pass, certificate_pass)
    return send(context, "api.request", as_utf8(url), method, params, headers, timeout, follow_location, tls)


def send(
    context: Context,
    name: str,
    url: str,
    method: Value,
    params: Value,
    headers: Value,
    timeout: Value,
    follow_location: bool,
    tls: Tls | None = None,
    unseen: Headers | None = None,
) -> Value:
    """Send the request of a statement and give its result; `unseen` are headers that the result does not show."""
    request = request_of(
        url, method_of(method), params, header_lines(headers), timeout_of(timeout), follow_location, tls
    )
    sent = replace(request, headers=[*request.headers, *(unseen or [])])
    answer: ReceivedResponse = context.service("http").exchange(context, sent, name)
    return outcome(request, url, params, answer)


@statement("api.microservice")
def microservice(
    context: Context,
    host: str,
    path: str,
    method: Value,
    params: Value,
    headers: Value,
    timeout: Value,
    follow_location: bool,
) -> Value:
    """Send an HTTP request to a microservice: like `api.request`, by host and path.

    `host` is `name`, `name:port`, or begins with `http://` or `https://`. The host must be this machine or allowed with
    `--allow-net`.

    >>> api.microservice {
    ...   host = "127.0.0.1:9"
    ...   path = "/tides"
    ...   method = "GET"
    ...   params = {}
    ...   headers = []
    ...   timeout = 5
    ...   follow_location = true
    ... } as $reply
    {"reply": {"request": {"url": "http://127.0.0.1:9/tides", "method": "GET", "headers": [], "params": {}},
      "response": {"headers": [], "result": false, "status": 0, "error": ...}}}
    """
    if not host:
        raise MissingParamError("host")
    base = host if "://" in host else f"http://{host}"
    url = f"{base.rstrip('/')}/{path.removeprefix('/')}"
    return send(context, "api.microservice", url, method, params, headers, timeout, follow_location)


@statement("api.realtime_event", spellings={"event": "auth_id"})
def realtime_event(
    context: Context,
    channel: str,
    data: Value,
    auth_table: Value = None,
    auth_id: Value = None,
    event: Value = None,
) -> None:
    """Send an event to the clients of a realtime channel; with `auth_table` and `auth_id` to that user's alone.

    On this machine the event is kept with the workspace, for whoever listens there. It never fails.

    >>> api.realtime_event {
    ...   channel = "harbour/oban"
    ...   data = {level: 3.1}
    ...   auth_table = ""
    ...   auth_id = ""
    ... }
    {}
    """
    context.service("realtime").publish(
        channel, data, now=context.now(), auth_table=auth_table, auth_id=auth_id, event=event
    )


@statement("api.stream", spellings={"format": "value", "headers": "value", "filename": "value"})
def stream(
    context: Context, value: Value = None, format: Value = None, headers: Value = None, filename: Value = None
) -> None:
    """Stream a value to the client in place of the response; several statements send one after another.

    A stream or list goes item by item: texts as they are, other items as a line of JSON each. `format` is "jsonl",
    "csv" (with `headers`, the names of the columns), "sse" (an event an item) or "raw"; `filename` proposes a name for
    a download. Without a server that streams, the text sent is the response of the run.

    >>> api.stream {
    ...   value = [{id: 1}, {id: 2}]
    ... }
    {}
    """
    from xsrun.statements.stream_formats import MEDIA_TYPES, chunks
    from xsrun.values.streams import streamed

    wanted = to_text(format).lower()
    if wanted and wanted not in MEDIA_TYPES:
        raise not_allowed(wanted, "format")
    response = streamed(context)
    if response.media_type is None:
        announce(context, MEDIA_TYPES[wanted], to_text(filename))
        response.media_type = MEDIA_TYPES[wanted]
    for chunk in chunks(context, value, wanted, headers):
        response.write(chunk)


def announce(context: Context, media_type: str, filename: str) -> None:
    """Set the headers of a streamed response, but for those the program has set."""
    from urllib.parse import quote

    head = context.head.headers
    named = {name.lower() for name, _ in head}
    if "content-type" not in named:
        head.append(("Content-Type", media_type))
    if filename and "content-disposition" not in named:
        head.append(("Content-Disposition", f"attachment; filename*=UTF-8''{quote(filename)}"))


def failed(statement_name: str, reason: str) -> XanoScriptError:
    """The error of a statement that has no result to put a transport failure into."""
    return XanoScriptError(f"{statement_name}: {reason}")
