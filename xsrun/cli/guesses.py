"""What of a workspace a word may mean that names nothing as it stands: `discount`, `GET items`, `discount.xs`."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from xsrun.errors import XanoScriptError
from xsrun.reading import AnyPath, tidy
from xsrun.workspace.lookup import command_name, construct_named
from xsrun.workspace.roots import chosen_workspace, shortest, workspace_above

if TYPE_CHECKING:
    from xsrun.workspace.construct import Construct

#: Constructs and files that a message names.
_LISTED = 3


def constructs_meant(given: str, workspace: str | None = None) -> list[Construct]:
    """The constructs of the workspace around the user, or of the one that `-w` names, that a word comes nearest to."""

    from xsrun.api import Workspace
    from xsrun.diagnostics.suggest import nearest_names

    try:
        root = chosen_workspace(workspace) or workspace_above(".")
        if root is None:
            return []
        with Workspace.load(shortest(root)) as loaded:
            known = [one for one in loaded.constructs if one.name]
    except XanoScriptError:  # a folder that cannot be read has nothing to offer
        return []
    kind, name, verb = _parts(given)
    fitting = [one for one in known if kind in (None, one.kind) and verb in (None, one.verb)]
    same = [one for one in fitting if one.name.strip("/") == name]
    if same:
        return same[:_LISTED]
    close = nearest_names(name, [one.name for one in fitting], 1)
    return [one for one in fitting if one.name in close][:_LISTED]


def constructs_hint(given: str, workspace: str | None = None) -> str | None:
    """A hint with the constructs that a word may mean, as the command line takes them; None when nothing is near."""
    from xsrun.diagnostics.suggest import one_of

    found = constructs_meant(given, workspace)
    return f"did you mean {one_of([command_name(one) for one in found])}?" if found else None


def files_hint(given: str, workspace: str | None = None) -> str | None:
    """A hint for a path that is not there: the file of that name, or of the construct that may be meant, elsewhere."""

    from xsrun.diagnostics.suggest import one_of
    from xsrun.workspace.loader import find_files

    try:
        root = chosen_workspace(workspace) or workspace_above(".")
        files = find_files(shortest(root)) if root is not None else []
    except XanoScriptError:
        return None
    named = [file.as_posix() for file in files if file.name == PurePosixPath(given).name][:_LISTED]
    if named:
        return f"did you mean {one_of(named)}?"
    found = constructs_meant(given, workspace)
    return _place(found[0], root) if found and root is not None else None


def _place(construct: Construct, root: AnyPath) -> str:
    return f"{command_name(construct)} is in {tidy(os.path.join(shortest(root), construct.file))}"


def _parts(given: str) -> tuple[str | None, str, str | None]:
    """Kind, name and verb of `function/discount`, `GET /items`, `query:GET items`, `items GET`, `discount.xs`."""
    from xsrun.language.constructs import DECLARED_KINDS

    head, slash, rest = given.strip().partition("/")
    text = f"{head}:{rest}" if slash and head in DECLARED_KINDS else given.strip()
    kind, name, verb = construct_named(text if ":" in text else f"query:{text}")
    if ":" not in text and verb is None:
        kind = None
    first, blank, last = name.rpartition(" ")
    if blank and construct_named(f"query:{last} x")[2]:
        name, verb = first, last.upper()
    return kind, name.removesuffix(".xs").strip("/ "), verb
