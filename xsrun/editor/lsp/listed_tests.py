"""The tests of all programs, for an editor with a view of tests: the request `xsrun/tests`, beyond the protocol."""

from __future__ import annotations

from typing import TypedDict

from lsprotocol import types

from xsrun.editor.lsp.code_lenses import RunTarget, target_of
from xsrun.editor.lsp.desk import Desk, Opened
from xsrun.language.constructs import KINDS
from xsrun.syntax.nodes import Statement

METHOD = "xsrun/tests"
#: The kind of construct that is a test itself.
_WORKFLOW = "workflow_test"


class ListedTest(TypedDict):
    """One test: its name, and what `xsrun.test` is to be given; lines and characters as in the protocol."""

    label: str
    target: RunTarget
    range: dict[str, dict[str, int]]


def listed_tests(desk: Desk, _: object) -> list[ListedTest]:
    """Every unit test and workflow test. Only texts in which the word stands are parsed."""
    found: list[ListedTest] = []
    for session in desk.programs.sessions:
        for name, text in sorted(session.texts.items()):
            opened = desk.opened_name(name) if "test" in text else None
            if opened is not None and opened.parsed.tree is not None:
                for item in opened.parsed.tree.items:
                    if isinstance(item, Statement) and item.name in KINDS and item.body is not None:
                        found += _of(opened, item)
    return found


def _of(opened: Opened, node: Statement) -> list[ListedTest]:
    target = target_of(opened, node)
    if node.name == _WORKFLOW:
        return [_item(opened, node, target)]
    return [_item(opened, test, {**target, "test": test.label}) for test in node.blocks("test")]


def _item(opened: Opened, node: Statement, target: RunTarget) -> ListedTest:
    place = opened.positions.range_of(node)
    shown = {"start": _position(place.start), "end": _position(place.end)}
    label = " ".join(filter(None, [target["verb"], target["name"], target["test"]]))
    return {"label": label, "target": target, "range": shown}


def _position(position: types.Position) -> dict[str, int]:
    return {"line": position.line, "character": position.character}
