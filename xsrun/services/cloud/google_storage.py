"""Google Cloud Storage over its JSON interface, with the key of a service account."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit

from xsrun.errors import InputError, XanoScriptError
from xsrun.services.cloud.objects import PAGE, BucketPage, ObjectLock, StoredObject
from xsrun.services.cloud.storage_calls import StorageCalls, described, encoded_path, moment_of, size_of
from xsrun.services.files import FileResource
from xsrun.services.http_messages import Headers, ReceivedResponse
from xsrun.values.conversion import Value, from_json, to_json
from xsrun.values.json_errors import JsonError

ADDRESS = "https://storage.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/devstorage.full_control"
_ALGORITHM = "GOOG4-RSA-SHA256"
_HOUR = 3_600


def _read(document: Value) -> Value:
    """The members of a service account, which may be given as its text; None for a text that is not JSON."""
    try:
        return from_json(document) if isinstance(document, str) else document
    except JsonError:
        return None


def secrets_in(document: Value) -> list[Value]:
    """What must not be shown of a service account: its key, and its whole text."""
    found = _read(document)
    if not isinstance(found, dict):
        return [document]
    return [found.get("private_key"), found.get("private_key_id"), *([document] if isinstance(document, str) else [])]


class ServiceAccount:
    """Who asks: the JSON document of a service account's key, as Google gives it out."""

    def __init__(self, document: Value) -> None:
        found = _read(document)
        names = ("client_email", "private_key")
        if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in names):
            raise InputError(
                "The service account is not the JSON of a key.",
                "service_account",
                hint=f"it is the text of the file that Google gives out, with {' and '.join(names)}",
            )
        self.email = str(found["client_email"])
        self.secret = str(found["private_key"])
        self.key_id = str(found.get("private_key_id") or "")

    def signature(self, text: str) -> bytes:
        """RSA with SHA-256. Raises InputError for a key that cannot be read."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(self.secret.encode(), None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise InputError("The private key of the service account is not an RSA key in PEM.", "service_account")
        return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())

    def token(self, moment: datetime) -> str:
        """A token signed by the account itself, which Google's interfaces take as if Google had given it out."""
        from xsrun.services.jose import sign

        seconds = int(moment.timestamp())
        claims = {
            "iss": self.email,
            "sub": self.email,
            "scope": _SCOPE,
            "iat": seconds,
            "exp": seconds + _HOUR,
        }
        header = {"kid": self.key_id} if self.key_id else {}
        return sign(claims, header, self.secret, "RS256", 0, seconds * 1000)


class GoogleBucket:
    """A bucket at an address of the server."""

    def __init__(self, calls: StorageCalls, address: str, bucket: str, account: ServiceAccount) -> None:
        self._calls = calls
        self._account = account
        self._bucket = bucket
        self._address = address
        self._objects = f"/storage/v1/b/{quote(bucket, safe='')}/o"

    def _send(
        self, method: str, path: str, *, key: str = "", headers: Headers | None = None, body: bytes | None = None
    ) -> ReceivedResponse:
        proof = ("Authorization", f"Bearer {self._account.token(self._calls.moment())}")
        return self._calls.send(method, f"{self._address}{path}", [*(headers or []), proof], body, key=key)

    def _document(self, answer: ReceivedResponse) -> dict[str, Value]:
        found = answer.result
        if not isinstance(found, dict):
            raise _odd_answer("JSON")
        return found

    def _path(self, key: str) -> str:
        return f"{self._objects}/{quote(key, safe='')}"

    def list(self, prefix: str, token: str = "") -> BucketPage:
        query = {"maxResults": str(PAGE), "prefix": prefix, "pageToken": token}
        written = urlencode({name: text for name, text in query.items() if text}, quote_via=quote)
        document = self._document(self._send("GET", f"{self._objects}?{written}"))
        items = document.get("items") or []
        if not isinstance(items, list):
            raise _odd_answer("a list of files")
        return BucketPage([_object_of(one) for one in items], document.get("nextPageToken") or None)

    def info(self, key: str) -> StoredObject:
        return _object_of(self._document(self._send("GET", self._path(key), key=key)))

    def read(self, key: str) -> tuple[StoredObject, bytes]:
        answer = self._send("GET", f"{self._path(key)}?alt=media", key=key)
        return described(key, answer, "x-goog-meta-"), answer.body

    def write(self, key: str, file: FileResource, metadata: Mapping[str, str], lock: ObjectLock | None) -> StoredObject:
        content = file.read()
        about = to_json({"name": key, "contentType": file.mime, "metadata": dict(metadata)}).encode()
        boundary = f"xsrun-{hashlib.sha256(about + content).hexdigest()[:32]}"
        parts = ((b"application/json; charset=UTF-8", about), (file.mime.encode("latin-1", "replace"), content))
        body = b"".join(b"--%s\r\nContent-Type: %s\r\n\r\n%s\r\n" % (boundary.encode(), *part) for part in parts)
        body += b"--%s--\r\n" % boundary.encode()
        typed = [("Content-Type", f"multipart/related; boundary={boundary}")]
        path = f"/upload{self._objects}?uploadType=multipart"
        return _object_of(self._document(self._send("POST", path, headers=typed, body=body)))

    def delete(self, key: str) -> None:
        self._send("DELETE", self._path(key), key=key)

    def sign(self, key: str, method: str, seconds: int) -> str:
        moment = self._calls.moment()
        scope = f"{moment:%Y%m%d}/auto/storage/goog4_request"
        host = urlsplit(self._address).netloc
        path = f"/{quote(self._bucket, safe='')}/{encoded_path(key)}"
        # an upload through a signed address is begun with POST and this header, and goes on at the address it answers
        headers = {"host": host} | ({"x-goog-resumable": "start"} if method == "POST" else {})
        query = {
            "X-Goog-Algorithm": _ALGORITHM,
            "X-Goog-Credential": f"{self._account.email}/{scope}",
            "X-Goog-Date": f"{moment:%Y%m%dT%H%M%SZ}",
            "X-Goog-Expires": str(seconds),
            "X-Goog-SignedHeaders": ";".join(headers),
        }
        written = urlencode(query, quote_via=quote, safe="-_.~")
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        request = f"{method}\n{path}\n{written}\n{lines}\n{';'.join(headers)}\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{moment:%Y%m%dT%H%M%SZ}\n{scope}\n{digest}"
        return f"{self._address}{path}?{written}&X-Goog-Signature={self._account.signature(text).hex()}"

    def address(self, key: str) -> str:
        return f"{self._address}/{quote(self._bucket, safe='')}/{encoded_path(key)}"


def _odd_answer(wanted: str) -> XanoScriptError:
    return XanoScriptError(f"Google Cloud Storage answered with something that is not {wanted}.")


def _object_of(found: Value) -> StoredObject:
    """An object as the JSON interface describes it."""
    if not isinstance(found, dict):
        raise _odd_answer("a file")
    metadata = found.get("metadata")
    return StoredObject(
        str(found.get("name") or ""),
        size_of(str(found.get("size") or "")),
        str(found.get("etag") or "").strip('"'),
        moment_of(str(found.get("updated") or "")),
        str(found.get("contentType") or ""),
        {name.lower(): str(text) for name, text in metadata.items()} if isinstance(metadata, dict) else {},
    )
