"""Files that a user asks for: refused before the work begins where they cannot be written, and written whole."""

from __future__ import annotations

import errno
import os
import stat

from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING, NoReturn
from xsrun.reading import AnyPath, is_folder, is_there, real_path, require_regular, status_of, typed_path

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: AnyPath, content: bytes) -> None:
    """Replace the content of a file, or make it, whole or not at all; its permissions stay. Raises OSError."""
    target = real_path(path)
    mode = None
    if is_there(target):
        require_regular(target)
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        mode = stat.S_IMODE(os.stat(target).st_mode)
    temporary = target.parent / f".xsrun-{os.urandom(8).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def refuse_unwritable(given: AnyPath, what: str = "", *, whole: bool = False) -> None:
    """Raise UsageError for a file that cannot be written. `what` stands before its name in the message.

    `whole`: as `write_whole` writes it, after its folders are made; what is written otherwise may be a device.
    """
    path = typed_path(given)
    try:
        mode = status_of(path).st_mode
        if stat.S_ISDIR(mode):
            _refuse(given, what, "it is a folder", "name a file, for example report.xml")
        if whole:
            require_regular(path)
    except (FileNotFoundError, NotADirectoryError):
        mode = None
    except OSError as error:
        _refuse(given, what, error.strerror or "the system refuses it")
    folder = _nearest(path.parent) if whole else path.parent
    if not is_folder(folder):
        _refuse(given, what, f"{folder} is a file" if is_there(folder) else f"there is no folder {folder}")
    if not os.access(path if mode is not None else folder, os.W_OK):
        _refuse(given, what, os.strerror(errno.EACCES))


def refuse_unwritable_folder(given: str) -> None:
    """Raise UsageError for a folder that cannot be made, or takes no files."""
    nearest = _nearest(typed_path(given))
    if not is_folder(nearest):
        _refuse(given, "", f"{nearest} is a file", "name a folder, for example coverage")
    if not os.access(nearest, os.W_OK | os.X_OK):
        _refuse(given, "", os.strerror(errno.EACCES))


def _nearest(path: Path) -> Path:
    """The path, or the nearest above it that is there."""
    from pathlib import Path

    return next(one for one in (path, *path.parents, Path()) if is_there(one))


def _refuse(given: AnyPath, what: str, reason: str, hint: str | None = None) -> NoReturn:
    raise UsageError(f"cannot write {what}{os.fspath(given)}: {reason}", hint=hint)
