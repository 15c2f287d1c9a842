"""When a task runs: its first time, then every `freq` seconds, until its end; all in UTC (semantics 7.5)."""

from __future__ import annotations

from dataclasses import dataclass

from xsrun.syntax.nodes import Entry, Expression, ListLiteral, Literal, ObjectLiteral, Statement, Timestamp
from xsrun.workspace.construct import Construct


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a schedule. Times are milliseconds since the epoch, `every` milliseconds; None: once, or no end."""

    starts_on: int
    every: int | None = None
    ends_on: int | None = None

    def next_after(self, moment: int) -> int | None:
        """The first time later than `moment`, or None when there is none left."""
        if moment < self.starts_on:
            following = self.starts_on
        elif self.every is None:
            return None
        else:
            following = self.starts_on + ((moment - self.starts_on) // self.every + 1) * self.every
        return None if self.ends_on is not None and following > self.ends_on else following


def events_of(task: Construct) -> list[Event]:
    """The schedule of a task: the attribute, or the older block with `events`. An inactive task has none."""
    active = task.attribute("active")
    if task.node is None or (isinstance(active, Literal) and active.value is False):
        return []
    listed = task.attribute("schedule")
    block: Statement | None = task.node.block("schedule")
    if listed is None and block is not None:
        listed = block.attribute("events")
    items = listed.items if isinstance(listed, ListLiteral) else []
    return [event for item in items if (event := _event(item)) is not None]


def next_run(events: list[Event], moment: int) -> int | None:
    """When a task with these events runs next after a moment (milliseconds since the epoch), or None."""
    times = [following for event in events if (following := event.next_after(moment)) is not None]
    return min(times, default=None)


def _event(item: Expression) -> Event | None:
    if not isinstance(item, ObjectLiteral):
        return None
    given = {entry.key: entry.value for entry in item.entries if isinstance(entry, Entry) and not entry.disabled}
    starts_on = _instant(given.get("starts_on"))
    if starts_on is None:
        return None
    frequency = given.get("freq")
    seconds = frequency.value if isinstance(frequency, Literal) else None
    every = int(seconds * 1000) if isinstance(seconds, (int, float)) and seconds > 0 else None
    return Event(starts_on, every, _instant(given.get("ends_on")))


def _instant(node: Expression | None) -> int | None:
    """The time of a literal: a timestamp, a text with a time, or milliseconds."""
    if isinstance(node, Timestamp):
        return node.value
    if isinstance(node, Literal) and node.value.__class__ in (int, str) and node.value != "":
        from xsrun.dates.timestamps import parse_timestamp_value
        from xsrun.errors import XanoScriptError

        try:
            return parse_timestamp_value(node.value, 0)
        except XanoScriptError:
            return None
    return None
