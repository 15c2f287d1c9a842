"""Run, Debug and Run test above constructs; the editor's own commands where it has them, else the server's."""

from __future__ import annotations

import os
import posixpath
from typing import TypedDict

from lsprotocol import types

from xsrun.api import Workspace
from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.errors import UsageError, XanoScriptError
from xsrun.language.constructs import KINDS, RUNNABLE
from xsrun.syntax.nodes import Literal, Statement
from xsrun.testing.report import Outcome
from xsrun.values.conversion import to_json

RUN, TEST, DEBUG = "run", "test", "debug"
#: Kinds whose runs are tests themselves.
_TESTS = frozenset({"workflow_test"})
_LONGEST = 2_000


def code_lenses(desk: Desk, params: types.CodeLensParams) -> list[types.CodeLens] | None:
    """What can be run in a text."""
    opened = desk.opened(params.text_document.uri)
    if opened is None or opened.parsed.tree is None:
        return None
    found: list[types.CodeLens] = []
    for item in opened.parsed.tree.items:
        if isinstance(item, Statement) and item.name in KINDS and item.name in RUNNABLE and item.body is not None:
            found += _of(desk, opened, item)
    return found


class RunTarget(TypedDict):
    """What a command is given: the construct, and one of its tests."""

    uri: str
    kind: str
    name: str
    verb: str | None
    api_group: str | None
    test: str | None


def target_of(opened: Opened, node: Statement) -> RunTarget:
    """What tells a command which construct is meant."""
    group = node.attribute("api_group")
    value = group.value if isinstance(group, Literal) else None
    return {
        "uri": opened.uri,
        "kind": node.name,
        "name": (node.label or "").removeprefix("/"),
        "verb": node.verb,
        "api_group": value if isinstance(value, str) else None,
        "test": None,
    }


def _of(desk: Desk, opened: Opened, node: Statement) -> list[types.CodeLens]:
    target = target_of(opened, node)
    titles = {TEST: "Run test"} if node.name in _TESTS else {RUN: "Run", DEBUG: "Debug"}
    found = [_lens(desk, opened, node, title, action, target) for action, title in titles.items()]
    for test in node.blocks("test"):
        inner: RunTarget = {**target, "test": test.label}
        found.append(_lens(desk, opened, test, "Run test", TEST, inner))
        found.append(_lens(desk, opened, test, "Debug", DEBUG, inner))
    return [one for one in found if one is not None]


def _lens(
    desk: Desk, opened: Opened, node: Statement, title: str, action: str, target: RunTarget
) -> types.CodeLens | None:
    """A lens with the editor's command `xsrun.run`, if it said that it has it, else with the server's."""
    command = f"xsrun.{action}"
    if command not in desk.commands:
        if action == DEBUG:
            return None
        command = server_command(action)
    place = opened.positions.range(node.line, node.column, node.line, node.column)
    return types.CodeLens(place, types.Command(title, command, arguments=[target]))


def server_command(action: str) -> str:
    """The name of a command that the server does itself."""
    return f"xsrun.server.{action}"


# Commands of the server ----------------------------------------------------------------------------------------------


def run_target(opened: Opened, target: RunTarget) -> types.ShowMessageParams:
    """Run a construct with its texts as the editor has them, and without input; what it gives is the message."""
    title = _title(target)
    try:
        with Workspace.from_sources(_sources(opened)) as workspace:
            result = workspace.run(target["name"], target["kind"], verb=target["verb"], api_group=target["api_group"])
    except (UsageError, XanoScriptError) as error:
        return types.ShowMessageParams(types.MessageType.Error, f"{title}: {error}")
    if result.error is not None:
        where = f" ({os.path.basename(result.error.file)}:{result.error.line})" if result.error.file else ""
        return types.ShowMessageParams(types.MessageType.Error, f"{title}: {result.error}{where}")
    return types.ShowMessageParams(types.MessageType.Info, f"{title}: {_cut(to_json(result.response))}")


def test_target(opened: Opened, target: RunTarget) -> types.ShowMessageParams:
    """Run one unit test, or a workflow test."""
    title = _title(target)
    try:
        with Workspace.from_sources(_sources(opened)) as workspace:
            pattern = target["test"] or target["name"]
            report = workspace.test(pattern, kind="workflow" if target["kind"] in _TESTS else "unit")
    except (UsageError, XanoScriptError) as error:
        return types.ShowMessageParams(types.MessageType.Error, f"{title}: {error}")
    results = [one for one in report.results if _is_meant(one, target)]
    failed = [one for one in results if one.status not in ("pass", "skipped")]
    if failed or not results:
        told = "; ".join(f"{one.name}: {one.message}" for one in failed) or "there is no such test"
        return types.ShowMessageParams(types.MessageType.Error, f"{title}: {_cut(told)}")
    return types.ShowMessageParams(types.MessageType.Info, f"{title}: passed")


def _is_meant(result: Outcome, target: RunTarget) -> bool:
    if target["kind"] in _TESTS:
        return result.name.lower() == target["name"].lower()
    named = result.obj_type == target["kind"] and result.obj_name.lower().endswith(target["name"].lower())
    return named and target["test"] in (None, result.name)


def _title(target: RunTarget) -> str:
    return " ".join(filter(None, [target["kind"], target["verb"], target["name"], target["test"]]))


def _sources(opened: Opened) -> dict[str, str]:
    """The texts by their names below the folder that they share."""
    texts = opened.session.texts.copy()  # they may be edited meanwhile
    top = posixpath.commonpath(map(posixpath.dirname, texts))
    return {name.removeprefix(top).removeprefix("/"): text for name, text in texts.items()}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
