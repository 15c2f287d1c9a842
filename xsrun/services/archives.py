"""Zip archives: made, changed, listed and unpacked, without trusting the sizes and names that they declare.

Unpacking stops at a total size and a number of entries, and an entry whose name leads somewhere else is refused.
Python's own zipfile does the plain archives; encrypted ones need pyzipper (`pip install "xsrun[zip]"`).
"""

from __future__ import annotations

import importlib
import io
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import BinaryIO, Literal

from xsrun.errors import LimitError, UnavailableError, XanoScriptError
from xsrun.extras import installing
from xsrun.services.files import CHUNK_SIZE, FileResource, Spool, TemporaryPath
from xsrun.values.conversion import Value

INVALID = "Invalid zip archive."
#: How many times the size limit of a value all entries together may have when unpacked.
TOTAL_FACTOR = 32
MOST_ENTRIES = 10_000
_ENCRYPTED = 0x1
#: Seconds since 1970 of the first and the last time that zip knows.
_FIRST_MOMENT, _LAST_MOMENT = 315_532_800, 4_354_819_198
_DRIVE = re.compile(r"[A-Za-z]:")


class Quota:
    """How much an archive may unpack to; `limit` is the run's limit for the size of a value, None for none."""

    def __init__(self, limit: int | None) -> None:
        self.total = None if limit is None else limit * TOTAL_FACTOR
        self.used = 0

    def take(self, size: int) -> None:
        self.used += size
        if self.total is not None and self.used > self.total:
            raise LimitError(
                f"The archive unpacks to more than {self.total:,} bytes.",
                hint="is it a zip bomb? raise the limit with --limit size=N, of which this is 32 times",
            )

    def look_at(self, entries: list[zipfile.ZipInfo]) -> None:
        """Refuse an archive by its declared sizes, before anything is unpacked."""
        if self.total is not None and len(entries) > MOST_ENTRIES:
            raise LimitError(f"The archive has more than {MOST_ENTRIES:,} entries.")
        if self.total is not None and sum(entry.file_size for entry in entries) > self.total:
            self.take(self.total + 1)


def create(name: str, password: str | None) -> FileResource:
    """An empty archive."""
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    return FileResource(name or "archive.zip", buffer.getvalue(), mime="application/zip", password=password or None)


def add(
    archive: FileResource,
    name: str,
    file: FileResource,
    now: int,
    quota: Quota,
    password: str = "",
    encryption: str = "",
) -> None:
    """Put a file into an archive, in place of one with the same name. `now` is in milliseconds.

    With a password the file is encrypted with AES, whose key has the bits that `encryption` names (256 when it names
    none): no package writes the older kind, and whatever reads that reads this.
    """
    entry = checked_name(name)
    password = password or archive.password or ""
    with opened(archive) as current:
        taken = entry in current.namelist()
    if taken:
        delete(archive, [entry], quota, password)
    date = datetime.fromtimestamp(min(max(now // 1000, _FIRST_MOMENT), _LAST_MOMENT), UTC)
    moment = (date.year, date.month, date.day, date.hour, date.minute, date.second)
    quota.take(archive.size + file.size)
    with _told(), _changed(archive) as buffer, _writer(buffer, password, encryption) as target:
        made = _entry(target, entry, moment, file.size)
        with target.open(made, "w") as output:
            for chunk in file.chunks():
                output.write(chunk)


def _entry(
    target: zipfile.ZipFile, name: str, moment: tuple[int, int, int, int, int, int], size: int
) -> zipfile.ZipInfo:
    """A new entry, of the class that the archive's writer uses."""
    made: zipfile.ZipInfo = getattr(target, "zipinfo_cls", zipfile.ZipInfo)(name, date_time=moment)
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = 0o644 << 16
    made.file_size = size
    return made


def delete(archive: FileResource, names: list[str], quota: Quota, password: str = "") -> None:
    """Take entries out of an archive; a name that ends in `/` takes a whole folder. Raises for one that is not there.

    What stays is packed anew, so encrypted entries need their password.
    """
    password = password or archive.password or ""
    made = TemporaryPath()
    with opened(archive, password) as source:
        present = source.namelist()
        for name in names:
            if not any(_covers(name, entry) for entry in present):
                raise XanoScriptError(f"The archive has no file {name}", hint=f"it has: {', '.join(present[:8])}")
        kept = [entry for entry in source.infolist() if not any(_covers(name, entry.filename) for name in names)]
        quota.look_at(kept)
        secret = password if any(entry.flag_bits & _ENCRYPTED for entry in kept) else ""
        with made.path.open("w+b") as buffer, _writer(buffer, secret, "", "w") as target:
            for entry in kept:
                renewed = _entry(target, entry.filename, entry.date_time, entry.file_size)
                with source.open(entry) as content, target.open(renewed, "w") as output:
                    while chunk := content.read(CHUNK_SIZE):
                        quota.take(len(chunk))
                        output.write(chunk)
    archive.replace(made)


def _covers(name: str, entry: str) -> bool:
    return entry == name or (name.endswith("/") and entry.startswith(name))


def contents(archive: FileResource) -> list[dict[str, Value]]:
    """What an archive holds, folders left out: `{name, path, size, compressed_size}` of each file."""
    with opened(archive) as source:
        return [
            {
                "name": entry.filename.rpartition("/")[2],
                "path": entry.filename,
                "size": entry.file_size,
                "compressed_size": entry.compress_size,
            }
            for entry in source.infolist()
            if not entry.is_dir()
        ]


def extract(archive: FileResource, password: str, quota: Quota) -> list[FileResource]:
    """The files of an archive as resources, named as they are in it.

    Raises LimitError beyond the quota, and XanoScriptError for a broken archive, a wrong password, and a name that
    leads out of the folder it is unpacked to.
    """
    files = []
    with opened(archive, password or archive.password or "") as source:
        entries = [entry for entry in source.infolist() if not entry.is_dir()]
        quota.look_at(entries)
        for entry in entries:
            name = checked_name(entry.filename)
            spool = Spool()
            with source.open(entry) as content:
                while chunk := content.read(CHUNK_SIZE):
                    quota.take(len(chunk))
                    spool.write(chunk)
            files.append(FileResource(name, spool.finish()))
    return files


def checked_name(name: str) -> str:
    """The name of an entry. Raises XanoScriptError for one that leads out of the folder it is unpacked to."""
    plain = name.replace("\\", "/")
    parts = plain.split("/")
    if not plain or plain.startswith("/") or ".." in parts or "\0" in plain or _DRIVE.match(plain):
        hint = "names in an archive are relative, without .."
        raise XanoScriptError(f"Invalid file path in archive: {name}", hint=hint)
    return plain


# Opening -------------------------------------------------------------------------------------------------------------


@contextmanager
def opened(archive: FileResource, password: str = "") -> Iterator[zipfile.ZipFile]:
    """An archive to read; what zipfile finds wrong is raised as the program's error."""
    with archive.open() as raw, _told():
        source = zipfile.ZipFile(raw)
        encrypted = any(entry.flag_bits & _ENCRYPTED for entry in source.infolist())
        if password and encrypted:
            source = _pyzipper().AESZipFile(raw)
            source.setpassword(password.encode())
        with source, _unlocked("wrong password" if password else "the archive needs a password", encrypted):
            yield source


@contextmanager
def _unlocked(problem: str, encrypted: bool) -> Iterator[None]:
    """What zipfile and pyzipper raise for the password of an encrypted archive, as the program's error."""
    try:
        yield
    except RuntimeError as error:
        if not encrypted or isinstance(error, NotImplementedError):
            raise
        raise XanoScriptError(f"{INVALID[:-1]}: {problem}.") from error


@contextmanager
def _told() -> Iterator[None]:
    """Errors of zipfile and of what unpacks entries, as the program's errors."""
    try:
        yield
    except RuntimeError as error:  # NotImplementedError is one too
        raise XanoScriptError(f"{INVALID[:-1]}: its compression method is not supported.") from error
    except _broken() as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise XanoScriptError(INVALID, hint=reason or "it is damaged, or not a zip archive") from error


def _broken() -> tuple[type[Exception], ...]:
    """What the readers of archives raise for broken ones; some belong to modules that few archives need."""
    elsewhere = (("pyzipper.zipfile", "BadZipFile"), ("lzma", "LZMAError"))
    found = [getattr(sys.modules[module], name) for module, name in elsewhere if module in sys.modules]
    return (zipfile.BadZipFile, zlib.error, struct.error, LookupError, EOFError, OSError, ValueError, *found)


@contextmanager
def _changed(archive: FileResource) -> Iterator[BinaryIO]:
    """The content of an archive to be changed: its own file where it has one, else a copy that replaces it."""
    own = archive.own_path()
    if own is not None:
        with own.open("r+b") as file:
            yield file
        return
    buffer = io.BytesIO(archive.read())
    yield buffer
    spool = Spool()
    spool.write(buffer.getvalue())
    archive.replace(spool.finish())


def _writer(buffer: BinaryIO, password: str, encryption: str, mode: Literal["a", "w"] = "a") -> zipfile.ZipFile:
    if not password:
        return zipfile.ZipFile(buffer, mode)
    writer = _pyzipper().AESZipFile(buffer, mode)
    writer.setpassword(password.encode())
    bits = next((size for size in (128, 192) if str(size) in encryption), 256)
    writer.setencryption("WZ_AES", nbits=bits)
    found: zipfile.ZipFile = writer
    return found


def _pyzipper() -> ModuleType:
    try:
        return importlib.import_module("pyzipper")
    except ImportError:
        raise UnavailableError(
            "archives with a password need the package pyzipper", hint=f"install it with: {installing('zip')}"
        ) from None
