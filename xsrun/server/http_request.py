"""A request as it came, and the inputs and the token in it (semantics 3.1, 5.3)."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import ItemsView, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from xsrun.errors import XanoScriptError
from xsrun.filters.query_strings import parse_query
from xsrun.running.context import Request
from xsrun.values.conversion import Value, from_json
from xsrun.values.json_errors import JsonError

#: What ASGI hands over: a scope, a message.
Message = MutableMapping[str, Any]

#: The key of a scope that holds the connected address, where `client` is what a proxy says.
PEER = "xsrun.peer"

#: PHP's words for what is wrong with a JSON text.
NOT_JSON = "Syntax error"
NOT_UTF8 = "Malformed UTF-8 characters, possibly incorrectly encoded"
TOO_DEEP = "Maximum stack depth exceeded"

_PLAIN_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_PROCESS = secrets.token_hex(4)
_numbers = itertools.count(0x1000)

#: Encodings, indexes, and the characters that PHP changes in names.
_INTRICATE = re.compile(rb"[%+\[.\x00-\x20\x7f-\xff]")


class Headers(Mapping[str, str]):
    """Headers as texts by lower-case name, decoded when they are read: most programs never read any."""

    __slots__ = ("_raw",)

    def __init__(self, raw: dict[bytes, bytes]) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        return self._raw[name.encode("latin-1")].decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def items(self) -> ItemsView[str, str]:
        """All of them, each decoded once."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self._raw.items()}.items()


@dataclass(slots=True)
class HttpRequest:
    """One request. `path` and `query` are still percent-encoded; header names are in lower case."""

    verb: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    client: str = "127.0.0.1"
    scheme: str = "http"
    body: bytes = b""
    #: the address that is connected, which behind a proxy is the proxy's; `client` is who asked it
    peer: str = "127.0.0.1"
    http_version: str = "1.1"
    #: what it is called in logs and in the response
    id: str = ""
    #: the address by which clients reach the server, where the operator names one
    public_url: str | None = None

    @classmethod
    def of(cls, scope: Message, public_url: str | None = None) -> HttpRequest:
        """The request of an ASGI scope, without its body."""
        client = scope.get("client")
        address = client[0] if client else "127.0.0.1"
        headers = dict(scope["headers"])
        return cls(
            scope["method"],
            (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1"),
            scope["query_string"],
            headers,
            address,
            scope.get("scheme", "http"),
            peer=scope.get(PEER, address),
            http_version=scope.get("http_version", "1.1"),
            id=_identity(headers.get(b"x-request-id")),
            public_url=public_url,
        )

    def header(self, name: bytes) -> str | None:
        """The value of a header, the last one if it repeats."""
        found = self.headers.get(name)
        return None if found is None else found.decode("latin-1")

    @property
    def texts(self) -> Headers:
        """The headers as programs see them."""
        return Headers(self.headers)

    @property
    def media_type(self) -> str:
        return (self.header(b"content-type") or "").partition(";")[0].strip().lower()

    @property
    def origin(self) -> str:
        """Scheme, host and port that the client used, or the public address."""
        if self.public_url is not None:
            return self.public_url
        return f"{self.scheme}://{self.header(b'host') or 'localhost'}"

    @property
    def uri(self) -> str:
        """Path and query string as sent."""
        return f"{self.path}?{self.query.decode('latin-1')}" if self.query else self.path

    def token(self) -> str | None:
        """The auth token. With `X-Xano-Authorization-Only: true` it is in `X-Xano-Authorization` alone."""
        only = self.headers.get(b"x-xano-authorization-only")
        own = only is not None and only.strip().lower() in (b"true", b"1")
        given = self.header(b"x-xano-authorization" if own else b"authorization")
        if given is None:
            return None
        scheme, blank, token = given.strip().partition(" ")
        if blank:
            return token.strip() or None if scheme.lower() == "bearer" else None
        return scheme if own and scheme else None

    def datasource(self) -> str:
        """The data source that the request asks for, which need not be one."""
        named = self.header(b"x-data-source")
        if named is None and b"x-data-source" in self.query:
            given = parse_query(self.query).get("x-data-source")
            named = given if isinstance(given, str) else None
        return named or "live"

    def request(self, base: str) -> Request:
        """What programs see of the request. `base` is the address of the API group."""
        return ServedRequest(self, base)

    def inputs(self, path_values: dict[str, str]) -> dict[str, Value]:
        """All inputs by name: those in the path before those of the body, and these before the query string's.

        Raises XanoScriptError for a body that is not what its type says.
        """
        values = query_values(self.query) if self.query else {}
        if self.body:
            values.update(self._body_values())
        values.update(path_values)
        return values

    def _body_values(self) -> dict[str, Value]:
        media_type = self.media_type
        if media_type == "application/json" or media_type.endswith("+json"):
            return _members(_decoded(self.body))
        if media_type == "application/x-www-form-urlencoded":
            return query_values(self.body)
        if media_type == "multipart/form-data":
            from xsrun.server.multipart import read_multipart

            return read_multipart(self.body, self.header(b"content-type") or "")
        if self.body.lstrip()[:1] == b"{":  # for clients that send no content type
            try:
                return _members(from_json(self.body))
            except ValueError:
                return {}  # not JSON after all: the program can read the raw body
        return {}


class ServedRequest(Request):
    """A request as programs see it, read from what came when one asks: most ask for their inputs alone."""

    __slots__ = ("_base", "_came")

    def __init__(self, came: HttpRequest, base: str) -> None:
        self._came, self._base = came, base
        self.input, self.in_path = None, frozenset()

    def __getattr__(self, name: str) -> Value:
        """A value that is not set yet."""
        came = self._came
        self.method, self.uri, self.query = came.verb, came.uri, came.query.decode("latin-1")
        self.headers, self.body, self.remote_ip = came.texts, came.body, came.client
        self.api_base_url, self.token = f"{came.origin}{self._base}", came.token()
        return object.__getattribute__(self, name)


def _identity(given: bytes | None) -> str:
    """What a proxy calls the request, where that is a plain word; else a name of our own."""
    if given is not None and _PLAIN_ID.fullmatch(given):
        return given.decode("ascii")
    return f"{_PROCESS}{next(_numbers):x}"


def query_values(data: bytes) -> dict[str, Value]:
    """The values of a query string by name; most need nothing of what PHP does to them."""
    if _INTRICATE.search(data) is not None:
        return parse_query(data)
    return {name: value for name, _, value in (part.partition("=") for part in data.decode().split("&")) if name}


def _members(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _decoded(body: bytes) -> Value:
    if not body.strip():
        return None
    try:
        return from_json(body)
    except JsonError as error:
        reason = TOO_DEEP if error.too_deep else NOT_UTF8 if error.not_utf8 else NOT_JSON
        raise XanoScriptError(f"Error parsing JSON: {reason}", hint=f"the body is not JSON: {error}") from None
