"""How large a value becomes when it is written out, against the limits of a run (see `xsrun.values.extent`)."""

from __future__ import annotations

from xsrun.running.context import Context
from xsrun.values.conversion import Value
from xsrun.values.extent import MOST_MEMBERS, check_extent, measure


def check_unfolded(context: Context, value: Value) -> None:
    """Refuse a value that is nested too deeply or has too many members, each counted as often as it would be met."""
    if value.__class__ is list or value.__class__ is dict:
        limit = context.limits.size
        if limit is None or limit > MOST_MEMBERS:
            check_extent(value)
        else:
            context.check_size(measure(value, limit))
