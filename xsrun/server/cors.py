"""What a browser is told about calls from other origins (semantics 7.1)."""

from __future__ import annotations

from dataclasses import dataclass

from xsrun.server.http_request import HttpRequest
from xsrun.server.routes import ApiGroup
from xsrun.values.conversion import Value

Headers = list[tuple[bytes, bytes]]

_DAY = 86_400
#: What a preflight of a path is told that no query has: the request itself says what there is.
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
#: A star does not count where credentials are sent, so what is of use is named as well.
_EXPOSED = (
    b"*, Content-Disposition, Content-Length, Content-Range, ETag, Retry-After, X-Request-Id, "
    b"X-Xsrun-At, X-Xsrun-Hint, X-Xsrun-Stale"
)
#: The headers where anyone may call and no browser asks.
_OPEN: Headers = [(b"access-control-allow-origin", b"*")]


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may call from a browser. For origins, methods and headers None means all. `max_age` is in seconds."""

    active: bool = True
    origins: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    headers: tuple[str, ...] | None = None
    credentials: bool = True
    max_age: int = _DAY

    @classmethod
    def of(cls, group: ApiGroup | None) -> Policy:
        """The policy of a group: anyone may call, unless its `cors` says otherwise."""
        given = group.cors if group is not None else {}
        mode = str(given.get("mode", "default")).lower()
        if mode in ("disabled", "off", "none"):
            return cls(active=False)
        if mode != "custom":
            return cls()
        max_age = given.get("max_age")
        return cls(
            origins=_texts(given.get("origins")),
            methods=_texts(given.get("methods")),
            headers=_texts(given.get("headers")),
            credentials=given.get("credentials") is True,
            max_age=max_age if isinstance(max_age, int) else _DAY,
        )

    def allowed_origin(self, origin: str | None) -> str | None:
        """The allowed origin in the response to one: itself, `*` when none was sent and all may call, or None."""
        if not self.active:
            return None
        if self.origins is None or "*" in self.origins:
            return origin or "*"
        if origin is None:
            return None
        host = origin.partition("://")[2]
        return origin if any(one.rstrip("/") in (origin, host) for one in self.origins if one) else None

    def headers_for(self, request: HttpRequest) -> Headers:
        """The headers of a response."""
        if not self.active:
            return []
        origin = request.header(b"origin")
        if origin is None and self.origins is None:
            return _OPEN
        allowed = self.allowed_origin(origin)
        headers = [(b"vary", b"Origin")]
        if allowed is None:
            return headers
        headers.append((b"access-control-allow-origin", allowed.encode("latin-1")))
        if self.credentials:
            headers.append((b"access-control-allow-credentials", b"true"))
        headers.append((b"access-control-expose-headers", _EXPOSED if self.credentials else b"*"))
        return headers

    def preflight(self, request: HttpRequest, verbs: tuple[str, ...]) -> Headers:
        """The headers of the response to an OPTIONS request for a path that has these verbs."""
        headers = self.headers_for(request)
        if not any(name == b"access-control-allow-origin" for name, _ in headers):
            return headers
        methods = self.methods or (*(verbs or VERBS), "OPTIONS")
        # a star does not cover `Authorization`, nor anything when credentials are sent: what is asked for is named
        asked = request.header(b"access-control-request-headers")
        named = ", ".join(self.headers) if self.headers else asked or "*"
        return [
            *headers,
            (b"access-control-allow-methods", ", ".join(methods).encode("latin-1")),
            (b"access-control-allow-headers", named.encode("latin-1")),
            (b"access-control-max-age", str(self.max_age).encode()),
        ]


def _texts(value: Value) -> tuple[str, ...] | None:
    """The texts of a list that has any; an empty list says nothing."""
    if not isinstance(value, list):
        return None
    texts = tuple(one.strip() for one in value if isinstance(one, str) and one.strip())
    return texts or None
