"""Checks in the console: the problems of the workspace, and their fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.errors import UsageError
from xsrun.server.console.calls import ApiCall, handles, missing, wrong
from xsrun.server.console.source_views import current_text, place_of, write_source
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.diagnostics import Diagnostic
    from xsrun.workspace.workspace import LoadedWorkspace


@handles("GET", "checks")
def checks(call: ApiCall) -> dict[str, Value]:
    """What `xsrun check` says about the files as they are saved; `fixable` ones have a fix."""
    found = diagnostics(call.workspace)
    shown = [
        {**one.as_dict(), "fixable": bool(one.fix) and place_of(call.workspace, one.file) is not None} for one in found
    ]
    return {"diagnostics": shown, "files": len(call.workspace.sources)}


@handles("POST", "checks/fix")
def fix(call: ApiCall) -> dict[str, Value]:
    """Apply the fix of a problem (`file`, `code`, `line`, `column`), with `all` every safe one, and save the files."""
    from xsrun.analysis.fixing import fix_sources
    from xsrun.diagnostics.fixes import apply_fixes

    given, workspace = call.body(), call.workspace
    texts = texts_of(workspace)
    if given.get("all") is True:
        made, count = fix_sources(texts, lambda some: diagnostics(workspace, some))
    else:
        wanted = [given.get(name) for name in ("file", "code", "line", "column")]
        found = [
            one for one in diagnostics(workspace) if [one.file, one.code, one.line, one.column] == wanted and one.fix
        ]
        if not found:
            raise missing("this problem is not there any more")
        made = dict(texts)
        made[found[0].file], count = apply_fixes(texts[found[0].file], found[:1])
    changed = [name for name, text in made.items() if text != texts[name]]
    for name in changed:
        if place_of(workspace, name) is None:
            raise wrong("this workspace has no files that could be saved")
    for name in changed:
        write_source(call, name, made[name], "")
    return {"fixed": count, "files": list(changed)}


def texts_of(workspace: LoadedWorkspace) -> dict[str, str]:
    """The texts of the files, as they are saved."""
    return {name: current_text(workspace, name) for name in workspace.sources}


def diagnostics(workspace: LoadedWorkspace, texts: dict[str, str] | None = None) -> list[Diagnostic]:
    """The problems that the project's settings leave, by file and line."""
    from xsrun.analysis import check_sources
    from xsrun.analysis.check_settings import read_settings

    found = check_sources(texts_of(workspace) if texts is None else texts)
    if workspace.root is None:
        return found
    try:
        return read_settings(workspace.root.resolve()).apply(found)
    except UsageError as error:
        raise wrong(str(error), error.hint) from None
