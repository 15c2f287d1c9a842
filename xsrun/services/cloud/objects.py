"""Object storage as the statements see it, whoever keeps it: a bucket of files by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from xsrun.dates.calendar import iso_text
from xsrun.errors import NotFoundError, XanoScriptError
from xsrun.hints import Protocol
from xsrun.services.files import FileResource

#: Files that one page of a listing holds, as with Amazon S3.
PAGE = 1_000


@dataclass(slots=True)
class StoredObject:
    """What is known of a file in a bucket. `etag` is without its quotes; metadata has lower-case names."""

    key: str
    size: int
    etag: str = ""
    modified: datetime = field(default_factory=lambda: datetime.fromtimestamp(0, UTC))
    mime: str = ""
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.key.rstrip("/").rpartition("/")[2] or self.key

    @property
    def modified_text(self) -> str:
        return iso_text(self.modified.astimezone(UTC))


@dataclass(slots=True)
class BucketPage:
    """One page of a listing, and what asks for the next one; None on the last."""

    objects: list[StoredObject]
    next_token: str | None = None


class Bucket(Protocol):
    """A bucket of Amazon S3 or Google, a container of Azure, or a folder that stands for one.

    Everything may raise XanoScriptError with what the service said; NotFoundError for a file that is not there.
    """

    def list(self, prefix: str, token: str = "") -> BucketPage:
        """The files whose keys begin with a prefix, by key, a page of them."""

    def info(self, key: str) -> StoredObject: ...

    def read(self, key: str) -> tuple[StoredObject, bytes]: ...

    def write(self, key: str, file: FileResource, metadata: Mapping[str, str], lock: ObjectLock | None) -> StoredObject:
        """Store a file, in the place of one with the same key."""

    def delete(self, key: str) -> None: ...

    def sign(self, key: str, method: str, seconds: int) -> str:
        """An address at which a file can be asked for with this method, without more, for so long from now."""

    def address(self, key: str) -> str:
        """The address of a file without a proof."""


@dataclass(frozen=True, slots=True)
class ObjectLock:
    """Until when a file may not be deleted; `mode` is GOVERNANCE or COMPLIANCE."""

    mode: str
    until: datetime


def no_such_file(key: str, said: str = "") -> NotFoundError:
    """A file is not in the bucket."""
    return NotFoundError(said or "The specified key does not exist.", hint=f"the bucket has no file {key}")


def refused(statement: str, said: str) -> XanoScriptError:
    """The service refused, or could not be asked."""
    return XanoScriptError(f"{statement}: {said}")
