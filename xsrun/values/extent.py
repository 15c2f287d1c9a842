"""How far a value reaches when it is walked: its members, and how deep they nest.

Lists and objects are shared until they are changed, so a value can hold the same list very many times over at no cost:
`$a = [$a, $a]`, forty times. Whatever walks a value, to write, copy or send it, would meet each copy. It asks here
first, where shared members are counted without being walked one by one, and nothing depends on Python's own limits.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain

from xsrun.errors import LimitError
from xsrun.hints import Any

TOO_DEEP = "The value is nested too deeply."
#: How deep a value may nest that is walked. Python's own limit is not a guard: where a program has raised it, the stack
#: of the machine ends first.
MAX_DEPTH = 2_000
#: How many members may be walked where no limit of a run says less.
MOST_MEMBERS = 1 << 26

_CONTAINERS = frozenset((list, dict))
_ROWS = {dict}
#: Down to this depth members are not asked whether they are the same: values of programs are seldom deeper.
_PLAIN_DEPTH = 8
#: A value of up to so many containers is small: gone through without a look at how deep it is. A list of more members
#: than `_LONG` is first asked in one go whether any of them is a container.
_SMALL = 64
_LONG = 16


def measure(value: Any, most: int = MOST_MEMBERS) -> int:
    """The members of a value and of all inside it, each counted as often as it would be met.

    It stops counting beyond `most`. Raises LimitError when the value is nested too deeply.
    """
    if value.__class__ not in _CONTAINERS:
        return 0
    total = len(value)
    found = [value]
    for one in found:  # which grows as it is gone through
        items = one.values() if one.__class__ is dict else one
        if len(one) > _LONG:
            if _CONTAINERS.isdisjoint(map(type, items)):
                continue
            if (members := _of_rows(one)) is not None:
                total += members
                continue
        for item in items:
            if item.__class__ is dict or item.__class__ is list:
                total += len(item)
                found.append(item)
        if len(found) > _SMALL:
            return _measure_levels(value, most)
    return total


def _measure_levels(value: Any, most: int) -> int:
    """The same for a value of any size and depth, level by level; members that are the same are looked into once."""
    total = depth = 0
    level = [(value, 1)]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise LimitError(TOO_DEEP)
        inside: list[tuple[Any, int]] = []
        for one, times in level:
            total += len(one) * times
            if total > most:
                return total
            items = one.values() if one.__class__ is dict else one
            if _CONTAINERS.isdisjoint(map(type, items)):
                continue
            if len(one) > _LONG and depth < MAX_DEPTH and (members := _of_rows(one)) is not None:
                total += members * times
            else:
                inside += [(item, times) for item in items if item.__class__ in _CONTAINERS]
        level = inside if depth < _PLAIN_DEPTH else _joined(inside)
    return total


def _of_rows(value: Any) -> int | None:
    """The members of all rows of a list of rows, as queries give them; None for anything else."""
    if value.__class__ is not list or value[0].__class__ is not dict or set(map(type, value)) != _ROWS:
        return None
    if not _CONTAINERS.isdisjoint(map(type, chain.from_iterable(map(dict.values, value)))):
        return None
    return sum(map(len, value))


def _joined(level: list[tuple[Any, int]]) -> list[tuple[Any, int]]:
    """The same members of a level as one, with how often they are met together."""
    if len(level) < 2:
        return level
    times: Counter[int] = Counter()
    members = {}
    for one, count in level:
        times[id(one)] += count
        members[id(one)] = one
    return [(one, times[key]) for key, one in members.items()]


def check_extent(value: Any, most: int = MOST_MEMBERS) -> None:
    """Refuse a value that is too large or too deep to be walked."""
    if value.__class__ in _CONTAINERS and measure(value, most) > most:
        raise LimitError(
            f"The value would have more than {most:,} members, each counted as often as it occurs.",
            hint="does it hold the same list or object very many times over?",
        )
