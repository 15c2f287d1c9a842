"""What goes back to the client: bodies, statuses and headers (semantics 2.8, 3.5, 3.6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xsrun.errors import InternalError, NotFoundError, XanoScriptError, XanoScriptSyntaxError
from xsrun.server.cors import Headers
from xsrun.values.conversion import Value, from_json, to_bytes, to_json, write_json
from xsrun.workspace.result import Result

if TYPE_CHECKING:
    from xsrun.documents import ErrorBody

JSON_TYPE = b"application/json"
#: Statuses that never have a body.
BODILESS = frozenset((204, 304))
#: What outsiders read instead of an error that names files or the inside of xsrun.
_NOT_TOLD = "The server cannot run this query."
#: Headers that only the server can set.
_FRAMING = frozenset(("connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade"))
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")


@dataclass(slots=True)
class HttpResponse:
    """A whole response. `headers` hold everything but the length; `background` is called once it is sent."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    background: Callable[[], None] | None = None

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def framed(self) -> Headers:
        """The headers with the length of the body."""
        if self.status in BODILESS:
            return self.headers
        return [*self.headers, (b"content-length", str(len(self.body)).encode())]

    def compressed(self, accepted: str | None, from_size: int) -> HttpResponse:
        """The same response, gzipped where the client accepts it and it is worth it."""
        if len(self.body) < from_size or self.header(b"content-encoding") is not None:
            return self
        vary = (b"vary", b"Accept-Encoding")
        if not accepts_gzip(accepted):
            return HttpResponse(self.status, [*self.headers, vary], self.body)
        import gzip

        packed = gzip.compress(self.body, 5, mtime=0)
        return HttpResponse(self.status, [*self.headers, vary, (b"content-encoding", b"gzip")], packed)


def accepts_gzip(accepted: str | None) -> bool:
    """Does an `Accept-Encoding` header accept gzip?"""
    for part in (accepted or "").lower().split(","):
        name, _, parameters = part.strip().partition(";")
        if name.strip() in ("gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def json_body(value: Value) -> bytes:
    """A value as the JSON of a body. Raises LimitError."""
    return _encoded(to_json(value))


def _encoded(text: str) -> bytes:
    """A text as a body; characters that UTF-8 cannot hold become question marks."""
    return text.encode("utf-8", "replace")


def response_of(result: Result, *, insider: bool = False) -> HttpResponse:
    """The response to a request whose program ended; an insider is told about errors (see `error_response`)."""
    if result.error is not None:
        response = error_response(result.error, insider=insider)
        own = [pair for pair in headers_of(result.headers) if pair[0].lower() != b"content-type"]
        response.headers = [*own, *response.headers]
        return response
    if result.status == 200 and not result.headers:
        return HttpResponse(200, [(b"content-type", JSON_TYPE)], _json_of(result))
    status = result.status if 200 <= result.status <= 599 else 200
    headers = headers_of(result.headers)
    if status in BODILESS:
        return HttpResponse(status, [pair for pair in headers if pair[0].lower() != b"content-type"])
    content_type = next((value for key, value in reversed(headers) if key.lower() == b"content-type"), None)
    if content_type is None:
        return HttpResponse(status, [(b"content-type", JSON_TYPE), *headers], _json_of(result))
    value = result.response
    if b"json" not in content_type.lower() and isinstance(value, (str, bytes)):
        return HttpResponse(status, headers, to_bytes(value))
    return HttpResponse(status, headers, _json_of(result))


def _json_of(result: Result) -> bytes:
    """What a program responds, which was measured when it ended, as JSON."""
    return _encoded(write_json(result.response))


def headers_of(headers: list[tuple[str, str]]) -> Headers:
    """The headers that a program set, without those that only the server may set and those that are not valid."""
    return [
        (name.encode("latin-1"), _CONTROL.sub(" ", value).strip().encode("latin-1", "replace"))
        for name, value in headers
        if _TOKEN.fullmatch(name) and name.lower() not in _FRAMING
    ]


def error_response(error: XanoScriptError, *, insider: bool = False) -> HttpResponse:
    """The response to an error. Where it happened and what to do about it go into headers: the body is the engine's.

    Only an insider, a caller on this machine or an administrator, is told of files and of hints.
    """
    status = error.status if 200 <= error.status <= 599 else 500
    headers = [(b"content-type", JSON_TYPE)]
    if insider and error.file and error.line:
        headers.append((b"x-xsrun-at", _header_text(f"{error.file}:{error.line}:{error.column or 1}")))
    if insider and error.hint:
        headers.append((b"x-xsrun-hint", _header_text(error.hint)))
    return HttpResponse(status, headers, json_body(_body(error, insider)))


def _body(error: XanoScriptError, insider: bool) -> ErrorBody:
    """The engine's body; for a text that is not XanoScript, which the engine never sees, it says where and why."""
    body = error.as_dict()
    if not insider:
        return {**body, "message": _NOT_TOLD} if isinstance(error, (InternalError, XanoScriptSyntaxError)) else body
    if isinstance(error, XanoScriptSyntaxError):
        if error.file and error.line:
            body["message"] = f"{error.file}:{error.line}:{error.column or 1}: {error.message}"
        body["payload"] = {"diagnostics": [one.as_dict() for one in error.diagnostics[:50]]}
    return body


def not_found(meant: str | None = None) -> HttpResponse:
    """The response to a request that no query takes; insiders read in it what was meant."""
    response = error_response(NotFoundError("Unable to locate request.", hint=meant), insider=True)
    if meant is not None:
        response.body = json_body({**from_json(response.body), "hint": meant})
    return response


def _header_text(text: str) -> bytes:
    return _CONTROL.sub(" ", text).encode("ascii", "backslashreplace")[:1_000]
