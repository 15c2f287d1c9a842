"""Who may see what is meant for the developer or the operator: history, console, hints.

These are for callers on this machine, and for those who hold the admin token. Behind a proxy every connection comes
from the proxy, so the address that it forwards counts as well; without `--proxy-headers` nobody knows which addresses a
proxy forwards truly, and one that is not of this machine is enough to refuse.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING

from xsrun.services.network import host_and_port, is_loopback

if TYPE_CHECKING:
    from xsrun.server.http_request import HttpRequest
    from xsrun.server.settings import Settings

#: Where the pages of xsrun itself are. Their `Authorization` header is for the admin token alone.
OWN_PAGES = "/xsrun/"
ADMIN_HEADER = b"x-xsrun-admin-token"
#: What a browser is told so that it asks for the token: any user name, the token as password.
CHALLENGE = (b"www-authenticate", b'Basic realm="xsrun", charset="UTF-8"')
#: Headers of proxies: the address of who asked them.
_FORWARDED = (b"x-forwarded-for", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip")
#: Headers that only a proxy sends.
_OF_PROXIES = (b"via", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-server", b"cdn-loop")
_SAFE = ("GET", "HEAD", "OPTIONS")


def admits(settings: Settings, request: HttpRequest) -> bool:
    """Is this caller local, or an administrator?"""
    return is_local(settings, request) or holds_token(settings, request)


def is_local(settings: Settings, request: HttpRequest) -> bool:
    """Does a request come from this machine, by a name of this machine, and from no page of elsewhere?

    Without the second check a foreign page could read what is meant for the developer, by pointing its own name at
    this machine's address; without the third it could send a form to the console.
    """
    host, _ = host_and_port(request.header(b"host") or "")
    if not (is_loopback(request.peer) and is_loopback(request.client) and is_loopback(host)):
        return False
    if request.http_version == "1.0":  # what nginx speaks when it was told nothing, not even to forward addresses
        return False
    forwarded = forwarded_addresses(request)
    if not all(map(is_loopback, forwarded)):
        return False
    behind_proxy = settings.proxy_headers or settings.public_url is not None
    if not forwarded and (behind_proxy or any(name in request.headers for name in _OF_PROXIES)):
        return False
    return _from_own_page(request)


def holds_token(settings: Settings, request: HttpRequest) -> bool:
    """Does a request carry the admin token: in its own header, or for xsrun's own pages in `Authorization`?

    A browser sends `Authorization` with forms of foreign pages too, so what changes something must come from here.
    """
    wanted = settings.admin_token
    if not wanted:
        return False
    given = request.header(ADMIN_HEADER)
    if given is None and request.path.startswith(OWN_PAGES) and _same_origin_or_safe(request):
        given = _authorized(request.header(b"authorization") or "")
    return given is not None and hmac.compare_digest(given.encode(), wanted.encode())


def forwarded_addresses(request: HttpRequest) -> list[str]:
    """Every address that proxies say the request came from, or what stands in the place of one."""
    found = []
    for name in _FORWARDED:
        found += [_bare(one) for one in (request.header(name) or "").split(",") if one.strip()]
    for element in (request.header(b"forwarded") or "").replace(",", ";").split(";"):
        key, _, value = element.strip().partition("=")
        if key.strip().lower() == "for":
            found.append(_bare(value.strip().strip('"')))
    return found


def _bare(address: str) -> str:
    """An address without its port and brackets."""
    address = address.strip()
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def _from_own_page(request: HttpRequest) -> bool:
    """Pages of this machine may call queries and read their hints; the console obeys its own pages alone."""
    origin = request.header(b"origin")
    if origin is None:
        return True
    host, _ = host_and_port(origin)
    return is_loopback(host) and (not request.path.startswith(OWN_PAGES) or _same_origin_or_safe(request))


def _same_origin_or_safe(request: HttpRequest) -> bool:
    """Does a request change nothing, or come from a page of this server, or from no page at all?"""
    if request.verb in _SAFE:
        return True
    origin = request.header(b"origin")
    return origin is None or origin.partition("://")[2] == request.header(b"host")


def _authorized(header: str) -> str | None:
    """The token in an `Authorization` header: a bearer's, or the password that a browser asked for."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (NotBase64, UnicodeDecodeError):
        return None
