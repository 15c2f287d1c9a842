"""Which tests a change touches: those of the constructs that changed, and of all that reach them.

A construct reaches what it calls, the tables it works on, and what it names in attributes: middleware, addons, groups.
A name in an attribute is only a text, so a test may run for nothing; but none is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.syntax.nodes import Literal, Name, Statement
from xsrun.workspace.construct import Construct, text_of

#: Constructs that bear on everything: defaults of middleware, values of the environment.
_EVERYWHERE = frozenset(("branch", "workspace"))
#: Kinds of construct that are named by texts in attributes.
_NAMED_IN_TEXTS = ("addon", "agent", "api_group", "function", "middleware", "table", "tool")
#: The kind that a statement's header names, by the first word of the statement.
_CALLED = {"db": "table", "api": "query", "service": "function", "ai": "agent"}

Key = tuple[str, str]


def affected_files(
    constructs: Iterable[Construct], changed: set[str], gone: Iterable[Construct] = ()
) -> set[str] | None:
    """The files whose tests must run after some files changed; None means all of them.

    `gone` are the constructs that stood in the changed files before: what reached them is touched too.
    """
    everything = list(constructs)
    touched = [*(one for one in everything if one.file in changed), *gone]
    if any(one.kind in _EVERYWHERE for one in touched):
        return None
    callers = _callers(everything)
    keys = {key for one in touched for key in keys_of(one)}
    files = {one.file for one in everything if one.file in changed}
    pending = list(keys)
    while pending:
        for caller in callers.get(pending.pop(), ()):
            files.add(caller.file)
            fresh = keys_of(caller) - keys
            keys |= fresh
            pending.extend(fresh)
    return files


def keys_of(construct: Construct) -> set[Key]:
    """How others reach a construct. What writes to a table reaches its triggers."""
    keys = {(construct.kind, construct.name)}
    if construct.kind.endswith("_trigger"):
        keys.add(("trigger", construct.name))
    if construct.kind == "table_trigger":
        keys.add(("table", text_of(construct.attribute("table")) or ""))
    return keys


def _callers(constructs: Iterable[Construct]) -> dict[Key, list[Construct]]:
    """What is reached -> the constructs that reach it."""
    found: dict[Key, list[Construct]] = {}
    for construct in constructs:
        for key in reached_by(construct):
            found.setdefault(key, []).append(construct)
    return found


def reached_by(construct: Construct) -> set[Key]:
    """What a construct reaches, by kind and name."""
    roots = [construct.node] if construct.node is not None else construct.items
    keys: set[Key] = set()
    for root in roots:
        for node in root.walk():
            if isinstance(node, Statement) and isinstance(node.target, Name) and node is not construct.node:
                first = node.name.partition(".")[0]
                keys.add((_CALLED.get(first, first), node.target.text.removeprefix("/")))
            elif isinstance(node, Literal) and isinstance(node.value, str):
                keys.update((kind, node.value) for kind in _NAMED_IN_TEXTS)
    return keys
