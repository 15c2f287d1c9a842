"""What a command is asked to run: a file, a folder, `kind:name`, or standard input."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.api import Workspace
from xsrun.cli.options import workspace_settings
from xsrun.errors import UsageError
from xsrun.lazy_regex import pattern
from xsrun.records import record
from xsrun.workspace.loader import find_files, read_source, read_standard_input, workspace_root
from xsrun.workspace.lookup import construct_named

if TYPE_CHECKING:
    from xsrun.workspace.options import WorkspaceOptions

#: Statements that may need other files of the workspace.
_REACHES_OUT = pattern(r"\b(?:\w+\.(?:run|call)\b|db\.|addon\b|dblink\b|middleware\b|main\s*=)")


@record
class Target:
    """A loaded workspace and which of its constructs is meant."""

    workspace: Workspace
    name: str | None = None
    kind: str | None = None
    verb: str | None = None
    file: str | None = None


def _is_there(path: Path) -> bool:
    """Is there such a file or folder? A name that is too long for one is of none."""
    try:
        return path.exists()
    except OSError:
        return False


def resolve(text: str, options: argparse.Namespace) -> Target:
    """Find out what is meant and load as little as it needs. Raises UsageError when nothing fits."""
    settings = workspace_settings(options)
    if text == "-":
        return Target(Workspace.from_sources({"stdin.xs": read_standard_input()}, **settings), file="stdin.xs")
    path = Path(text).expanduser()
    kind, name, verb = construct_named(text)
    if kind is not None and not _is_there(path):
        return Target(Workspace.load(options.workspace or ".", **settings), name, kind, verb)
    if not _is_there(path):
        raise UsageError(
            f"no such file, folder or construct: {text}",
            hint="name a .xs file, or a construct as KIND:NAME, for example function:math/add",
        )
    if path.is_dir():
        return Target(Workspace.load(path, **settings))
    return file_target(path, options, settings)


def file_target(path: Path, options: argparse.Namespace, settings: WorkspaceOptions) -> Target:
    """A file, with the rest of its workspace when the file may need it."""
    text = read_source(path)
    root = Path(options.workspace).expanduser() if options.workspace else workspace_root(path)
    if not options.workspace and _REACHES_OUT.search(text) is None:
        name = _relative(path, root)
        return Target(Workspace({name: text}, root, **settings), file=name)
    own = path.resolve()
    names = {file.resolve(): _relative(file, root) for file in companions(own, root, bool(options.workspace))}
    names.setdefault(own, _relative(path, root))
    sources = {name: read_source(file) for file, name in names.items()}
    return Target(Workspace(sources, root, **settings), file=names[own])


def companions(path: Path, root: Path, chosen: bool) -> list[Path]:
    """The other files of a file's workspace: all below its root, or for a lone file those beside it.

    Not everything below a lone file's folder: that may be a home directory.
    """
    if chosen or root.resolve() != path.parent:
        return find_files(root)
    kinds = ("function", "table", "api", "addon", "task", "tool", "middleware")
    found = sorted(path.parent.glob("*.xs"))
    for kind in kinds:
        for folder in (path.parent / kind, path.parent / f"{kind}s"):
            if folder.is_dir():
                found.extend(find_files(folder))
    return found


def _relative(file: Path, root: Path) -> str:
    return Path(os.path.relpath(file.resolve(), root.resolve())).as_posix()
