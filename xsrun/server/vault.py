"""Stored files over HTTP: public ones for anyone, private ones with a signed address (semantics 6)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xsrun.errors import XanoScriptError
from xsrun.filters.query_strings import parse_query
from xsrun.server.cors import Policy
from xsrun.server.file_responses import StoredFile, file_response
from xsrun.server.http_request import HttpRequest
from xsrun.server.http_response import HttpResponse
from xsrun.services.files import guess_type

if TYPE_CHECKING:
    from xsrun.services.vault import Vault
    from xsrun.workspace.workspace import LoadedWorkspace

PREFIX = "/vault/"


def stored_file(workspace: LoadedWorkspace, request: HttpRequest) -> StoredFile | HttpResponse | None:
    """The file at the path of a request, or None when there is none that the request may have."""
    path = unquote(request.path)
    vault: Vault = workspace.service("vault")
    try:
        place, access = vault.find(path)
        if access != "public" and not _is_signed(vault, path, request, workspace.clock()):
            return None
        return kept_file(place, request, guess_type(place.name), workspace.clock(), private=access != "public")
    except (XanoScriptError, OSError, ValueError):
        return None  # not found; the response does not hint at what exists


def kept_file(place: Path, request: HttpRequest, mime: str, now: int, *, private: bool) -> StoredFile | HttpResponse:
    """A file that somebody stored, or what the request asks for of it. Raises OSError when it is not there."""
    headers = [
        *Policy().headers_for(request),
        (b"content-type", mime.encode("latin-1", "replace")),
        # an uploaded page must not run scripts in this server's origin
        (b"content-security-policy", b"sandbox"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if private:
        headers.append((b"cache-control", b"private, no-store"))
    return file_response(place, request, headers, now)


def _is_signed(vault: Vault, path: str, request: HttpRequest, now: int) -> bool:
    given = parse_query(request.query)
    expires, signature = given.get("expires"), given.get("signature")
    return isinstance(expires, str) and isinstance(signature, str) and vault.grants(path, expires, signature, now)
