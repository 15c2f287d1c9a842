"""How a workspace is served."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

#: How many megabytes a body may have unless told otherwise.
BODY_MEGABYTES = 64
#: How many requests the console keeps unless told otherwise.
KEPT_REQUESTS = 10_000
#: How many of them stay in memory as they came, unless told otherwise.
RECENT_REQUESTS = 200
#: When requests note their statements (`xsrun.server.console.tracing`).
TRACE_MODES = ("auto", "always", "never")
#: How many programs run at the same time unless told otherwise.
PROGRAMS = 48
#: The proxies whose headers count unless told otherwise: those on this machine.
TRUSTED_PROXIES = "127.0.0.1,::1"


class ProxySettings(TypedDict):
    """The settings of a server behind a proxy as keywords."""

    proxy_headers: bool
    trusted_proxies: str
    public_url: str | None
    admin_token: str | None


class ConsoleSettings(TypedDict):
    """The settings of what the console keeps as keywords."""

    history: int
    kept: int
    lasting_history: bool
    trace: str


class LimitSettings(TypedDict):
    """The settings of what requests may take as keywords."""

    programs: int
    datasources: tuple[str, ...]
    slow_seconds: float
    static: Path | None


class SettingOptions(TypedDict, total=False):
    """The settings as keywords, for type checkers."""

    max_body: int
    body_seconds: float
    head_seconds: float
    programs: int
    datasources: tuple[str, ...]
    slow_seconds: float
    static: Path | None
    history: int
    compress_from: int
    docs: bool
    proxy_headers: bool
    trusted_proxies: str
    public_url: str | None
    admin_token: str | None
    queries: bool
    kept: int
    lasting_history: bool
    trace: str


@dataclass(slots=True)
class Settings:
    """The limits and features of a server. The defaults are safe on a machine that others can reach.

    `max_body` is in bytes. `body_seconds` is how long the body of one request may take to arrive, `head_seconds` what
    comes before it. `programs` is how many run at the same time, those that sleep not counted. `datasources`
    are those that requests may name beside `live` and those of the workspace. Of requests that take `slow_seconds`
    the log says which statements took them; 0 is never. `history` is how many requests are remembered. `compress_from`
    is the size in bytes from which a body is compressed. `docs` says whether the pages of xsrun itself are served,
    `queries` whether the workspace's are.

    `proxy_headers` takes the caller's address and scheme from `X-Forwarded-For` and `X-Forwarded-Proto`, where one of
    the `trusted_proxies` (addresses and networks, comma separated, or `*`) connects. `public_url` is the address by
    which clients reach the server. Who sends `admin_token` is treated as a caller on this machine.

    `static` is a folder whose files are served beside the queries.

    The console keeps `kept` requests, beside the workspace with `lasting_history`, else in memory; `trace` says which
    of them it traces (`TRACE_MODES`).
    """

    max_body: int = BODY_MEGABYTES * 1024 * 1024
    body_seconds: float = 30.0
    head_seconds: float = 10.0
    programs: int = PROGRAMS
    datasources: tuple[str, ...] = ()
    slow_seconds: float = 1.0
    static: Path | None = None
    history: int = RECENT_REQUESTS
    compress_from: int = 1_000
    docs: bool = True
    queries: bool = True
    proxy_headers: bool = False
    trusted_proxies: str = TRUSTED_PROXIES
    public_url: str | None = None
    admin_token: str | None = None
    kept: int = KEPT_REQUESTS
    lasting_history: bool = False
    trace: str = "auto"
