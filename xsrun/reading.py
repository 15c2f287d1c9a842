"""The one way to read a file that xsrun did not write itself: regular files alone, of bounded size.

A named pipe that nobody writes to would hold a command up for ever, and a device without end fill the memory.
"""

from __future__ import annotations

import errno
import os
import stat

from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: What names a file or folder.
AnyPath = str | os.PathLike[str]
#: Bytes that a program or a page of documentation may have: a hundred times the largest anyone has written.
LARGEST_SOURCE = 16 << 20
#: Bytes that data may have: inputs, rows, bodies, recordings.
LARGEST_DATA = 512 << 20

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
#: A pipe without a writer is opened at once, no terminal becomes the process's own, and line ends stay as they are.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def typed_path(given: AnyPath) -> Path:
    """The path that a user typed, `~` filled in as a shell does: `~nobody` stays where there is no such user."""
    from pathlib import Path

    return Path(os.path.expanduser(given))


def typed_name(given: AnyPath) -> str:
    """The same as text, with forward slashes: what every start passes does not import pathlib."""
    return tidy(os.path.expanduser(os.fspath(given)))


def tidy(name: str) -> str:
    """The name of a file or folder as `Path.as_posix` writes it."""
    if os.name != "posix":
        from pathlib import Path

        return Path(name).as_posix()
    begin = name[: len(name) - len(name.lstrip("/"))]
    begin = begin if len(begin) == 2 else begin[:1]  # two slashes mean something else to some systems, three do not
    return begin + "/".join([part for part in name.split("/") if part not in ("", ".")]) or "."


class FolderAttribute:
    """An attribute that is given the name or path of a folder and gives its path, whose class is loaded only then.

    What it was given is kept under a name of its own.
    """

    def __init__(self, kept_as: str) -> None:
        self._kept_as = kept_as

    def __get__(self, owner: object, kind: type) -> Path | None:
        held: AnyPath | None = getattr(owner, self._kept_as)
        if held is None:
            return None
        from pathlib import Path

        return Path(held)

    def __set__(self, owner: object, value: AnyPath | None) -> None:
        setattr(owner, self._kept_as, value)


def stem_of(name: str) -> str:
    """The name of a file without its folder and its end."""
    return os.path.splitext(os.path.basename(name))[0]


def suffix_of(name: str) -> str:
    """The end of a file's name, in small letters: `.xs`."""
    return os.path.splitext(name)[1].lower()


def is_there(path: AnyPath) -> bool:
    """Is there such a file or folder? There is none whose name no file system takes: `Path.exists` raises for these."""
    return os.path.exists(path)


def is_folder(path: AnyPath) -> bool:
    """The same of a folder."""
    return os.path.isdir(path)


def is_file(path: AnyPath) -> bool:
    """The same of a regular file."""
    return os.path.isfile(path)


def real_path(path: AnyPath) -> Path:
    """A path without links; links that lead in a circle stay, for which `Path.resolve` raises on some Pythons."""
    from pathlib import Path

    return Path(os.path.realpath(path))


def status_of(path: AnyPath) -> os.stat_result:
    """The status of a file or folder. Raises OSError, also for a name that no file can have."""
    try:
        return os.stat(path)
    except ValueError:  # half a pair of surrogates, a null character
        raise OSError(errno.ENOENT, "no file can have this name") from None


def read_bytes(path: AnyPath, largest: int = LARGEST_DATA) -> bytes:
    """The content of a file. Raises OSError, whose `strerror` says why: also for what is not regular, or too large."""
    _refuse(status_of(path).st_mode)  # opening some devices does something
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        _refuse(status.st_mode)
        if status.st_size > largest:
            raise _too_large(largest)
        content = _read(descriptor, status.st_size, largest)
    finally:
        os.close(descriptor)
    return content


def read_known(path: str, status: os.stat_result) -> bytes:
    """The content of a file whose status is known, and will not change: it is that of a regular file."""
    descriptor = os.open(path, _FLAGS)
    try:
        return _read(descriptor, status.st_size, status.st_size)
    finally:
        os.close(descriptor)


def _read(descriptor: int, size: int, largest: int) -> bytes:
    content = os.read(descriptor, size + 1)
    if len(content) == size > 0:
        return content
    parts = [content]  # it grows, is read in pieces, or is one of those in /proc that say they are empty
    total = len(content)
    while total <= largest and (part := os.read(descriptor, 1 << 16)):
        parts.append(part)
        total += len(part)
    if total > largest:
        raise _too_large(largest)
    return b"".join(parts)


def read_text(path: AnyPath, largest: int = LARGEST_DATA) -> str:
    """The text of a file in UTF-8, a byte order mark left out. Raises OSError and UnicodeDecodeError."""
    text = read_bytes(path, largest).decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def require_regular(path: AnyPath) -> None:
    """Raise OSError for what is not a regular file, before something else opens it."""
    _refuse(status_of(path).st_mode)


def _refuse(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kind = next((kind for is_kind, kind in _KINDS if is_kind(mode)), "something else")
    raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, f"it is {kind}, not a regular file")


def _too_large(largest: int) -> OSError:
    return OSError(errno.EFBIG, f"it is larger than {largest >> 20} MB")
