"""The known names nearest to a misspelled one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

#: Names that are compared for one text to suggest what was meant: enough for hundreds of misspelt ones.
MOST_COMPARED = 20_000
#: How many names may still be compared in the work that `comparing` bounds; no bound outside of it.
_left: ContextVar[list[int] | None] = ContextVar("_left", default=None)


@contextmanager
def comparing(most: int = MOST_COMPARED) -> Iterator[None]:
    """Compare so many names at most inside: afterwards nothing is near, so that a text with thousands of unknown names
    and thousands of known ones takes no longer than it is worth."""
    token = _left.set([most])
    try:
        yield
    finally:
        _left.reset(token)


def _may_compare(count: int) -> bool:
    left = _left.get()
    if left is None:
        return True
    left[0] -= count
    return left[0] >= 0


def nearest(name: str, candidates: Collection[str]) -> str | None:
    """The candidate that a misspelled name most likely means, or None when none is close."""
    return next(iter(nearest_names(name, candidates, 1)), None)


def nearest_names(word: str, candidates: Collection[str], most: int = 3) -> list[str]:
    """The nearest candidates, best first: near in spelling, or sharing a part (`lowercase`, `to_lower`)."""
    if not _may_compare(len(candidates)):
        return []
    wanted = word.lower()
    limit = max(1, len(wanted) // 3) if len(wanted) > 2 else 0
    parts = _parts(wanted)
    scored = []
    for name in {*candidates}:
        plain = name.lower()
        score: float = distance(wanted, plain, limit)
        if score > limit:
            shared = parts & _parts(plain)
            if shared or any(_begins(one, other) for one in parts for other in _parts(plain)):
                score = limit + 1.5 - len("".join(shared)) / len(plain)
            elif "_" in plain and any(len(one) > 3 and distance(wanted, one, 1) == 1 for one in _parts(plain)):
                score = limit + 1.5  # a part is misspelled: `uper` of to_upper
            else:
                continue
        scored.append((score, abs(len(plain) - len(wanted)), name))
    best = sorted(scored)[:most]
    return [name for score, _, name in best if score <= best[0][0] + 1]


def _parts(name: str) -> set[str]:
    return {part for part in name.replace(".", "_").split("_") if len(part) > 2}


def _begins(first: str, second: str) -> bool:
    """Whether one of two words begins with the other: `lowercase`, `lower`."""
    return min(len(first), len(second)) > 3 and (first.startswith(second) or second.startswith(first))


def distance(first: str, second: str, limit: int) -> int:
    """Edits (insert, delete, replace, swap neighbours) between two words; `limit + 1` when there are more."""
    if abs(len(first) - len(second)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        current = [i]
        for j, b in enumerate(second, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return previous[-1]


def one_of(names: list[str]) -> str:
    """`a`, `a or b`, `a, b or c`, each in backticks."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def some_of(names: Sequence[str], most: int = 8) -> str:
    """The first of some names, and how many more there are: `a, b and 3 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def did_you_mean(word: str, candidates: Collection[str]) -> str | None:
    """A hint that names the nearest candidates; None when nothing is near."""
    found = nearest_names(word, candidates)
    return f"did you mean {one_of(found)}?" if found else None


def names_meant(hint: str) -> list[str]:
    """The names in a hint of `did_you_mean`, best first; none in any other hint."""
    asked = hint.startswith("did you mean ") and hint.endswith("?")
    return hint.split("`")[1::2] if asked else []
