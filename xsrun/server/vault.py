"""Stored files over HTTP: public ones for anyone, private ones with a signed address (semantics 6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xsrun.errors import XanoScriptError
from xsrun.filters.query_strings import parse_query
from xsrun.server.cors import Headers, Policy
from xsrun.server.http_request import HttpRequest
from xsrun.server.http_response import HttpResponse
from xsrun.services.files import CHUNK_SIZE, guess_type

if TYPE_CHECKING:
    from xsrun.services.vault import Vault
    from xsrun.workspace.workspace import LoadedWorkspace

PREFIX = "/vault/"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(slots=True)
class StoredFile:
    """A part of a file on disk, as the body of a response."""

    status: int
    headers: Headers
    path: Path
    start: int
    length: int

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the part, a piece at a time."""
        left = self.length
        with self.path.open("rb") as file:
            file.seek(self.start)
            while left and (chunk := file.read(min(left, CHUNK_SIZE))):
                left -= len(chunk)
                yield chunk


def stored_file(workspace: LoadedWorkspace, request: HttpRequest) -> StoredFile | HttpResponse | None:
    """The file at the path of a request, or None when there is none that the request may have."""
    path = unquote(request.path)
    vault: Vault = workspace.service("vault")
    try:
        place, access = vault.find(path)
        if access != "public" and not _is_signed(vault, path, request, workspace.clock()):
            return None
        return file_response(place, request, guess_type(place.name), private=access != "public")
    except (XanoScriptError, OSError, ValueError):
        return None  # not found; the response does not hint at what exists


def file_response(place: Path, request: HttpRequest, mime: str, *, private: bool) -> StoredFile | HttpResponse:
    """A file on disk, or the part of it that the request asks for. Raises OSError when it is not there."""
    size = place.stat().st_size
    headers = [
        *Policy().headers_for(request),
        (b"content-type", mime.encode("latin-1", "replace")),
        (b"accept-ranges", b"bytes"),
        # an uploaded page must not run scripts in this server's origin
        (b"content-security-policy", b"sandbox"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if private:
        headers.append((b"cache-control", b"private, no-store"))
    part = _part(request.header(b"range"), size)
    if part is None:
        return HttpResponse(416, [*headers, (b"content-range", b"bytes */%d" % size)])
    start, length, status = part
    headers.append((b"content-length", b"%d" % length))
    if status == 206:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (start, start + length - 1, size)))
    return StoredFile(status, headers, place, start, length)


def _is_signed(vault: Vault, path: str, request: HttpRequest, now: int) -> bool:
    given = parse_query(request.query)
    expires, signature = given.get("expires"), given.get("signature")
    return isinstance(expires, str) and isinstance(signature, str) and vault.grants(path, expires, signature, now)


def _part(wanted: str | None, size: int) -> tuple[int, int, int] | None:
    """Start, length and status of what a `Range` header asks for: all, one part, or None for one that is not there."""
    found = _RANGE.fullmatch(wanted.strip()) if wanted and len(wanted) < 60 else None
    if found is None or found.group(1) == found.group(2) == "":
        return 0, size, 200
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    if start > end or start >= size:
        return None
    return start, end - start + 1, 206
