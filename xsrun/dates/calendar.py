"""Calendar arithmetic: the moment of a timestamp (UTC), and months later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from xsrun.errors import XanoScriptError

EPOCH = datetime(1970, 1, 1)


def moment(milliseconds: int) -> datetime | None:
    """The calendar moment of a timestamp; None outside the years 1 to 9999."""
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def utc_moment(milliseconds: int) -> datetime:
    """A timestamp as a moment in UTC. Raises XanoScriptError for one that no service can be told."""
    found = moment(milliseconds)
    if found is None:
        raise XanoScriptError("The time is out of range", hint="a time of the years 1 to 9999 is needed")
    return found.replace(tzinfo=UTC)


def iso_text(when: datetime) -> str:
    """A moment in UTC as services write it: `2026-01-31T12:00:00.000Z`."""
    return when.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def months_later(when: datetime, months: int) -> datetime | None:
    """A moment this many months later, or the last day of a shorter month. None outside the years 1 to 9999."""
    year, month = divmod(when.year * 12 + when.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    import calendar

    return when.replace(year=year, month=month + 1, day=min(when.day, calendar.monthrange(year, month + 1)[1]))
