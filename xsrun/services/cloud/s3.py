"""Amazon S3, or a server that speaks like it, over its REST interface."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import quote

from xsrun.services.aws_signature import AwsAccount, signed_headers, signed_url
from xsrun.services.cloud.objects import PAGE, BucketPage, ObjectLock, StoredObject
from xsrun.services.cloud.storage_calls import StorageCalls, described, encoded_path, moment_of, size_of, text_of
from xsrun.services.files import FileResource
from xsrun.services.http_messages import Headers, ReceivedResponse

_META = "x-amz-meta-"


def s3_address(region: str) -> str:
    """The server of a region."""
    return f"https://s3.{region}.amazonaws.com"


class S3Bucket:
    """A bucket at an address of the server, which is followed by the bucket's name."""

    def __init__(self, calls: StorageCalls, address: str, bucket: str, region: str, key: str, secret: str) -> None:
        self._calls = calls
        self._account = AwsAccount(key, secret, region, "s3")
        self._url = f"{address}/{quote(bucket, safe='')}"

    def _send(
        self, method: str, key: str = "", query: str = "", headers: Headers | None = None, body: bytes | None = None
    ) -> ReceivedResponse:
        url = self.address(key) + (f"?{query}" if query else "")
        signed = signed_headers(self._account, self._calls.moment(), method, url, headers or [], body)
        return self._calls.send(method, url, signed, body, key=key)

    def list(self, prefix: str, token: str = "") -> BucketPage:
        query = {"list-type": "2", "max-keys": str(PAGE), "prefix": prefix, "continuation-token": token}
        written = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()) if value)
        document = self._calls.xml(self._send("GET", query=written))
        found = [
            StoredObject(
                text_of(one, "Key"),
                size_of(text_of(one, "Size")),
                text_of(one, "ETag").strip('"'),
                moment_of(text_of(one, "LastModified")),
            )
            for one in document.findall("Contents")
        ]
        return BucketPage(found, text_of(document, "NextContinuationToken") or None)

    def info(self, key: str) -> StoredObject:
        return described(key, self._send("HEAD", key), _META)

    def read(self, key: str) -> tuple[StoredObject, bytes]:
        answer = self._send("GET", key)
        return described(key, answer, _META), answer.body

    def write(self, key: str, file: FileResource, metadata: Mapping[str, str], lock: ObjectLock | None) -> StoredObject:
        body = file.read()
        headers = [("Content-Type", file.mime), *((f"{_META}{name}", value) for name, value in metadata.items())]
        if lock is not None:  # which Amazon takes only with a digest of the body
            digest = hashlib.md5(body, usedforsecurity=False).digest()
            headers += [
                ("Content-MD5", base64.b64encode(digest).decode()),
                ("x-amz-object-lock-mode", lock.mode),
                ("x-amz-object-lock-retain-until-date", f"{lock.until:%Y-%m-%dT%H:%M:%SZ}"),
            ]
        answer = self._send("PUT", key, headers=headers, body=body)
        moment = self._calls.moment()
        return StoredObject(key, len(body), answer.header("etag").strip('"'), moment, file.mime, dict(metadata))

    def delete(self, key: str) -> None:
        self._send("DELETE", key)

    def sign(self, key: str, method: str, seconds: int) -> str:
        return signed_url(self._account, self._calls.moment(), method, self.address(key), seconds)

    def address(self, key: str) -> str:
        return f"{self._url}/{encoded_path(key)}" if key else self._url
