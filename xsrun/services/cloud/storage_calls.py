"""Requests to object storage over HTTP, and what the services say when they refuse."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.running.context import Context, system_clock
from xsrun.services.cloud.objects import StoredObject, no_such_file, refused
from xsrun.services.http_messages import Headers, OutgoingRequest, ReceivedResponse
from xsrun.values.conversion import from_json
from xsrun.values.digits import whole_of_digits
from xsrun.values.json_errors import JsonError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Seconds that a request may take, within the time limit of the run.
TIMEOUT = 60.0


class StorageCalls:
    """Sends the requests of one statement."""

    def __init__(self, context: Context, statement: str) -> None:
        self._context = context
        self._statement = statement

    def moment(self) -> datetime:
        """Now in UTC, for signatures: the machine's own clock, because the service compares it with its own."""
        return datetime.fromtimestamp(system_clock() / 1000, UTC)

    def send(
        self, method: str, url: str, headers: Headers, body: bytes | None = None, *, key: str = ""
    ) -> ReceivedResponse:
        """The response, when it says that all went well. Raises XanoScriptError, NotFoundError for a missing file."""
        request = OutgoingRequest(method, url, headers, body, TIMEOUT, follow_location=False)
        answer: ReceivedResponse = self._context.service("http").exchange(self._context, request, self._statement)
        if answer.error is not None:
            raise refused(self._statement, answer.error)
        if answer.status < 300:
            return answer
        code, said = _complaint(answer)
        if answer.status == 404 and key and code not in ("NoSuchBucket", "ContainerNotFound"):
            raise no_such_file(key, said)
        raise self.refusal(answer.status, code, said)

    def refusal(self, status: int, code: str, said: str) -> XanoScriptError:
        told = ": ".join(part for part in (code, said) if part) or "the service gave no reason"
        return refused(self._statement, f"{told} (HTTP {status})")

    def xml(self, answer: ReceivedResponse) -> Element:
        """The document of an answer."""
        document = xml_document(answer.body)
        if document is None:
            raise refused(self._statement, "the service answered with something that is not XML")
        return document


def _complaint(answer: ReceivedResponse) -> tuple[str, str]:
    """Code and message of an error: XML of Amazon and Azure, JSON of Google; without a body the header of Azure."""
    document = xml_document(answer.body)
    if document is not None:
        return text_of(document, "Code"), text_of(document, "Message").partition("\n")[0]
    try:
        found = from_json(answer.body)
    except JsonError:
        found = None
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        return str(found["error"].get("status") or ""), str(found["error"].get("message") or "")
    said = answer.body.decode("utf-8", "replace").strip().partition("\n")[0][:200]
    return answer.header("x-ms-error-code"), said or answer.reason


# XML -----------------------------------------------------------------------------------------------------------------


def xml_document(body: bytes) -> Element | None:
    """The root of a document without its namespaces; None for what is not XML, or may declare entities."""
    from xml.etree import ElementTree

    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.startswith(b"<") or b"<!DOCTYPE" in text:
        return None
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text_of(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


# Parts of requests and responses -------------------------------------------------------------------------------------


def encoded_path(key: str) -> str:
    """A key in the path of an address."""
    return quote(key, safe="/-_.~")


def described(key: str, answer: ReceivedResponse, prefix: str) -> StoredObject:
    """What the headers of a response say of a file; those of its metadata begin with a prefix."""
    length = whole_of_digits(answer.header("content-length"))
    return StoredObject(
        key,
        len(answer.body) if length is None else length,
        answer.header("etag").strip('"'),
        moment_of(answer.header("last-modified")),
        answer.header("content-type"),
        dict(metadata_in(answer.headers, prefix)),
    )


def metadata_in(headers: Headers, prefix: str) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        if name.lower().startswith(prefix):
            yield name[len(prefix) :].lower(), value


def size_of(text: str) -> int:
    """A number of bytes as documents write it; 0 for what is none."""
    return whole_of_digits(text) or 0


def moment_of(text: str) -> datetime:
    """A time as headers or documents write it; the beginning of time for none."""
    try:
        found = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)
