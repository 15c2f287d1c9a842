"""Calendar arithmetic on time stamps (milliseconds since the epoch, UTC), as PostgreSQL does it."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)


def moment(milliseconds: int) -> datetime | None:
    """The calendar moment of a time stamp; None outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def add_months(milliseconds: int, months: int) -> int | None:
    """A time stamp so many months later; a day that the month lacks becomes its last."""
    when = moment(milliseconds)
    if when is None:
        return None
    year, month = divmod(when.year * 12 + when.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    day = min(when.day, calendar.monthrange(year, month + 1)[1])
    return milliseconds + (datetime(year, month + 1, day) - datetime(when.year, when.month, when.day)) // timedelta(
        milliseconds=1
    )
