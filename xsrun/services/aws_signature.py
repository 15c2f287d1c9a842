"""Requests signed for Amazon's services: Signature Version 4, in headers or in the address.

Checked against Amazon's published examples and botocore (`tests/test_aws_signature.py`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from xsrun.services.http_messages import Headers

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class AwsAccount:
    """Whose requests, for which service where: `service` is `s3`, `es` and so on."""

    key: str
    secret: str
    region: str
    service: str

    def scope(self, moment: datetime) -> str:
        return f"{moment:%Y%m%d}/{self.region}/{self.service}/aws4_request"

    def signature(self, moment: datetime, request: str) -> str:
        """The signature of a canonical request at a moment in UTC."""
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"{ALGORITHM}\n{moment:%Y%m%dT%H%M%SZ}\n{self.scope(moment)}\n{digest}"
        key = f"AWS4{self.secret}".encode()
        for part in self.scope(moment).split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()


def signed_headers(
    account: AwsAccount, moment: datetime, method: str, url: str, headers: Headers, body: bytes | None
) -> Headers:
    """The headers of a request with those that sign it: all that are given are signed.

    `moment` is in UTC, `url` encoded as it is sent.
    """
    digest = hashlib.sha256(body or b"").hexdigest()
    every = [*headers, ("X-Amz-Date", f"{moment:%Y%m%dT%H%M%SZ}")]
    if account.service == "s3":
        every.append(("x-amz-content-sha256", digest))
    sent = [*every, ("Host", urlsplit(url).netloc.rpartition("@")[2])]
    request, names = _canonical(account, method, url, "", sent, digest)
    proof = (
        f"{ALGORITHM} Credential={account.key}/{account.scope(moment)}, "
        f"SignedHeaders={names}, Signature={account.signature(moment, request)}"
    )
    return [*every, ("Authorization", proof)]


def signed_url(account: AwsAccount, moment: datetime, method: str, url: str, seconds: int) -> str:
    """An address at which a request of this method may be made without more, for so long from the moment."""
    query = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{account.key}/{account.scope(moment)}",
        "X-Amz-Date": f"{moment:%Y%m%dT%H%M%SZ}",
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    added = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in query.items())
    request, _ = _canonical(account, method, url, added, [("Host", urlsplit(url).netloc)], UNSIGNED)
    joint = "&" if urlsplit(url).query else "?"
    return f"{url}{joint}{added}&X-Amz-Signature={account.signature(moment, request)}"


def _canonical(
    account: AwsAccount, method: str, url: str, added: str, headers: Headers, digest: str
) -> tuple[str, str]:
    """The request as it is signed, and the names of its headers."""
    parts = urlsplit(url)
    path = parts.path or "/"
    if account.service != "s3":  # all but S3 encode the encoded path again
        path = quote(path, safe="/-_.~")
    pairs = [one.partition("=") for text in (parts.query, added) if text for one in text.split("&")]
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(" ".join(value.split()))
    names = ";".join(sorted(values))
    lines = "".join(f"{name}:{','.join(values[name])}\n" for name in sorted(values))
    query = "&".join(f"{name}={value}" for name, _, value in sorted(pairs))
    return f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}", names
