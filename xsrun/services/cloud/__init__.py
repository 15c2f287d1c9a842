"""Services of cloud providers: the real ones over HTTP, and what stands for each of them on this machine.

`local_bucket` stands for object storage; `s3`, `azure_blobs` and `google_storage` speak to it. They send their requests
through `services.http`, so that the network policy, recordings, time limits and masking hold for them as for all
others. No library stands between: those that speak to all three (obstore and others) bring connections of their own,
which none of these reach, change keys, and cannot lock files.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

from xsrun.services.cloud.endpoints import Endpoints
from xsrun.services.cloud.local_bucket import LocalBucket
from xsrun.services.cloud.signed_addresses import AddressSigner


class Cloud:
    """The cloud services of a workspace. `folder` holds what the stand-ins keep; None is a temporary one."""

    def __init__(self, folder: Path | None, key: bytes, endpoints: Mapping[str, str] | None = None) -> None:
        self.endpoints = Endpoints(endpoints)
        self._folder = folder
        self._key = key
        self._lock = threading.Lock()
        self._finalizer: weakref.finalize[..., Cloud] | None = None

    @property
    def folder(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="xsrun-cloud-"))
                self._finalizer = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            return self._folder

    def signer(self, origin: str, now: Callable[[], int]) -> AddressSigner:
        """Signs addresses of local buckets, and tells of a request whether it may have a file."""
        return AddressSigner(self._key, origin, now)

    def local_bucket(self, service: str, bucket: str, signer: AddressSigner) -> LocalBucket:
        """The folder that stands for a bucket."""
        return LocalBucket(self.folder, service, bucket, signer, forgiving=service == "s3")

    def close(self) -> None:
        """Remove what a temporary folder holds."""
        if self._finalizer is not None:
            self._finalizer()
            self._folder = self._finalizer = None
