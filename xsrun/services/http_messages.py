"""HTTP requests and responses as plain records, and how the engine's values become their parts (semantics 6.1)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from xsrun.services.files import FileResource
from xsrun.values.conversion import Value, as_utf8, from_json, text_of_bytes, to_bytes, to_json, to_text
from xsrun.values.extent import check_extent

Headers = list[tuple[str, str]]

#: Methods whose `params` are the query string (semantics 6.1).
QUERY_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
MULTIPART_TYPE = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server's certificate is verified, and the client's own; certificates and keys are PEM texts."""

    verify_peer: bool = True
    verify_host: bool = True
    ca_certificate: str = ""
    certificate: str = ""
    private_key: str = ""
    password: str = ""


@dataclass(slots=True)
class OutgoingRequest:
    """A request to send. `timeout` is in seconds for all of it, None for none."""

    method: str
    url: str
    headers: Headers = field(default_factory=list)
    body: bytes | None = None
    timeout: float | None = 10.0
    follow_location: bool = True
    tls: Tls = field(default_factory=Tls)


@dataclass(slots=True)
class ReceivedResponse:
    """What came back. A transport failure has status 0 and says why in `error`."""

    status: int = 0
    reason: str = ""
    version: str = "HTTP/1.1"
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    error: str | None = None

    @property
    def header_lines(self) -> list[str]:
        """The status line and the headers, as the engine lists them."""
        if self.error is not None:
            return []
        return [f"{self.version} {self.status} {self.reason}".rstrip(), *(f"{k}: {v}" for k, v in self.headers)]

    def header(self, name: str) -> str:
        return header_of(self.headers, name)

    @property
    def result(self) -> Value:
        """The body as a value: JSON decoded, any other text or bytes as they are; false after a failure."""
        return False if self.error is not None else decoded_body(self.body, self.header("content-type"))


def header_of(headers: Headers, name: str) -> str:
    """The value of a header, by name in any case; empty when it is absent."""
    return next((value for key, value in headers if key.lower() == name), "")


def decoded_body(body: bytes, content_type: str) -> Value:
    """JSON is decoded where the type says so, or where the text looks like an object or a list and is one."""
    media_type = content_type.partition(";")[0].strip().lower()
    declared = media_type == JSON_TYPE or media_type.endswith("+json")
    if declared or body.lstrip()[:1] in (b"{", b"["):
        try:
            return from_json(body)
        except ValueError:
            pass  # not JSON after all: the text is the result
    return text_of_bytes(body)


# From values ---------------------------------------------------------------------------------------------------------


def header_lines(value: Value) -> Headers:
    """Headers from the list of `Name: value` lines that programs write; an object or a single line is taken too.

    A line without a value asks for the header to be left out, as with curl.
    """
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            value = from_json(value)
        except ValueError:
            return _pairs([value])
    if isinstance(value, dict):
        return [(key, to_text(item)) for key, item in value.items()]
    return _pairs(value if isinstance(value, list) else [value])


def _pairs(lines: list[Value]) -> Headers:
    pairs: Headers = []
    for line in lines:
        if isinstance(line, dict):
            pairs.extend((key, to_text(item)) for key, item in line.items())
            continue
        name, colon, value = to_text(line).partition(":")
        if colon and name.strip():
            pairs.append((name.strip(), value.strip()))
    return pairs


def with_query(url: str, params: Value) -> str:
    """A URL with parameters added to its query string."""
    query = build_query(params)
    if not query:
        return url
    address, sharp, fragment = url.partition("#")
    joint = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return address + joint + query.removeprefix("?") + sharp + fragment


def build_query(value: Value) -> str:
    """PHP's http_build_query: `a[b]=1`, lists by position, true as 1, null left out."""
    check_extent(value)
    members = _members(value)
    if members is None:
        return "" if value is None else as_utf8(value)
    parts = [(name, item) for key, member in members for name, item in _flattened(key, member)]
    return "&".join(f"{quote_plus(name)}={quote_plus(to_bytes(item))}" for name, item in parts)


def _flattened(name: str, value: Value) -> list[tuple[str, Value]]:
    """A member of a form under its bracketed names; files and nulls are left out."""
    members = _members(value)
    if members is not None:
        return [pair for key, member in members for pair in _flattened(f"{name}[{key}]", member)]
    if value is None or isinstance(value, FileResource):
        return []
    return [(name, ("1" if value else "0") if isinstance(value, bool) else value)]


def _members(value: Value) -> list[tuple[str, Value]] | None:
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list):
        return [(str(index), item) for index, item in enumerate(value)]
    return None


def body_of(method: str, params: Value, headers: Headers) -> tuple[bytes | None, Headers]:
    """The body of a request that is not a query, and its headers with a `Content-Type` where none was given.

    A text goes as it is, and so does the value of the only member `""`; objects and lists go as JSON, as a form where
    the header says so, and as multipart where it says that or a file is among them.
    """
    check_extent(params)
    media_type = header_of(headers, "content-type").partition(";")[0].strip().lower()
    if isinstance(params, dict) and list(params) == [""]:
        params = params[""]
    if isinstance(params, FileResource):
        return params.read(), _typed(headers, params.mime)
    if params is None or params == "" or (not params and isinstance(params, (dict, list)) and method == "DELETE"):
        return None, headers
    if not isinstance(params, (dict, list)):
        data = to_bytes(params)
        return data, _typed(headers, JSON_TYPE if data.lstrip()[:1] in (b"{", b"[") else FORM_TYPE)
    if media_type == FORM_TYPE:
        return build_query(params).encode(), headers
    if media_type == MULTIPART_TYPE or files_in(params):
        return multipart(params, headers)
    return to_json(params).encode("utf-8", "surrogatepass"), _typed(headers, JSON_TYPE)


def _typed(headers: Headers, media_type: str) -> Headers:
    return headers if header_of(headers, "content-type") else [*headers, ("Content-Type", media_type)]


def files_in(value: Value, name: str = "") -> list[tuple[str, FileResource]]:
    """The files anywhere in a form, under their bracketed names."""
    if isinstance(value, FileResource):
        return [(name, value)]
    members = _members(value) or []
    return [found for key, item in members for found in files_in(item, f"{name}[{key}]" if name else key)]


def multipart(params: Value, headers: Headers) -> tuple[bytes, Headers]:
    """A form with files. The boundary follows from the content, so that a recording finds the request again."""
    import httpx

    parts: list[tuple[str, tuple[str | None, bytes, str | None]]] = []
    for key, member in _members(params) or []:
        parts.extend((name, (None, to_bytes(item), None)) for name, item in _flattened(key, member))
    parts.extend((name, (file.name, file.read(), file.mime)) for name, file in files_in(params))
    digest = hashlib.sha256()
    for name, (filename, content, _) in parts:
        digest.update(f"{name}\0{filename}\0".encode() + content)
    boundary = f"xsrun-{digest.hexdigest()[:32]}"
    typed = ("Content-Type", f"{MULTIPART_TYPE}; boundary={boundary}")
    body = httpx.Request("POST", "http://localhost", files=parts, headers=[typed]).read() if parts else b""
    kept = [(key, value) for key, value in headers if key.lower() != "content-type"]
    return body or f"--{boundary}--\r\n".encode(), [*kept, typed]
