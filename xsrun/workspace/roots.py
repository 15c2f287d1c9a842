"""The workspace around a file or folder: what everything that names a file takes as its surroundings."""

from __future__ import annotations

import os

from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.lazy_regex import pattern
from xsrun.reading import AnyPath, is_folder, is_there, tidy, typed_name
from xsrun.workspace.loader import SKIPPED

if TYPE_CHECKING:
    from pathlib import Path


_KINDS = (
    *("function", "table", "api", "api_group", "query", "task", "addon", "tool", "middleware", "agent", "mcp_server"),
    *("trigger", "table_trigger", "workflow_test"),
)
#: Folders that a pulled workspace has, one for a kind, also in the plural. Words that may well mean something else
#: (`realtime`, `workspace`, `message`) are not among them: no workspace has these alone.
KIND_FOLDERS = frozenset((*_KINDS, *(f"{kind}s" for kind in _KINDS), "queries"))
#: Statements that may need other files of the workspace.
_REACHES_OUT = pattern(r"\b(?:\w+\.(?:run|call)\b|db\.|addon\b|dblink\b|middleware\b|main\s*=)")
#: Without one of these it finds nothing.
_REACHING = (".run", ".call", "db.", "addon", "dblink", "middleware", "main")
#: Files that only the top of a workspace has.
_TOPS = frozenset(("run.xs", "workspace.xs"))
#: How deep in the folder of a kind programs lie: `api/GROUP/NAME.xs`.
_DEPTH = 2
#: What is shared by everybody is nobody's workspace.
_SHARED = frozenset(("/", "/tmp", "/var/tmp", "/home"))


def workspace_above(start: AnyPath) -> str | None:
    """The nearest folder, `start` or above it, that holds a workspace; None when none does.

    It is looked for up to the top of a repository, or below the user's own folder, which is one itself only for what
    lies in a folder of a kind there: everybody has all sorts of folders in theirs. The folder of a kind is part of the
    workspace that it lies in, however it looks inside: `function/math/api/ping.xs` is the function `math/api/ping`.
    """
    begin = folder = os.path.realpath(start)
    found: str | None = None
    below = ""
    while True:
        above, name = os.path.split(folder)
        at_home = folder != begin and folder == _home()
        if folder in _SHARED or (at_home and below not in KIND_FOLDERS):
            break
        below = name
        if found is None and name not in KIND_FOLDERS and holds_workspace(folder):
            found = folder
        elif found is not None and name in KIND_FOLDERS and _has_programs(folder, 0):
            found = above
        if at_home or above == folder or is_there(os.path.join(folder, ".git")):
            break
        folder = above
    return found


def workspace_root(file: AnyPath) -> Path:
    """The folder of the workspace that a file belongs to; a lone file is its own workspace, in its folder."""
    from pathlib import Path

    own = os.path.dirname(os.path.realpath(file))
    return Path(workspace_above(own) or own)


def holds_workspace(folder: AnyPath) -> bool:
    """Does a folder have folders of kinds with programs in them, or what only the top of a workspace has?"""
    try:
        with os.scandir(folder) as entries:
            names = [(entry.name, entry.path) for entry in entries if entry.name in KIND_FOLDERS | _TOPS]
    except OSError:
        return False
    return any(name in _TOPS or _has_programs(path, _DEPTH) for name, path in names)


def _has_programs(folder: str, depth: int) -> bool:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError:
        return False
    if any(entry.name.endswith(".xs") for entry in found):
        return True
    below = [entry.path for entry in found if entry.is_dir() and entry.name not in SKIPPED]
    return depth > 0 and any(_has_programs(path, depth - 1) for path in below)


def _home() -> str | None:
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    return os.path.normpath(home) if home else None


def reaches_out(text: str) -> bool:
    """May a program need other files of its workspace?"""
    if not any(word in text for word in _REACHING):
        return False
    if " db." in text or "\ndb." in text:  # most that do: the pattern need not be compiled
        return True
    return _REACHES_OUT.search(text) is not None


def chosen_workspace(given: str | None) -> str | None:
    """The folder that a user chose in place of the one around. Raises UsageError when it is none."""
    if not given:
        return None
    folder = typed_name(given)
    if not is_folder(folder):
        raise UsageError(f"--workspace needs a folder, and {given} is none")
    return folder


def neighbours(path: AnyPath) -> list[str]:
    """The files beside a lone one; not everything below its folder: that may be a home directory."""
    folder = os.path.dirname(path) or "."
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(os.path.join(folder, name) for name in names if name.endswith(".xs"))


def shortest(root: AnyPath) -> str:
    """A folder as a user would write it."""
    below = os.path.relpath(root)
    return os.fspath(root) if below.startswith("..") else below


def relative(file: AnyPath, root: AnyPath) -> str:
    """The name of a file of a workspace, below the workspace's folder."""
    return tidy(os.path.relpath(os.path.realpath(file), os.path.realpath(root)))
