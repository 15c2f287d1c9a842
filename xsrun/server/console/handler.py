"""The console's addresses: its page, its files and its API, for those who may see them and from its own page alone."""

from __future__ import annotations

import hmac
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xsrun.errors import UsageError, XanoScriptError
from xsrun.server.console.calls import HANDLERS, TICKETED, ApiCall, as_error, missing, wrong
from xsrun.server.console.shared import Shared
from xsrun.server.http_response import JSON_TYPE, HttpResponse, error_response, json_body

if TYPE_CHECKING:
    from xsrun.server.cors import Headers
    from xsrun.server.http_request import HttpRequest
    from xsrun.server.snapshot import Snapshot

PAGE = "/xsrun/"
_API = "/xsrun/api/"
_STATIC = "/xsrun/console/"
_TOKEN_HEADER = b"x-xsrun-console"
_TYPES = {
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
}
#: Nothing from other origins, nothing inline; frames only of what is shown in a sandbox.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    b"frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_COMMON: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


def is_console(path: str) -> bool:
    """Does an address belong to the console?"""
    return path == PAGE or path.startswith((_API, _STATIC))


class Console(Shared):
    """Answers requests below `/xsrun/` that belong to the console.

    The page gets a token in its text and in a cookie that the browser sends with requests of this site alone. Each call
    of the API must bring both, so that no other page can make one.
    """

    # Requests ------------------------------------------------------------------------------------------------------

    def respond(self, snapshot: Snapshot, request: HttpRequest) -> HttpResponse | None:
        """The response at an address of the console; None for any other. Whether the caller may see it was tested."""
        path = request.path
        if path == PAGE and request.verb in ("GET", "HEAD"):
            return self.page(request)
        if path.startswith(_STATIC) and request.verb in ("GET", "HEAD"):
            return self.static(path.removeprefix(_STATIC))
        if path.startswith(_API):
            try:
                return self.api(snapshot, request)
            except UsageError as error:
                return self.failed(as_error(error))
            except XanoScriptError as error:
                return self.failed(error)
        return None

    def failed(self, error: XanoScriptError) -> HttpResponse:
        response = error_response(error)
        document = {**error.as_dict(), "hint": error.hint, "file": error.file, "line": error.line}
        return HttpResponse(response.status, [(b"content-type", JSON_TYPE), *_COMMON], json_body(document))

    def page(self, request: HttpRequest) -> HttpResponse:
        """The page, with its token."""
        text = files("xsrun.server.console").joinpath("static", "index.html").read_text(encoding="utf-8")
        text = text.replace("TOKEN", escape(self.token))
        cookie = f"{self._cookie(request)}={self.token}; Path=/xsrun/; SameSite=Strict; HttpOnly"
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", _POLICY),
            (b"set-cookie", cookie.encode("latin-1")),
            *_COMMON,
        ]
        return HttpResponse(200, headers, text.encode())

    def _cookie(self, request: HttpRequest) -> str:
        """The name of the cookie: browsers do not tell ports of a machine apart."""
        host = request.header(b"host") or ""
        return f"xsrun_console_{''.join(filter(str.isdigit, host.rpartition(':')[2]))}"

    def static(self, name: str) -> HttpResponse | None:
        """A file of the page."""
        if "/" in name or name.startswith("."):
            return None
        kind = _TYPES.get("." + name.rpartition(".")[2])
        found = files("xsrun.server.console").joinpath("static", name)
        if kind is None or not found.is_file():
            return None
        return HttpResponse(200, [(b"content-type", kind), *_COMMON], found.read_bytes())

    def api(self, snapshot: Snapshot, request: HttpRequest) -> HttpResponse:
        """The answer of the API. Raises XanoScriptError."""
        from xsrun.server.console import (  # noqa: F401 - they note their functions
            check_views,
            data_views,
            left_behind,
            replays,
            request_views,
            run_views,
            saved_tests,
            source_views,
            sql_views,
            views_of_tests,
            workspace_views,
        )

        call = ApiCall(self, snapshot, request)
        address = request.path.removeprefix(_API)
        shown = next((one for one in TICKETED if one.fullmatch(address)), None)
        if shown is not None and request.verb in ("GET", "HEAD"):
            self.check_ticket(call, address)
            function, found = TICKETED[shown], shown.fullmatch(address)
        else:
            self.check_token(request)
            matches = [(verb, one) for verb, one in HANDLERS if one.fullmatch(address)]
            chosen = next((key for key in matches if key[0] == request.verb), None)
            if chosen is None:
                verbs = ", ".join(verb for verb, _ in matches)
                raise missing(f"there is no {request.verb} here: {verbs}" if matches else "there is nothing here")
            function, found = HANDLERS[chosen], chosen[1].fullmatch(address)
        assert found is not None
        call.parts = tuple(unquote(part) for part in found.groups())
        self.tracing.look()
        answer = function(call)
        if isinstance(answer, HttpResponse):
            answer.headers += _COMMON
            return answer
        response = HttpResponse(200, [(b"content-type", JSON_TYPE), *_COMMON], json_body(answer))
        return response.compressed(request.header(b"accept-encoding"), 10_000)

    def check_token(self, request: HttpRequest) -> None:
        """Refuse what does not come from the page: without its token, its cookie, or from another site."""
        given = request.header(_TOKEN_HEADER) or ""
        site = request.header(b"sec-fetch-site")
        cookie = _cookies(request.header(b"cookie") or "").get(self._cookie(request), "")
        if site not in (None, "same-origin") or not (self._is_token(given) and self._is_token(cookie)):
            raise XanoScriptError(
                "This call does not come from the console's page, or the server was started anew.",
                code="ERROR_CODE_ACCESS_DENIED",
                status=403,
                hint="load the page again",
            )

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("latin-1", "replace"), self.token.encode())

    def check_ticket(self, call: ApiCall, address: str) -> None:
        given = call.text("ticket").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self.ticket(address).encode()):
            raise wrong("this link is not valid any more", "load the console again")


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, _, value in pairs}
