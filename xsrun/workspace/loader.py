"""Where programs come from: a file, a folder as pulled, or texts given by name (semantics 9)."""

from __future__ import annotations

import io
import os
import sys

from xsrun.diagnostics.record import UNREAD
from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.reading import LARGEST_DATA, LARGEST_SOURCE, AnyPath, is_folder, is_there, read_bytes, tidy, typed_name

if TYPE_CHECKING:
    from pathlib import Path

#: Folders that never hold programs of the workspace.
SKIPPED = frozenset((".git", ".xsrun", "node_modules", ".venv", "venv", "__pycache__", "xsrun_packages"))
#: The folder of packages of actions, which have constructs of their own (`xsrun.dispatch.packages`).
PACKAGES = "xsrun_packages"


def find_files(path: AnyPath) -> list[Path]:
    """The `.xs` files below a folder, sorted; folder and file names carry no meaning.

    A folder that may not be read is among them, so that it is reported.
    """
    from pathlib import Path

    return [Path(name) for name in find_names(path)]


def find_names(path: AnyPath) -> list[str]:
    """The same files by name, with forward slashes: of thousands a path each would cost more than looking for them."""
    found: list[str] = []
    walk = os.walk(path, onerror=lambda error: found.append(tidy(error.filename)))
    for folder, folders, files in walk:
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        programs = sorted(name for name in files if name.endswith(".xs"))
        if programs:
            place = tidy(folder)
            before = "" if place == "." else place if place.endswith("/") else f"{place}/"
            found += [before + name for name in programs]
    return found


def matching(paths: list[str]) -> list[str]:
    """Paths as a shell gives them: `~` and patterns (`*`, `?`, `[ab]`, `**`) that were quoted are filled in.

    Raises UsageError for a pattern that fits nothing.
    """
    found: list[str] = []
    for given in paths:
        path = os.path.expanduser(given)
        if os.path.lexists(path) or not any(mark in path for mark in "*?["):
            found.append(path)
            continue
        from glob import glob

        fitting = sorted(name for name in glob(path, recursive=True) if not SKIPPED.intersection(name.split(os.sep)))
        if not fitting:
            raise UsageError(f"no file or folder fits {given}")
        found += (name for name in fitting if name not in found)
    return found


def read_source(path: str | Path) -> str:
    """The text of a file. What cannot be read as UTF-8 text is an error of the file that the parser reports (XS140):
    bytes that do not fit become lone surrogates, and an unreadable file the reason after a mark."""
    try:
        return read_bytes(path, LARGEST_SOURCE).decode("utf-8", "surrogateescape")
    except OSError as error:
        return f"{UNREAD}{error.strerror}"


def read_standard_input() -> str:
    """All of standard input, which is UTF-8 wherever xsrun runs. Raises UsageError for what is not, or is closed."""
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    try:
        text = sys.stdin.read(LARGEST_DATA + 1)
    except UnicodeDecodeError:
        raise UsageError("standard input is not UTF-8 text") from None
    if len(text) > LARGEST_DATA:
        raise UsageError(f"standard input is larger than {LARGEST_DATA >> 20} MB")
    return text


def write_source(path: AnyPath, text: str) -> None:
    """Replace the text of a file, whole or not at all; its permissions stay. Raises UsageError when that fails."""
    from xsrun.writing import write_whole

    try:
        write_whole(path, text.encode("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def read_sources(path: AnyPath) -> tuple[dict[str, str], str]:
    """The texts of a file or folder by file name, and the folder that the workspace lives in.

    Names are relative to the folder, with forward slashes. Raises UsageError when there is nothing to run.
    """
    given = typed_name(path)
    if is_folder(given):
        files = find_names(given)
        if not files:
            raise UsageError(f"there is no .xs file in {given}")
        before = "" if given == "." else given if given.endswith("/") else f"{given}/"
        return {file.removeprefix(before): read_source(file) for file in files}, given
    if not is_there(given):
        raise UsageError(f"no such file or folder: {given}")
    folder, _, name = given.rpartition("/")
    return {name: read_source(given)}, folder or ("/" if given.startswith("/") else ".")


def shown_path(root: AnyPath | None, name: str) -> str:
    """The path of a workspace's file as a user in the current folder would write it, so that it can be clicked."""
    file = os.path.join(root or "", name)
    if root is None or not os.path.lexists(file):
        return name
    below = os.path.relpath(file)
    return below if not below.startswith("..") else min(below, os.path.abspath(file), key=len)
