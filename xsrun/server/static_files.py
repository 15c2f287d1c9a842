"""`--static DIR`: the files of a front end beside the queries.

A folder is its `index.html`; so is an address that no file has and a browser asks for as a page: the front end finds
its way from there. Files whose names begin with a dot are not served, and nothing outside of the folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from xsrun.server.access import OWN_PAGES
from xsrun.server.cors import Headers
from xsrun.server.file_responses import StoredFile, file_response
from xsrun.services.files import guess_type

if TYPE_CHECKING:
    from xsrun.server.http_request import HttpRequest
    from xsrun.server.http_response import HttpResponse

INDEX = "index.html"
#: Addresses that belong to the server itself.
_TAKEN = (OWN_PAGES, "/api:", "/apispec:", "/vault/")


class StaticFiles:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def response(self, request: HttpRequest, now: int) -> StoredFile | HttpResponse | None:
        """The response to a request for a file; None where there is none. `now` is in milliseconds."""
        if request.path.startswith(_TAKEN):
            return None
        place = self.find(unquote(request.path))
        if place is None and wants_page(request):
            place = self.find(f"/{INDEX}")
        if place is None:
            return None
        mime = guess_type(place.name)
        text = (
            "; charset=utf-8" if mime.startswith("text/") or mime in ("application/javascript", "image/svg+xml") else ""
        )
        headers: Headers = [
            (b"content-type", f"{mime}{text}".encode("latin-1", "replace")),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-cache"),  # asked for anew each time, and sent when it is another one
        ]
        try:
            return file_response(place, request, headers, now)
        except OSError:
            return None

    def find(self, path: str) -> Path | None:
        """The file at a path, decoded; None for one that is not there or may not be served."""
        parts = [part for part in path.split("/") if part]
        if any(part.startswith(".") or "\\" in part or "\0" in part or ":" in part for part in parts):
            return None
        try:
            place = self.folder.joinpath(*parts).resolve()
            if place.is_dir():
                place = place / INDEX
            return place if place.is_relative_to(self.folder) and place.is_file() else None
        except OSError:  # a name that is too long
            return None


def wants_page(request: HttpRequest) -> bool:
    """Does a browser go to this address, and not a script or a picture of a page?"""
    accepted = request.header(b"accept") or ""
    return "text/html" in accepted and "." not in request.path.rpartition("/")[2]
