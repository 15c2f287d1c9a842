"""Files on disk as responses: validators, conditions and ranges (RFC 9110, sections 8.8, 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from os import stat_result
from pathlib import Path

from xsrun.server.cors import Headers
from xsrun.server.http_request import HttpRequest
from xsrun.server.http_response import HttpResponse
from xsrun.services.files import CHUNK_SIZE

_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.IGNORECASE)
_LONGEST_RANGE = 60
_TAG = re.compile(r'(W/)?"[^"]*"')


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


def file_response(place: Path, request: HttpRequest, headers: Headers, now: int) -> StoredFile | HttpResponse:
    """The response to a request for a file; `headers` are those of the file, `now` is in milliseconds.

    Raises OSError when it cannot be looked at.
    """
    found = place.stat()
    size, tag, changed = found.st_size, tag_of(found), int(found.st_mtime)
    validators: Headers = [
        (b"etag", tag.encode()),
        (b"last-modified", formatdate(changed, usegmt=True).encode()),
        (b"accept-ranges", b"bytes"),
    ]
    if _failed(request, tag, changed):
        return HttpResponse(412, validators)
    if _unchanged(request, tag, changed):
        return HttpResponse(304, [*headers_of_unchanged(headers), *validators])
    wanted = request.header(b"range") if request.verb == "GET" and _still_valid(request, tag, changed, now) else None
    headers = [*headers, *validators]
    part = part_of(wanted, size)
    if part is None:
        return HttpResponse(416, [*headers, (b"content-range", b"bytes */%d" % size)])
    start, length, status = part
    headers.append((b"content-length", b"%d" % length))
    if status == 206:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (start, start + length - 1, size)))
    return StoredFile(status, headers, place, start, length)


def tag_of(found: stat_result) -> str:
    """The entity tag of a file: another one whenever it is written."""
    return f'"{found.st_mtime_ns:x}-{found.st_size:x}"'


def headers_of_unchanged(headers: Headers) -> Headers:
    """Those that go with a 304, which has no body to describe."""
    return [pair for pair in headers if not pair[0].startswith(b"content-") or pair[0] == b"content-location"]


def _failed(request: HttpRequest, tag: str, changed: int) -> bool:
    """Does the file not fulfil what the request asks of it?"""
    wanted = request.header(b"if-match")
    if wanted is not None:
        return wanted.strip() != "*" and tag not in (one[0] for one in _TAG.finditer(wanted))
    since = _seconds(request.header(b"if-unmodified-since"))
    return since is not None and changed > since


def _unchanged(request: HttpRequest, tag: str, changed: int) -> bool:
    """Has the client this version already?"""
    known = request.header(b"if-none-match")
    if known is not None:
        return known.strip() == "*" or tag in (one[0].removeprefix("W/") for one in _TAG.finditer(known))
    since = _seconds(request.header(b"if-modified-since"))
    return since is not None and changed <= since


def _still_valid(request: HttpRequest, tag: str, changed: int, now: int) -> bool:
    """Is a part that the client asks for one of the version that it has? Else it gets the whole file.

    A time tells versions apart only when the file is older than the second that it names.
    """
    condition = request.header(b"if-range")
    if condition is None:
        return True
    if condition.lstrip().startswith(('"', "W/")):
        return condition.strip() == tag
    return _seconds(condition) == changed and now // 1000 > changed + 1


def _seconds(date: str | None) -> float | None:
    """An HTTP date in seconds since the epoch; None for what is none."""
    if date is None:
        return None
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()


def part_of(wanted: str | None, size: int) -> tuple[int, int, int] | None:
    """Start, length and status of what a `Range` header asks for: all, one part, or None for one that is not there.

    Several parts at once, and what is not a range, are as if nothing was asked for.
    """
    found = _RANGE.fullmatch(wanted.strip()) if wanted and len(wanted) < _LONGEST_RANGE else None
    if found is None or found.group(1) == found.group(2) == "":
        return 0, size, 200
    first, last = found.groups()
    if first and last and int(first) > int(last):  # no range at all
        return 0, size, 200
    if not first:
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    if start > end or start >= size:
        return None
    return start, end - start + 1, 206
