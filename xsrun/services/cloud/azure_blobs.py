"""Azure Blob Storage over its REST interface, signed with the key of the account."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import quote, unquote, urlencode, urlsplit

from xsrun.errors import InputError
from xsrun.services.cloud.objects import PAGE, BucketPage, ObjectLock, StoredObject
from xsrun.services.cloud.storage_calls import StorageCalls, described, encoded_path, moment_of, size_of, text_of
from xsrun.services.files import FileResource
from xsrun.services.http_messages import Headers, ReceivedResponse, header_of

VERSION = "2022-11-02"
_META = "x-ms-meta-"
#: Headers whose values are signed by their place.
_PLACED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
#: What a signed address may be used for, by method.
_PERMISSIONS = {"GET": "r", "HEAD": "r", "PUT": "cw", "DELETE": "d"}


def azure_address(account: str) -> str:
    """The server of an account."""
    return f"https://{account}.blob.core.windows.net"


class AzureContainer:
    """A container at an address of the server, which is followed by the container's name."""

    def __init__(self, calls: StorageCalls, address: str, container: str, account: str, key: str) -> None:
        self._calls = calls
        self._account = account
        self._container = container
        self._url = f"{address}/{quote(container, safe='')}"
        try:
            self._key = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            raise InputError("The account key is not base64.", "account_key") from None

    def _proof(self, text: str) -> str:
        return base64.b64encode(hmac.digest(self._key, text.encode(), "sha256")).decode()

    def _send(
        self,
        method: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Headers | None = None,
        body: bytes | None = None,
    ) -> ReceivedResponse:
        url = self.address(key) + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        date = format_datetime(self._calls.moment(), usegmt=True)
        sent = [*(headers or []), ("x-ms-date", date), ("x-ms-version", VERSION)]
        proof = self._proof(self._signed_text(method, url, query or {}, sent, body))
        return self._calls.send(
            method, url, [*sent, ("Authorization", f"SharedKey {self._account}:{proof}")], body, key=key
        )

    def _signed_text(
        self, method: str, url: str, query: Mapping[str, str], headers: Headers, body: bytes | None
    ) -> str:
        placed = [header_of(headers, name) for name in _PLACED]
        placed[_PLACED.index("content-length")] = str(len(body)) if body else ""
        own = sorted((name.lower(), value.strip()) for name, value in headers if name.lower().startswith("x-ms-"))
        resource = f"/{self._account}{urlsplit(url).path}"
        resource += "".join(f"\n{name}:{query[name]}" for name in sorted(query))
        return "\n".join([method, *placed, *(f"{name}:{value}" for name, value in own), resource])

    def list(self, prefix: str, token: str = "") -> BucketPage:
        query = {"comp": "list", "maxresults": str(PAGE), "prefix": prefix, "marker": token, "restype": "container"}
        document = self._calls.xml(self._send("GET", query={name: text for name, text in query.items() if text}))
        found = []
        for one in document.findall("Blobs/Blob"):
            name = one.find("Name")
            encoded = name is not None and name.get("Encoded") == "true"
            key = text_of(one, "Name")
            found.append(
                StoredObject(
                    unquote(key) if encoded else key,
                    size_of(text_of(one, "Properties/Content-Length")),
                    text_of(one, "Properties/Etag").strip('"'),
                    moment_of(text_of(one, "Properties/Last-Modified")),
                )
            )
        return BucketPage(found, text_of(document, "NextMarker") or None)

    def info(self, key: str) -> StoredObject:
        return described(key, self._send("HEAD", key), _META)

    def read(self, key: str) -> tuple[StoredObject, bytes]:
        answer = self._send("GET", key)
        return described(key, answer, _META), answer.body

    def write(self, key: str, file: FileResource, metadata: Mapping[str, str], lock: ObjectLock | None) -> StoredObject:
        body = file.read()
        headers = [
            ("Content-Type", file.mime),
            ("x-ms-blob-type", "BlockBlob"),
            *((f"{_META}{name}", value) for name, value in metadata.items()),
        ]
        answer = self._send("PUT", key, headers=headers, body=body)
        moment = self._calls.moment()
        return StoredObject(key, len(body), answer.header("etag").strip('"'), moment, file.mime, dict(metadata))

    def delete(self, key: str) -> None:
        self._send("DELETE", key)

    def sign(self, key: str, method: str, seconds: int) -> str:
        ends = f"{self._calls.moment() + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
        rights = _PERMISSIONS.get(method, "r")
        scheme = "https" if self._url.startswith("https:") else "https,http"
        resource = f"/blob/{self._account}/{self._container}/{key}"
        # rights, start, end, resource, identifier, addresses, protocol, version, kind, snapshot, encryption scope, and
        # five headers of the response
        fields = [rights, "", ends, resource, "", "", scheme, VERSION, "b", *[""] * 7]
        query = {
            "sv": VERSION,
            "spr": scheme,
            "se": ends,
            "sr": "b",
            "sp": rights,
            "sig": self._proof("\n".join(fields)),
        }
        return f"{self.address(key)}?{urlencode(query, quote_via=quote)}"

    def address(self, key: str) -> str:
        return f"{self._url}/{encoded_path(key)}" if key else self._url
