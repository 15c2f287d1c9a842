"""The files of the workspace in the console: their texts, and saving them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from xsrun.errors import XanoScriptError
from xsrun.reading import read_text
from xsrun.server.console.calls import ApiCall, handles, missing, wrong
from xsrun.values.conversion import Value

if TYPE_CHECKING:
    from xsrun.diagnostics import Diagnostic
    from xsrun.workspace.workspace import LoadedWorkspace


@handles("GET", "source")
def source(call: ApiCall) -> dict[str, Value]:
    """The text of a file, as it is saved now; with `check` its problems, which takes a look at all files."""
    name = call.text("file")
    text = current_text(call.workspace, name)
    return {
        "file": name,
        "text": text,
        "version": version_of(text),
        "editable": place_of(call.workspace, name) is not None,
        "problems": [one.as_dict() for one in problems_of(call.workspace, name, text)] if call.text("check") else [],
        "constructs": [
            {"kind": one.kind, "name": one.name, "verb": one.verb, "label": one.label, "line": one.line}
            for one in call.workspace.constructs
            if one.file == name
        ],
    }


@handles("PUT", "source")
def save_source(call: ApiCall) -> dict[str, Value]:
    """Save a text, if the file is still what was read; it goes live at once."""
    given = call.body()
    name, text = call.given("file"), given.get("text")
    if not isinstance(text, str):
        raise wrong("`text` is missing in the body")
    write_source(call, name, text, str(given.get("version") or ""))
    return source_answer(call, name, text)


def source_answer(call: ApiCall, name: str, text: str) -> dict[str, Value]:
    """What the page is told of a file that was saved."""
    problems = problems_of(call.console.live.current.workspace, name, text)
    return {"file": name, "version": version_of(text), "problems": [one.as_dict() for one in problems]}


def write_source(call: ApiCall, name: str, text: str, version: str) -> None:
    """Write a file of the workspace and let it go live. Raises XanoScriptError when it has changed meanwhile."""
    path = place_of(call.workspace, name)
    if path is None:
        raise wrong("this workspace has no files that could be saved")
    if version and version_of(read_text(path)) != version:
        raise XanoScriptError(
            f"{name} was changed meanwhile.", code="ERROR_CODE_BAD_REQUEST", status=409, hint="load it again"
        )
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise wrong(f"{name} cannot be written: {error.strerror}") from None
    call.console.reload()


def current_text(workspace: LoadedWorkspace, name: str) -> str:
    """The text of a file of the workspace, as it is on disk where it is. Raises XanoScriptError."""
    known = workspace.sources.get(name)
    if known is None:
        raise missing(f"there is no file {name[:200]} in this workspace")
    path = place_of(workspace, name)
    if path is None:
        return known.text
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError):
        return known.text


def place_of(workspace: LoadedWorkspace, name: str) -> Path | None:
    """Where a file of the workspace is; None for one that is not on disk, or that leads out of its folder."""
    if workspace.root is None or name not in workspace.sources:
        return None
    root = workspace.root.resolve()
    path = (root / name).resolve()
    return path if path.is_file() and path.is_relative_to(root) else None


def version_of(text: str) -> str:
    """What tells two texts of a file apart."""
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def problems_of(workspace: LoadedWorkspace, name: str, text: str) -> list[Diagnostic]:
    """What `xsrun check` says about a file with this text, in its workspace."""
    from xsrun.analysis import check_sources

    texts = {file: one.text for file, one in workspace.sources.items()}
    return [one for one in check_sources({**texts, name: text}) if one.file == name]
