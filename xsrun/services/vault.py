"""The vault: where a workspace's stored files lie, a folder on this machine.

A file's path is `/vault/WORKSPACE/RANDOM/NAME`, as on the hosted engine. On disk it is below the folder `public` or
`private` of the vault, so that its access can be told from where it lies. No path leads out of the vault.

Signed addresses are `ORIGIN/vault/...?expires=SECONDS&signature=HEX`: the time they end at, and an HMAC-SHA256 of
`path + "\\n" + expires` under the workspace's key. A server grants a private file when `Vault.grants` says so.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shutil
import tempfile
import threading
import weakref
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from xsrun.errors import NotFoundError, UnavailableError, XanoScriptError
from xsrun.hints import TYPE_CHECKING
from xsrun.reading import is_file, is_there
from xsrun.services.files import FileResource, extension_of, kind_of
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.running.context import Context

PREFIX = "/vault/"
ACCESSES = ("public", "private")
#: The origin of the addresses of files while no server answers: where `xsrun serve` listens unless told otherwise.
LOCAL_ORIGIN = "http://127.0.0.1:8000"
#: Bytes that a file name may have on the usual file systems, less some for a suffix.
_LONGEST_NAME = 200
_LONGEST_PATH = 1_000
_UNSAFE = frozenset('<>:"|?*')


class Vault:
    """Stores files below a folder, or below a temporary one that goes with the vault. Made on first need."""

    def __init__(self, folder: Path | None, key: bytes) -> None:
        self._folder = folder
        self._key = hmac.digest(key, b"xsrun vault", "sha256")
        self._lock = threading.Lock()
        self._finalizer: weakref.finalize[..., Vault] | None = None
        digest = hmac.digest(self._key, b"workspace", "sha256")
        self.workspace = urlsafe_b64encode(digest).decode()[:8]

    @property
    def folder(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="xsrun-vault-"))
                self._finalizer = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._folder

    def close(self) -> None:
        """Remove the files of a temporary vault."""
        if self._finalizer is not None:
            self._finalizer()
            self._folder = self._finalizer = None

    # Files ---------------------------------------------------------------------------------------------------------

    def store(self, file: FileResource, access: str, name: str) -> dict[str, Value]:
        """Keep a copy of a file and return its metadata, `{access, path, name, type, size, mime, meta}`."""
        shown = safe_name(name or file.name)
        relative = f"{self.workspace}/{secrets.token_urlsafe(20)}/{shown}"
        target = self.folder / access / relative
        size = 0
        with _writing():
            try:
                target.parent.mkdir(parents=True)
                with target.open("xb") as output:
                    for chunk in file.chunks():
                        size += output.write(chunk)
            except BaseException:
                self._remove(target, self.folder / access)
                raise
        mime = file.mime if extension_of(shown) == extension_of(file.name) else FileResource(shown, target).mime
        return {
            "access": access,
            "path": PREFIX + relative,
            "name": shown,
            "type": kind_of(shown, mime),
            "size": size,
            "mime": mime,
            "meta": {"validated": False},
        }

    def open(self, pathname: str) -> FileResource:
        """A stored file. Raises NotFoundError when there is none."""
        place, _ = self.find(pathname)
        return FileResource(place.name, place, path=pathname)

    def find(self, pathname: str) -> tuple[Path, str]:
        """Where a stored file lies on disk, and its access. Raises NotFoundError when there is none."""
        parts = path_parts(pathname)
        for access in ACCESSES:
            place = self._below(access, parts)
            if is_file(place):
                return place, access
        raise NotFoundError(hint=f"the vault has no file {pathname}")

    def delete(self, pathname: str) -> None:
        """Remove a stored file, and the folders that it leaves empty. Raises NotFoundError when there is none."""
        place, access = self.find(pathname)
        self._remove(place, self.folder / access)

    def _remove(self, place: Path, top: Path) -> None:
        """Remove a file that may be there, and the folders that it leaves empty."""
        place.unlink(missing_ok=True)
        for parent in place.parents:
            if parent == top or (is_there(parent) and any(parent.iterdir())):
                break
            if is_there(parent):
                parent.rmdir()

    def append(self, pathname: str, data: bytes) -> None:
        """Add to the end of a file; one that is not there is begun, as a private one."""
        try:
            place, _ = self.find(pathname)
        except NotFoundError:
            place = self._below("private", path_parts(pathname))
        with self._lock, _writing():
            place.parent.mkdir(parents=True, exist_ok=True)
            before = place.stat().st_size if is_there(place) else 0
            try:
                with place.open("ab") as output:
                    output.write(data)
            except BaseException:
                if is_there(place):
                    os.truncate(place, before)  # what was there stays, what was not written whole goes
                raise

    def _below(self, access: str, parts: list[str]) -> Path:
        top = (self.folder / access).resolve()
        place = top.joinpath(*parts)
        if not place.resolve().is_relative_to(top):  # a symbolic link in the vault
            raise outside("/".join(parts))
        return place

    # Signed addresses ----------------------------------------------------------------------------------------------

    def sign(self, pathname: str, ttl: int, now: int, origin: str = LOCAL_ORIGIN) -> str:
        """An address at which a private file can be read for `ttl` seconds from `now` (milliseconds)."""
        path = PREFIX + "/".join(path_parts(pathname))
        expires = now // 1000 + ttl
        return f"{origin}{quote(path)}?expires={expires}&signature={self._signature(path, expires)}"

    def grants(self, path: str, expires: str, signature: str, now: int) -> bool:
        """May a request have a private file? `path` is the decoded path, `now` in milliseconds."""
        if not expires.isascii() or not expires.isdigit() or len(expires) > 15 or int(expires) * 1000 < now:
            return False
        return hmac.compare_digest(self._signature(path, int(expires)).encode(), signature.encode())

    def _signature(self, path: str, expires: int) -> str:
        return hmac.new(self._key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


@contextmanager
def _writing() -> Iterator[None]:
    """What the file system refuses is not the program's fault: a full disk, a folder that may not be written."""
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"the vault cannot be written: {error.strerror or error}", hint="name another folder with --vault PATH"
        ) from None


# Names and paths -----------------------------------------------------------------------------------------------------


def path_parts(pathname: str) -> list[str]:
    """The parts of a path below the vault. Raises XanoScriptError for one that would lead out of it."""
    below = pathname.removeprefix(PREFIX) if pathname.startswith(PREFIX) else pathname.removeprefix("/")
    parts = below.split("/")
    if len(pathname) > _LONGEST_PATH or not all(map(_is_name, parts)):
        raise outside(pathname)
    return parts


def _is_name(part: str) -> bool:
    """Is this the name of a file or folder, on every file system, and nothing else?"""
    try:
        size = len(part.encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return 0 < size <= 255 and part not in (".", "..") and not any(mark in part for mark in ("\\", "\0", ":"))


def outside(pathname: str) -> XanoScriptError:
    return XanoScriptError(f"Invalid path: {pathname}", hint="a path names a file below the vault, without . and ..")


def safe_name(name: str) -> str:
    """A file name that is a name on every file system: without folders, control characters and marks."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    kept = "".join("_" if char in _UNSAFE or not char.isprintable() else char for char in last).strip(" .")
    if len(kept.encode()) > _LONGEST_NAME:
        stem, dot, suffix = kept.rpartition(".")
        ending = f"{dot}{suffix}" if stem and len(suffix) <= 20 else ""
        room = _LONGEST_NAME - len(ending.encode())
        kept = kept.encode()[:room].decode("utf-8", "ignore") + ending
    return kept or "file"


def base_address(context: Context) -> str:
    """The address before the paths of stored files: what the workspace was told, else where the request came in."""
    told = getattr(context.workspace, "base_url", None)
    return told or origin_of(context.request.api_base_url) or LOCAL_ORIGIN


def origin_of(url: str) -> str:
    """Scheme and host of an address; empty when it has none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
