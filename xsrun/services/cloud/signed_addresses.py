"""Addresses of the files of local buckets, which `xsrun serve` honours.

`ORIGIN/cloud/SERVICE/BUCKET/KEY?expires=SECONDS&method=METHOD&signature=HEX`, signed with HMAC-SHA256 under the
workspace's key.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

#: What the paths of these addresses begin with.
PREFIX = "/cloud/"


class AddressSigner:
    """Signs addresses and tells whether one may be used. `now` tells the time in milliseconds."""

    def __init__(self, key: bytes, origin: str, now: Callable[[], int]) -> None:
        self._key = hmac.digest(key, b"xsrun cloud", "sha256")
        self._origin = origin
        self._now = now

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self._now() / 1000, UTC)

    def plain(self, service: str, bucket: str, key: str) -> str:
        # clients resolve `..` between slashes, however it is written, but not between signs that stand for slashes
        safe = "" if {".", ".."} & set(key.split("/")) else "/"
        return f"{self._origin}{PREFIX}{service}/{quote(bucket, safe='')}/{quote(key, safe=safe)}"

    def sign(self, service: str, bucket: str, key: str, method: str, seconds: int) -> str:
        expires = self._now() // 1000 + seconds
        proof = self._signature(service, bucket, key, method, expires)
        return f"{self.plain(service, bucket, key)}?expires={expires}&method={method}&signature={proof}"

    def grants(self, service: str, bucket: str, key: str, method: str, expires: str, signature: str) -> bool:
        """May a request of this method have the file? HEAD may what GET may."""
        if not expires.isascii() or not expires.isdigit() or len(expires) > 15 or int(expires) * 1000 < self._now():
            return False
        proof = self._signature(service, bucket, key, "GET" if method == "HEAD" else method, int(expires))
        return hmac.compare_digest(proof.encode(), signature.encode("utf-8", "replace"))

    def _signature(self, service: str, bucket: str, key: str, method: str, expires: int) -> str:
        text = "\n".join((service, bucket, key, method, str(expires)))
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
