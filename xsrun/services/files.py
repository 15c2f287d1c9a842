"""File resources: a name, a media type and bytes in memory or on disk, as uploads and `storage.*` hand them around."""

from __future__ import annotations

import base64
import binascii
import io
import mimetypes
import os
import re
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from xsrun.errors import UsageError
from xsrun.reading import real_path, typed_path
from xsrun.values.conversion import Value

#: Bytes that a file being written may have before it moves from memory to disk.
SPOOL_SIZE = 1 << 20
CHUNK_SIZE = 1 << 16

#: Python's own table, not the machine's, so that answers do not depend on what is installed; and what it lacks.
_TYPES = mimetypes.MimeTypes()
_MORE_TYPES = {
    ".7z": "application/x-7z-compressed",
    ".avif": "image/avif",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".gz": "application/gzip",
    ".heic": "image/heic",
    ".jsonl": "application/jsonl",
    ".m4a": "audio/mp4",
    ".md": "text/markdown",
    ".ogg": "audio/ogg",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=-]+)*?(;base64)?,", re.ASCII)
#: The ending of a file's name by its type, where that is not the last part of it.
_EXTENSIONS = {"text/plain": "txt", "image/svg+xml": "svg", "image/jpeg": "jpg", "audio/mpeg": "mp3"}


def extension_of(name: str) -> str:
    """The extension of a file name in lower case, without the dot; empty when it has none."""
    return Path(name.replace("\\", "/")).suffix.lower().removeprefix(".")


def guess_type(name: str, head: bytes = b"") -> str:
    """The media type of a file by its name, else by whether its first bytes are text."""
    suffix = f".{extension_of(name)}"
    known = _MORE_TYPES.get(suffix) or _TYPES.types_map[1].get(suffix) or _TYPES.types_map[0].get(suffix)
    if known is not None:
        return known
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not just a character cut at the end
            return "application/octet-stream"
    return "text/plain" if head and b"\0" not in head else "application/octet-stream"


def kind_of(name: str, mime: str) -> str:
    """The `type` of a file's metadata: image, video or audio, else its extension (`pdf`, `csv`)."""
    major = mime.partition("/")[0]
    if major in ("image", "video", "audio"):
        return major
    return extension_of(name) or ("text" if major == "text" else "file")


class TemporaryPath:
    """A file on disk that is removed when nothing holds this object any more."""

    __slots__ = ("path", "_finalizer", "__weakref__")

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(prefix="xsrun-")
        os.close(descriptor)
        self.path = Path(name)
        self._finalizer = weakref.finalize(self, _remove, name)

    def remove(self) -> None:
        self._finalizer()


def _remove(name: str) -> None:
    Path(name).unlink(missing_ok=True)


class Spool:
    """Bytes that are being written: in memory up to a size, then on disk."""

    def __init__(self) -> None:
        self._memory: io.BytesIO | None = io.BytesIO()
        self._disk: BinaryIO | None = None
        self._temporary: TemporaryPath | None = None
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self._disk is None and self.size > SPOOL_SIZE:
            assert self._memory is not None
            self._temporary = TemporaryPath()
            self._disk = self._temporary.path.open("wb")
            self._disk.write(self._memory.getbuffer())
            self._memory = None
        target = self._memory if self._disk is None else self._disk
        assert target is not None
        target.write(data)

    def finish(self) -> bytes | TemporaryPath:
        """What was written, as the content of a file resource."""
        if self._disk is not None:
            assert self._temporary is not None
            self._disk.close()
            return self._temporary
        assert self._memory is not None
        return self._memory.getvalue()


class FileResource:
    """A file as programs hold it. Its content may be replaced: archives change where they are (`zip.add_to_archive`).

    `path` is where it lies in an archive or the vault, else its name.
    """

    __slots__ = ("name", "mime", "path", "password", "_content", "__weakref__")

    def __init__(
        self,
        name: str,
        content: bytes | Path | TemporaryPath,
        *,
        mime: str | None = None,
        path: str | None = None,
        password: str | None = None,
    ) -> None:
        self.name = name
        self._content = content
        self.path = path or name
        self.mime = mime or guess_type(name, self.head())
        self.password = password

    @property
    def size(self) -> int:
        """In bytes."""
        if isinstance(self._content, bytes):
            return len(self._content)
        return self._location(self._content).stat().st_size

    def open(self) -> BinaryIO:
        """The content from its start, to be read independently of other readers."""
        if isinstance(self._content, bytes):
            return io.BytesIO(self._content)
        return _SpoolReader(self._location(self._content), keep=self._content)

    def read(self) -> bytes:
        if isinstance(self._content, bytes):
            return self._content
        return self._location(self._content).read_bytes()

    def head(self, size: int = 512) -> bytes:
        """The first bytes."""
        if isinstance(self._content, bytes):
            return self._content[:size]
        with self._location(self._content).open("rb") as file:
            return file.read(size)

    def chunks(self) -> Iterator[bytes]:
        """The content piece by piece."""
        with self.open() as file:
            while chunk := file.read(CHUNK_SIZE):
                yield chunk

    def replace(self, content: bytes | TemporaryPath) -> None:
        """Give the resource another content, everywhere it is held."""
        self._content = content

    def copy(self, name: str) -> FileResource:
        """Another resource with the same content as it is now."""
        spool = Spool()
        for chunk in self.chunks():
            spool.write(chunk)
        return FileResource(name, spool.finish(), mime=self.mime, password=self.password)

    def own_path(self) -> Path | None:
        """The file on disk that belongs to this resource alone and may be changed; None when there is none."""
        return self._content.path if isinstance(self._content, TemporaryPath) else None

    def as_value(self) -> dict[str, Value]:
        """What programs read of it: `$input.file.name`."""
        return {
            "path": self.path,
            "name": self.name,
            "type": kind_of(self.name, self.mime),
            "size": self.size,
            "mime": self.mime,
        }

    @staticmethod
    def _location(content: Path | TemporaryPath) -> Path:
        return content.path if isinstance(content, TemporaryPath) else content


class _SpoolReader(io.BufferedReader):
    """An open file that keeps a temporary one from being removed while it is read."""

    def __init__(self, path: Path, keep: object) -> None:
        super().__init__(io.FileIO(path, "rb"), CHUNK_SIZE)
        self.keep = keep


#: What a file may be given as from Python.
Content = bytes | str | os.PathLike[str]
Upload = FileResource | Content | bytearray | tuple[str, Content] | tuple[str, Content, str | None] | BinaryIO


def upload_of(given: Upload | list[Upload]) -> FileResource | list[FileResource]:
    """A file given from Python as the resource that a `file` input takes; a list gives a list."""
    return [resource_of(one) for one in given] if isinstance(given, list) else resource_of(given)


def resource_of(given: Upload) -> FileResource:
    """The resource of one file.

    `given` is a path, bytes, `(name, bytes or path)`, `(name, bytes or path, media type)`, or a binary file that is
    open. Raises UsageError for anything else.
    """
    if isinstance(given, FileResource):
        return given
    if isinstance(given, (bytes, bytearray)):
        return FileResource("upload", bytes(given))
    if isinstance(given, (str, os.PathLike)):
        path = _existing(given)
        return FileResource(path.name, path)
    if isinstance(given, tuple):
        if len(given) in (2, 3) and isinstance(given[0], str):
            return _named(*given)
    elif hasattr(given, "read"):
        return _copied(given)
    raise UsageError(f"{given!r} is not a file", hint="give a path, bytes, or (name, bytes)")


def _named(name: str, content: Content, mime: str | None = None) -> FileResource:
    return FileResource(name, content if isinstance(content, bytes) else _existing(content), mime=mime)


def _existing(given: str | os.PathLike[str]) -> Path:
    try:
        path = real_path(typed_path(given))
    except TypeError:
        raise UsageError(f"{given!r} is not a file", hint="give a path, bytes, or (name, bytes)") from None
    if not path.is_file():
        raise UsageError(f"there is no file {given}")
    return path


def _copied(file: BinaryIO) -> FileResource:
    spool = Spool()
    while chunk := file.read(CHUNK_SIZE):
        if not isinstance(chunk, bytes):
            raise UsageError("an upload must be opened in binary mode")
        spool.write(chunk)
    name = getattr(file, "name", None)
    return FileResource(Path(name).name if isinstance(name, str) else "upload", spool.finish())


def data_url(text: str) -> FileResource | None:
    """The file in a `data:` URL with base64; None for any other text."""
    match = _DATA_URL.match(text)
    if match is None or not match[2]:
        return None
    mime = match[1] or "text/plain"
    try:
        content = base64.b64decode("".join(text[match.end() :].split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    extension = _EXTENSIONS.get(mime) or re.sub(r"[^a-z0-9]", "", mime.partition("/")[2].lower())
    return FileResource(f"file.{extension}", content, mime=mime)


def embedded(text: str) -> FileResource | None:
    """The file that a text holds: a data URL, or base64; None for any other text."""
    found = data_url(text)
    if found is not None:
        return found
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return FileResource("file", content)
