"""Recorded responses to outside calls, so that a program with such calls runs offline the second time.

A recording is a JSON file: `{"format": "xsrun recording 1", "calls": [{"request": ..., "response": ...}]}`. Requests
are kept with their secrets masked: those of the run wherever they stand, and headers, query arguments and members of
JSON and form bodies whose names say so. Responses are kept as they came, because the program needs them so, but for
what they repeat of the run's own secrets: look before you publish a recording.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict
from urllib.parse import urlsplit

from xsrun.errors import UnavailableError, UsageError
from xsrun.reading import read_text
from xsrun.running.masking import (
    masked_form,
    masked_form_with_files,
    masked_header,
    masked_members,
    masked_url,
)
from xsrun.running.secrets import NOTHING, Secrets
from xsrun.services.http_messages import (
    FORM_TYPE,
    MULTIPART_TYPE,
    Headers,
    OutgoingRequest,
    ReceivedResponse,
    header_of,
)
from xsrun.writing import refuse_unwritable, write_whole

if TYPE_CHECKING:
    from xsrun.documents import Json
    from xsrun.values.conversion import Value


class RecordedBody(TypedDict, total=False):
    """What was sent: JSON, a text, or the digest of what is long or not a text."""

    json: Value
    text: str
    sha256: str
    size: int


class RecordedRequest(TypedDict):
    """A request, secrets masked."""

    method: str
    url: str
    headers: list[str]
    body: NotRequired[RecordedBody]


class RecordedCall(TypedDict):
    """A request and its response, an object with its parts or with why there was none."""

    request: RecordedRequest
    response: dict[str, Json]


FORMAT = "xsrun recording 1"
#: Request bodies beyond this many bytes are kept as their digest.
_LARGEST_BODY = 65_536


class Recording:
    """Responses by request: made while a program runs (`--record`), or read and given out again (`--replay`).

    The same request made several times gets its responses in order, and the last one from then on.
    """

    def __init__(self, path: Path, *, replaying: bool) -> None:
        self.path = path
        self.replaying = replaying
        self._lock = threading.Lock()
        self._calls: list[RecordedCall] = []
        self._responses: dict[str, list[ReceivedResponse]] = {}
        self._unsaved: weakref.finalize[[Path, list[RecordedCall]], Recording] | None = None
        if replaying:
            self._read()
        else:
            refuse_unwritable(path, "the recording ", whole=True)  # found out before anything is asked

    def begin(self) -> None:
        """A program runs: from now on there is something to save, if only that it asked nothing. An earlier recording
        is not touched before, so that a command that is refused leaves it as it was."""
        if self._unsaved is None and not self.replaying:
            with self._lock:
                self._unsaved = self._unsaved or weakref.finalize(self, _save_at_end, self.path, self._calls)

    def add(self, request: OutgoingRequest, response: ReceivedResponse, secrets: Secrets = NOTHING) -> None:
        """Keep a response; it is written by `save`, at the latest when Python ends. `secrets` are those of the run."""
        call: RecordedCall = {
            "request": described(request, secrets),
            "response": _described_response(response, secrets),
        }
        self.begin()
        with self._lock:
            self._calls.append(call)

    def save(self) -> None:
        """Write what was recorded so far, if it is not written yet. Raises UsageError."""
        with self._lock:
            if self._unsaved is not None:
                self._unsaved.detach()
                self._unsaved = None
                _save(self.path, self._calls)

    def replay(self, request: OutgoingRequest, statement: str, secrets: Secrets = NOTHING) -> ReceivedResponse:
        """The recorded response. Raises UnavailableError when there is none."""
        wanted = described(request, secrets)
        with self._lock:
            responses = self._responses.get(_key(wanted))
            if responses:
                return responses.pop(0) if len(responses) > 1 else responses[0]
        shown = f"{wanted['method']} {wanted['url']}"
        near = any(f"{one['request']['method']} {one['request']['url']}" == shown for one in self._calls)
        raise UnavailableError(
            f"the recording {self.path.name} has no response for `{statement}` to {shown}"
            + (" with this body" if near else ""),
            hint=f"record it anew: --allow-net HOST --record {self.path}",
        )

    def knows(self, host: str) -> bool:
        """Does it hold responses of a host?"""
        return any(urlsplit(call["request"]["url"]).hostname == host for call in self._calls)

    def _read(self) -> None:
        from xsrun.values.conversion import from_json

        try:
            document = from_json(read_text(self.path))
            if document["format"] != FORMAT:
                raise UsageError(f"{self.path} is a recording of another version: {document['format']}")
            self._calls = document["calls"]
            for call in self._calls:
                self._responses.setdefault(_key(call["request"]), []).append(_read_response(call["response"]))
        except OSError as error:
            raise UsageError(f"cannot read the recording {self.path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{self.path} is not a recording", hint="make one with --record FILE") from None


def _save(path: Path, calls: list[RecordedCall]) -> None:
    text = json.dumps({"format": FORMAT, "calls": calls}, ensure_ascii=False, indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        raise UsageError(f"cannot write the recording {path}: {error.strerror}") from None


def _save_at_end(path: Path, calls: list[RecordedCall]) -> None:
    """Save what nobody saved before Python ends, where an error can only be told."""
    try:
        _save(path, calls)
    except UsageError as error:
        print(f"warning: {error}", file=sys.stderr)


# Requests ------------------------------------------------------------------------------------------------------------


def described(request: OutgoingRequest, secrets: Secrets = NOTHING) -> RecordedRequest:
    """A request as a recording holds it, secrets masked."""
    found: RecordedRequest = {
        "method": request.method,
        "url": secrets.hide_text(masked_url(request.url)),
        "headers": described_headers(request.headers, secrets),
    }
    if request.body is not None:
        found["body"] = described_body(request.body, request.headers, secrets)
    return found


def described_headers(headers: Headers, secrets: Secrets) -> list[str]:
    """Headers as lines, secrets masked."""
    return [secrets.hide_text(_without_boundary(name, value)) for name, value in headers]


def _without_boundary(name: str, value: str) -> str:
    if name.lower() == "content-type" and value.startswith(MULTIPART_TYPE):
        value = value.replace(_boundary(value), "boundary")
    return masked_header(name, value)


def _boundary(content_type: str) -> str:
    """What stands between the parts of a form with files."""
    return content_type.partition("boundary=")[2].strip('"') or "boundary"


def _key(request: RecordedRequest) -> str:
    """What makes two requests the same: method, address and body; headers vary with clients and times."""
    return json.dumps([request["method"], request["url"], request.get("body")], sort_keys=True)


def described_body(body: bytes, headers: Headers, secrets: Secrets) -> RecordedBody:
    """JSON as it is, other texts as texts, bytes and long bodies as a digest."""
    if len(body) > _LARGEST_BODY:
        return {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    kind = header_of(headers, "content-type")
    if kind.startswith(FORM_TYPE):
        return {"text": secrets.hide_text(masked_form(text))}
    if kind.startswith(MULTIPART_TYPE):
        # the boundary follows from the content, secrets included
        return {"text": secrets.hide_text(masked_form_with_files(text.replace(_boundary(kind), "boundary")))}
    try:
        return {"json": masked_members(json.loads(text), secrets)}
    except ValueError:
        return {"text": secrets.hide_text(text)}


# Answers -------------------------------------------------------------------------------------------------------------


def _described_response(response: ReceivedResponse, secrets: Secrets) -> dict[str, Json]:
    if response.error is not None:
        return {"error": secrets.hide_text(response.error)}
    found: dict[str, Json] = {
        "status": response.status,
        "reason": response.reason,
        "version": response.version,
        "headers": [[name, secrets.hide_text(value)] for name, value in response.headers],
    }
    try:
        found["body"] = secrets.hide_text(response.body.decode("utf-8"))
    except UnicodeDecodeError:
        found["base64"] = base64.b64encode(response.body).decode()
    return found


def _read_response(found: dict[str, Value]) -> ReceivedResponse:
    if "error" in found:
        return ReceivedResponse(error=str(found["error"]))
    body = base64.b64decode(found["base64"]) if "base64" in found else str(found["body"]).encode()
    headers = [(str(name), str(value)) for name, value in found["headers"]]
    return ReceivedResponse(int(found["status"]), str(found["reason"]), str(found["version"]), headers, body)
