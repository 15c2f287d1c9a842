"""The addresses that are xsrun's own: documentation, OpenAPI, the history of requests.

A group's documentation is at its own address and its OpenAPI document at `/apispec:<canonical>`, as on Xano; a group
may ask for a token there or shut both. Pages about several groups, and the history, are for callers on this machine and
for administrators (see `access`).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xsrun.errors import XanoScriptError
from xsrun.filters.query_strings import parse_query
from xsrun.server.access import CHALLENGE, OWN_PAGES, admits
from xsrun.server.cors import Headers, Policy
from xsrun.server.history import History
from xsrun.server.http_request import HttpRequest
from xsrun.server.http_response import JSON_TYPE, HttpResponse, error_response, json_body
from xsrun.server.routes import ApiGroup, Match
from xsrun.server.settings import Settings
from xsrun.server.snapshot import Snapshot
from xsrun.values.conversion import from_json

if TYPE_CHECKING:
    from xsrun.documents import Json

_SPEC = re.compile(r"/apispec:([^/:]+)(?::[^/]*)?/?")
_ASSETS = {
    "/xsrun/docs.js": ("docs.js", b"text/javascript; charset=utf-8"),
    "/xsrun/docs.css": ("docs.css", b"text/css; charset=utf-8"),
}
#: What callers on this machine see, and administrators.
_FOR_INSIDERS = ("/", "/xsrun/docs", "/xsrun/openapi.json", "/xsrun/history")
#: Nothing from other origins, nothing inline, and no page may frame this one.
_PAGE_HEADERS: Headers = [
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class Pages:
    """Answers requests for xsrun's own addresses."""

    def __init__(self, history: History, settings: Settings) -> None:
        #: gives the last requests, the latest first
        self.entries: Callable[[], list[dict[str, Json]]] = history.as_list
        self.settings = settings

    def page(self, snapshot: Snapshot, match: Match | None, request: HttpRequest) -> HttpResponse | None:
        """The response at an address, or None when there is nothing."""
        if not self.settings.docs:
            return None
        path = request.path
        spec = _SPEC.fullmatch(path)
        if spec is not None:
            return self.group_document(snapshot, unquote(spec[1]), request)
        if match is not None and path.rstrip("/").count("/") == 1:
            return asset("docs.html", b"text/html; charset=utf-8") if self.is_open(match.group, request) else None
        if path in _ASSETS:
            return asset(*_ASSETS[path])
        if path not in _FOR_INSIDERS:
            return None
        if not admits(self.settings, request):
            return unauthorized() if self.settings.admin_token and path.startswith(OWN_PAGES) else None
        if path in ("/", "/xsrun/docs"):
            return asset("docs.html", b"text/html; charset=utf-8")
        if path == "/xsrun/openapi.json":
            return document_response(whole_document(snapshot, request), request, [])
        return HttpResponse(200, [(b"content-type", JSON_TYPE), *_PAGE_HEADERS], json_body(self.shown_history()))

    def shown_history(self) -> dict[str, Json]:
        return {"entries": self.entries()}

    def group_document(self, snapshot: Snapshot, address: str, request: HttpRequest) -> HttpResponse | None:
        """The OpenAPI document of a group."""
        group = snapshot.routes.group(address)
        if group is None or not group.active or not self.is_open(group, request):
            return None
        headers = Policy().headers_for(request)
        return document_response(document_of(snapshot, [group], group.name, request), request, headers)

    def is_open(self, group: ApiGroup, request: HttpRequest) -> bool:
        """May this request see the documentation of a group? A group can shut it, or ask for a token."""
        if group.swagger.get("active") is False:
            return False
        token = group.swagger.get("token")
        if not isinstance(token, str) or not token or admits(self.settings, request):
            return True
        given = parse_query(request.query).get("token")
        return isinstance(given, str) and hmac.compare_digest(given.encode(), token.encode())


def unauthorized() -> HttpResponse:
    """The response to a caller who may see a page of xsrun with the admin token; a browser asks for it."""
    told = XanoScriptError("This page needs the admin token.", code="ERROR_CODE_UNAUTHORIZED", status=401)
    response = error_response(told)
    response.headers.append(CHALLENGE)
    return response


def whole_document(snapshot: Snapshot, request: HttpRequest) -> dict[str, Json]:
    groups = [group for group in snapshot.routes.groups if group.active and group.routes]
    named = next((one.name for one in snapshot.workspace.constructs if one.kind == "workspace"), None)
    root = snapshot.workspace.root
    return document_of(snapshot, groups, named or (root.resolve().name if root is not None else "xsrun"), request)


def document_of(snapshot: Snapshot, groups: list[ApiGroup], title: str, request: HttpRequest) -> dict[str, Json]:
    """The document of some groups, made once for a workspace and a name of this machine."""
    from xsrun.server.openapi.document import DocumentMaker

    key = (tuple(group.canonical for group in groups), request.origin)
    found = snapshot.documents.get(key)
    if found is None:
        if len(snapshot.documents) > 100:
            snapshot.documents.clear()
        found = DocumentMaker(snapshot.workspace).document(groups, request.origin, title)
        snapshot.documents[key] = found
    return found


def document_response(document: dict[str, Json], request: HttpRequest, headers: Headers) -> HttpResponse:
    """A document as JSON, or as YAML with `?type=yaml`."""
    if parse_query(request.query).get("type") == "yaml":
        import yaml

        plain = from_json(json_body(document))  # without parts that are shared, which YAML would write as anchors
        body = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).encode()
        return HttpResponse(200, [(b"content-type", b"application/yaml"), *headers], body)
    body = json_body(document)
    tag = b'W/"' + sha256(body).hexdigest()[:32].encode() + b'"'
    if request.headers.get(b"if-none-match") == tag:
        return HttpResponse(304, [(b"etag", tag), *headers])
    response = HttpResponse(200, [(b"content-type", JSON_TYPE), (b"etag", tag), *headers], body)
    return response.compressed(request.header(b"accept-encoding"), 1_000)


def asset(name: str, content_type: bytes) -> HttpResponse:
    """A file of the documentation page."""
    data = files("xsrun.server").joinpath("page", name).read_bytes()
    return HttpResponse(200, [(b"content-type", content_type), *_PAGE_HEADERS], data)
