"""Which middleware runs around which construct: attachments and their inheritance (semantics 7.2).

Each phase is looked for on the construct, then on a query's group, then in the branch's defaults; the first place that
names the phase decides, an empty list clears it.
"""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.records import record
from xsrun.syntax.nodes import Entry, Expression, ListLiteral, Literal, ObjectLiteral, Word
from xsrun.workspace.construct import Construct

#: Kinds of construct that middleware can be attached to.
WRAPPED_KINDS = ("query", "function", "task", "tool", "message")


@record(frozen=True)
class Attachment:
    """The names of the middleware that runs before and after a construct, in order."""

    pre: tuple[str, ...] = ()
    post: tuple[str, ...] = ()


def attachments(constructs: Iterable[Construct]) -> dict[Construct, Attachment]:
    """The attachment of every construct that has any middleware."""
    everything = list(constructs)
    groups = {one.name: one for one in everything if one.kind == "api_group"}
    branch = _live_branch([one for one in everything if one.kind == "branch"])
    found = {}
    for construct in everything:
        if construct.kind not in WRAPPED_KINDS:
            continue
        places = [_member(construct, "middleware")]
        if construct.kind == "query" and construct.api_group in groups:
            places.append(_member(groups[construct.api_group], "middleware"))
        if branch is not None:
            places.append(_entry(_member(branch, "middleware"), construct.kind))
        attachment = Attachment(_phase(places, "pre"), _phase(places, "post"))
        if attachment.pre or attachment.post:
            found[construct] = attachment
    return found


def _live_branch(branches: list[Construct]) -> Construct | None:
    """The branch whose defaults count: `v1`, or the first one."""
    return next((one for one in branches if one.name == "v1"), branches[0] if branches else None)


def _member(construct: Construct, name: str) -> Expression | None:
    """A member's value. A tree in the cache is read only when the text has the word: most have no middleware."""
    return construct.attribute(name) if name in construct.text else None


def _entry(value: Expression | None, key: str) -> Expression | None:
    if not isinstance(value, ObjectLiteral):
        return None
    entries = [entry for entry in value.entries if isinstance(entry, Entry) and entry.key == key and not entry.disabled]
    return entries[-1].value if entries else None


def _phase(places: list[Expression | None], phase: str) -> tuple[str, ...]:
    for place in places:
        listed = _entry(place, phase)
        if isinstance(listed, ListLiteral):
            return tuple(name for item in listed.items if (name := _name(item)))
    return ()


def _name(item: Expression) -> str | None:
    """The middleware that an item of a list names: `"name"`, or `{name: "name"}` unless its `active` is false."""
    active = _entry(item, "active")
    if isinstance(active, Literal) and active.value is False:
        return None
    named = _entry(item, "name") or item
    if isinstance(named, Literal) and isinstance(named.value, str):
        return named.value
    return named.text if isinstance(named, Word) else None
