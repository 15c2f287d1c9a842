"""A folder that stands for a bucket: its files are the files of the folder, by path.

What is put into the folder by hand is in the bucket. Content type and metadata lie beside the buckets, below `.meta`.
Two things differ from the services: a key cannot be a file and a folder at once (`a` beside `a/b`), and nothing is
signed for anyone but `xsrun serve`.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.reading import is_file, is_folder
from xsrun.services.cloud.objects import PAGE, BucketPage, ObjectLock, StoredObject, no_such_file
from xsrun.services.cloud.signed_addresses import AddressSigner
from xsrun.services.files import CHUNK_SIZE, FileResource, guess_type
from xsrun.values.conversion import from_json

#: Below it lies what is known of the files, by service and bucket.
META = ".meta"
_LONGEST_KEY = 1_024
_MARKS = frozenset('/\\:*?"<>|%')
_lock = threading.Lock()


class LocalBucket:
    """The files of one bucket. `root` is the folder of all services; `forgiving`: to delete what is not there is
    no error, as with Amazon S3."""

    def __init__(self, root: Path, service: str, bucket: str, signer: AddressSigner, *, forgiving: bool) -> None:
        self.service, self.bucket = service, bucket
        self.folder = root / service / _file_name(bucket)
        self._meta = root / META / service / _file_name(bucket)
        self._signer = signer
        self._forgiving = forgiving

    # Files -----------------------------------------------------------------------------------------------------------

    def list(self, prefix: str, token: str = "") -> BucketPage:
        after = unquote(token)
        keys = sorted(key for key in self._keys() if key.startswith(prefix) and key > after)
        page = [self.info(key) for key in keys[:PAGE]]
        return BucketPage(page, quote(page[-1].key, safe="") if len(keys) > PAGE else None)

    def _keys(self) -> Iterator[str]:
        for path in self.folder.rglob("*") if is_folder(self.folder) else ():
            parts = path.relative_to(self.folder).parts
            if not is_file(path) or any(_file_name(_key_part(part)) != part for part in parts):
                continue
            if not path.is_symlink() or _is_below(path, self.folder):
                yield "/".join(map(_key_part, parts))

    def info(self, key: str) -> StoredObject:
        return self._described(key, self.file(key))

    def _described(self, key: str, path: Path) -> StoredObject:
        found = path.stat()
        modified = datetime.fromtimestamp(found.st_mtime, UTC)
        known = self._read_meta(key)
        metadata = known.get("metadata")
        if known.get("stamp") != [found.st_size, found.st_mtime_ns] or not isinstance(metadata, dict):
            # put there by hand, or changed since
            return StoredObject(key, found.st_size, _digest(path), modified, guess_type(path.name, _head(path)))
        return StoredObject(key, found.st_size, str(known["etag"]), modified, str(known["mime"]), dict(metadata))

    def read(self, key: str) -> tuple[StoredObject, bytes]:
        path = self.file(key)
        return self._described(key, path), path.read_bytes()

    def write(self, key: str, file: FileResource, metadata: Mapping[str, str], lock: ObjectLock | None) -> StoredObject:
        path = self._place(key)
        if lock is None:
            self._refuse_locked(key)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _lock, path.open("wb") as output:
                for chunk in file.chunks():
                    output.write(chunk)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise XanoScriptError(
                f"The folder that stands for the bucket {self.bucket} cannot hold {key}",
                hint="a part of its path is a file there, or it is a folder; a real bucket can hold both",
            ) from None
        except OSError as error:
            raise _not_written(self.folder, error) from None
        self._write_meta(key, path, file.mime, metadata, lock)
        return self._described(key, path)

    def delete(self, key: str) -> None:
        path = self._place(key)
        if not is_file(path):
            if self._forgiving:
                return
            raise no_such_file(key)
        self._refuse_locked(key)
        path.unlink()
        self._meta_file(key).unlink(missing_ok=True)
        for parent in path.parents:  # a folder is there as long as something is in it
            if parent == self.folder or any(parent.iterdir()):
                break
            parent.rmdir()

    def file(self, key: str) -> Path:
        """Where a file lies on disk. Raises NotFoundError when there is none."""
        path = self._place(key)
        if not is_file(path):
            raise no_such_file(key)
        return path

    def _place(self, key: str) -> Path:
        return _below(self.folder, key)

    # Addresses -------------------------------------------------------------------------------------------------------

    def address(self, key: str) -> str:
        return self._signer.plain(self.service, self.bucket, key)

    def sign(self, key: str, method: str, seconds: int) -> str:
        return self._signer.sign(self.service, self.bucket, key, method, seconds)

    # What is known besides -------------------------------------------------------------------------------------------

    def _meta_file(self, key: str) -> Path:
        # an ending that no key has as a file name: what is known of `a` is not a folder of `a.json/b`
        return _below(self._meta, key).with_name(_file_name(key.rpartition("/")[2]) + "%json")

    def _read_meta(self, key: str) -> dict[str, object]:
        try:
            found = from_json(self._meta_file(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write_meta(
        self, key: str, path: Path, mime: str, metadata: Mapping[str, str], lock: ObjectLock | None
    ) -> None:
        found = path.stat()
        known: dict[str, object] = {
            "mime": mime,
            "etag": _digest(path),
            "metadata": dict(metadata),
            "stamp": [found.st_size, found.st_mtime_ns],
        }
        if lock is not None:
            known["locked_until"] = lock.until.isoformat()
        place = self._meta_file(key)
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.write_text(json.dumps(known), encoding="utf-8")
        except OSError as error:
            raise _not_written(self._meta, error) from None

    def _refuse_locked(self, key: str) -> None:
        until = self._read_meta(key).get("locked_until")
        if isinstance(until, str) and datetime.fromisoformat(until) > self._signer.moment():
            raise XanoScriptError("Access Denied because object protected by object lock.", status=403)


def _not_written(folder: Path, error: OSError) -> UnavailableError:
    return UnavailableError(f"{folder} cannot be written: {error.strerror or error}", hint="it stands for a bucket")


# Names and paths -----------------------------------------------------------------------------------------------------


def _below(folder: Path, key: str) -> Path:
    """The path of a key below a folder, and never outside of it. Raises XanoScriptError for a key too long."""
    if not key or len(key.encode("utf-8", "replace")) > _LONGEST_KEY:
        raise XanoScriptError("The key is empty or too long.", hint=f"a key has up to {_LONGEST_KEY} bytes")
    parts = [_file_name(part) for part in key.split("/")]
    if any(len(part.encode()) > 250 for part in parts):
        raise XanoScriptError(f"A part of the key is too long for a file name: {key}")
    path = folder.joinpath(*parts)
    if not _is_below(path, folder):  # a symbolic link
        raise XanoScriptError(f"The key leads out of the folder of its bucket: {key}")
    return path


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _file_name(part: str) -> str:
    """A part of a key or a bucket's name as a file name; what no file can be called is written as in an address."""
    if part in ("", ".", ".."):
        return "%" + part.replace(".", "%2E")
    return "".join(
        quote(one, safe="") if one in _MARKS or not one.isprintable() else one
        for one in part.encode("utf-8", "replace").decode()
    )


def _key_part(name: str) -> str:
    return "" if name == "%" else unquote(name[1:] if name.startswith("%%") else name)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)


def _digest(path: Path) -> str:
    """The MD5 of a file, which is the ETag of one uploaded at once."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_SIZE):
            digest.update(chunk)
    return digest.hexdigest()
