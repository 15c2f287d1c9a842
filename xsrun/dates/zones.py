"""Time zones by name, offset or abbreviation, and the calendar, as PHP has them (semantics 2.7).

Python's `datetime` ends at the years 1 and 9999; the engine's 64-bit seconds do not. So days are counted here, and
only the offset of a zone is asked of `zoneinfo`, for far years in a year of the same calendar.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from xsrun.errors import XanoScriptError
from xsrun.hints import NamedTuple
from xsrun.values.conversion import readable

DAY = 86_400
#: 400 years, after which the calendar and the weekdays repeat.
_CYCLE = 146_097 * DAY
_FIRST_SECOND = -62_135_510_400  # 0001-01-02, a day inside the range of datetime
_LAST_SECOND = 253_402_128_000  # 9999-12-30

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def days_of_date(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the Gregorian calendar; months and days beyond their range carry over."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468 + day - 1


def date_of_days(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day counted from 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def weekday_of_days(days: int) -> int:
    """The weekday of a day counted from 1970-01-01; 0 is Sunday."""
    return (days + 4) % 7


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


class Offset(NamedTuple):
    """What a zone says about an instant: seconds east of UTC, the abbreviation, whether it is summer time."""

    seconds: int
    abbreviation: str
    summer: bool


class Zone:
    """A time zone: `name` as PHP's letter `e` prints it."""

    name: str

    def offset_at(self, seconds: int) -> Offset:
        """The offset in force at an instant, in seconds since the epoch."""
        raise NotImplementedError

    def instant_of(self, local: int, fold: int | None = None) -> int:
        """The instant of a local time counted like an instant.

        A local time that the clock skips moves on by the gap; of one that it shows twice, `fold` says which: 0 the
        first, 1 the second, None the one PHP takes, which is the first west of Greenwich and else the second.
        """
        raise NotImplementedError


class FixedZone(Zone):
    """An offset, or an abbreviation that stands for one."""

    def __init__(self, seconds: int, name: str = "", summer: bool = False) -> None:
        self.seconds = seconds
        self.name = name or offset_text(seconds, ":")
        self._offset = Offset(seconds, name or f"GMT{offset_text(seconds, '')}", summer)

    def offset_at(self, seconds: int) -> Offset:
        return self._offset

    def instant_of(self, local: int, fold: int | None = None) -> int:
        return local - self.seconds


class NamedZone(Zone):
    """A zone of the IANA data base."""

    def __init__(self, info: ZoneInfo, name: str) -> None:
        self.info = info
        self.name = name

    def _moment(self, seconds: int) -> datetime:
        return (_EPOCH + timedelta(seconds=_near(seconds))).astimezone(self.info)

    def offset_at(self, seconds: int) -> Offset:
        moment = self._moment(seconds)
        offset = moment.utcoffset() or timedelta()
        return Offset(round(offset.total_seconds()), moment.tzname() or "", bool(moment.dst()))

    def instant_of(self, local: int, fold: int | None = None) -> int:
        if fold is None:
            guess = local - self.offset_at(local).seconds
            if guess + self.offset_at(guess).seconds == local:
                return guess
        clock = (_EPOCH + timedelta(seconds=_near(local))).replace(tzinfo=self.info)
        offset = clock.utcoffset() or timedelta()
        if fold:
            # in a gap the second offset is the greater one, and there is no second time to choose
            offset = min(offset, clock.replace(fold=1).utcoffset() or timedelta())
        return local - round(offset.total_seconds())


def _near(seconds: int) -> int:
    """A second within the range of `datetime` at the same place of the 400-year cycle."""
    if seconds > _LAST_SECOND:
        return seconds - ((seconds - _LAST_SECOND) // _CYCLE + 1) * _CYCLE
    return max(seconds, _FIRST_SECOND)


UTC_ZONE = FixedZone(0, "UTC")

#: Abbreviations that time texts use, in hours east of UTC; the second table is summer time. The letters are military.
_ABBREVIATIONS = {
    "utc": 0,
    "gmt": 0,
    "wet": 0,
    "z": 0,
    "cet": 1,
    "wat": 1,
    "eet": 2,
    "cat": 2,
    "sast": 2,
    "msk": 3,
    "eat": 3,
    "pkt": 5,
    "ist": 5.5,
    "wib": 7,
    "hkt": 8,
    "sgt": 8,
    "awst": 8,
    "jst": 9,
    "kst": 9,
    "acst": 9.5,
    "aest": 10,
    "nzst": 12,
    "sst": -11,
    "hst": -10,
    "akst": -9,
    "pst": -8,
    "mst": -7,
    "cst": -6,
    "est": -5,
    "ast": -4,
    "nst": -3.5,
    **{letter: index + 1 for index, letter in enumerate("abcdefghi")},
    **{letter: index + 10 for index, letter in enumerate("klm")},
    **{letter: -index - 1 for index, letter in enumerate("nopqrstuvwxy")},
}
_SUMMER_ABBREVIATIONS = {
    "bst": 1,
    "west": 1,
    "cest": 2,
    "eest": 3,
    "idt": 3,
    "msd": 4,
    "acdt": 10.5,
    "aedt": 11,
    "nzdt": 13,
    "akdt": -8,
    "pdt": -7,
    "mdt": -6,
    "cdt": -5,
    "edt": -4,
    "adt": -3,
    "ndt": -2.5,
}
_OFFSET = re.compile(r"(?:GMT)?([+-])(\d{1,2})(?::?(\d{1,2}))?(?::?(\d{2}))?", re.ASCII)


def offset_text(seconds: int, colon: str) -> str:
    """`+02:00` or `+0200`; what an old local time has in seconds is left out, as PHP does."""
    hours, rest = divmod(abs(seconds), 3600)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}{colon}{rest // 60:02d}"


def zone_of_offset(text: str) -> Zone | None:
    """The zone of an offset such as `+2`, `-05:30` or `GMT+0100`; None when it is not one."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes, seconds = match.groups()
    total = int(hours) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return FixedZone(-total if sign == "-" else total)


@lru_cache(maxsize=1024)
def find_zone(name: str) -> Zone | None:
    """The zone of an offset, an abbreviation or a name of the IANA data base, in any case; None when unknown."""
    lowered = name.lower()
    if lowered == "utc":
        return UTC_ZONE
    if name[:1] in "+-" or lowered.startswith(("gmt+", "gmt-")):
        return zone_of_offset(name.upper())
    for table, summer in ((_ABBREVIATIONS, False), (_SUMMER_ABBREVIATIONS, True)):
        if lowered in table:
            return FixedZone(round(table[lowered] * 3600), name.upper(), summer)
    try:
        return NamedZone(ZoneInfo(name), name)
    except (KeyError, ValueError, OSError):
        proper = _names().get(lowered)
    return NamedZone(ZoneInfo(proper), proper) if proper else None


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def zone_of(name: str | None) -> Zone:
    """The zone a builtin was given; none is UTC. Raises for a name that nobody knows."""
    name = readable(name) if name else None
    zone = find_zone(name) if name else UTC_ZONE
    if zone is None:
        raise XanoScriptError(
            f"Unknown or bad timezone ({name})",
            hint='write a name such as "Europe/Paris", or an offset such as "+02:00"',
        )
    return zone
