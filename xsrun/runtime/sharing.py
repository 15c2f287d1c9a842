"""Copy on write: when may a list or object be changed where it is?

XanoScript copies lists and objects on assignment, because its engine is PHP, and PHP shares them until somebody
writes. CPython counts references just as PHP does, so the same test works here: a container held by nothing but the
variable that is being changed may be changed in place, any other is copied first (one level; the copy's members are
then shared, and are tested in their turn). Pushing in a loop so stays linear, and no other variable ever sees it.

The counts that mean "held once" are measured when this module is imported, not assumed, and an interpreter whose
counts do not behave makes every write copy: slower, never wrong.
"""

from __future__ import annotations

import sys
from typing import Any

_count = getattr(sys, "getrefcount", lambda _value: 1 << 30)


def _count_of_local() -> int:
    local: list[Any] = []
    return _count(local)


def _count_in_helper(value: Any) -> int:
    return _count(value)


def _calibrate() -> tuple[int, int]:
    """The counts seen for a container held by one local variable: read there, and read one call deeper."""
    once = _count_of_local()
    local: list[Any] = []
    helper = _count_in_helper(local)
    held: list[Any] = []
    other = held
    holder = {"key": [1]}
    child = holder["key"]
    consistent = _count(held) == once + 1 and _count(child) == once + 1 and _count_in_helper(held) == helper + 1
    del other
    return (once, helper) if consistent and _count(held) == once else (-1, -1)


#: What `sys.getrefcount(x)` gives for a container that only the local variable `x` holds.
UNIQUE_LOCAL, _UNIQUE_ARGUMENT = _calibrate()
#: The same for a container held by a local variable and by one container: a child just read from its parent.
UNIQUE_CHILD = UNIQUE_LOCAL + 1

reference_count = _count


def unshare(container: Any) -> Any:
    """A container equal to this one that the caller may change, its members still shared.

    For generated code that has just found the container shared.
    """
    return container.copy()
