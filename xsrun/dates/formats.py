"""PHP's date letters in both directions: `Y-m-d H:i:s` from a timestamp, and a timestamp from such a text.

A backslash before a letter makes it stand for itself. Reading follows DateTime::createFromFormat: what the format does
not name comes from the current time, unless the format holds `!` or `|`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from xsrun.dates.timestamps import Clock, check_range, clock_at
from xsrun.dates.words import find_month, find_weekday
from xsrun.dates.zones import (
    DAY,
    UTC_ZONE,
    Offset,
    Zone,
    date_of_days,
    days_of_date,
    find_zone,
    is_leap,
    offset_text,
    weekday_of_days,
    zone_of,
)
from xsrun.errors import XanoScriptError
from xsrun.values.conversion import readable

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


# Writing -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Moment:
    """An instant as one zone shows it."""

    milliseconds: int
    clock: Clock
    offset: Offset
    zone: Zone

    @property
    def weekday(self) -> int:
        return weekday_of_days(self.clock.days)

    @property
    def year_day(self) -> int:
        return self.clock.days - days_of_date(self.clock.year, 1, 1)

    def iso_week(self) -> tuple[int, int]:
        """Year and number of the ISO week: the week belongs to the year that holds its Thursday."""
        thursday = self.clock.days + 4 - (self.weekday or 7)
        year = date_of_days(thursday)[0]
        return year, (thursday - days_of_date(year, 1, 1)) // 7 + 1


def _suffix(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _year4(year: int) -> str:
    return f"{'-' if year < 0 else ''}{abs(year):04d}"


def _expanded_year(year: int, *, always: bool) -> str:
    sign = "-" if year < 0 else "+" if always or year > 9999 else ""
    return f"{sign}{abs(year):04d}"


def _beat(moment: _Moment) -> str:
    """Internet time: thousandths of a day in UTC+1."""
    return f"{(moment.milliseconds // 1000 + 3600) % DAY * 10 // 864:03d}"


_WRITERS: dict[str, Callable[[_Moment], str]] = {
    "d": lambda m: f"{m.clock.day:02d}",
    "D": lambda m: _DAYS[m.weekday][:3],
    "j": lambda m: str(m.clock.day),
    "l": lambda m: _DAYS[m.weekday],
    "N": lambda m: str(m.weekday or 7),
    "S": lambda m: _suffix(m.clock.day),
    "w": lambda m: str(m.weekday),
    "z": lambda m: str(m.year_day),
    "W": lambda m: f"{m.iso_week()[1]:02d}",
    "o": lambda m: str(m.iso_week()[0]),
    "F": lambda m: _MONTHS[m.clock.month - 1],
    "m": lambda m: f"{m.clock.month:02d}",
    "M": lambda m: _MONTHS[m.clock.month - 1][:3],
    "n": lambda m: str(m.clock.month),
    "t": lambda m: str(29 if m.clock.month == 2 and is_leap(m.clock.year) else _MONTH_DAYS[m.clock.month - 1]),
    "L": lambda m: str(int(is_leap(m.clock.year))),
    "X": lambda m: _expanded_year(m.clock.year, always=True),
    "x": lambda m: _expanded_year(m.clock.year, always=False),
    "Y": lambda m: _year4(m.clock.year),
    "y": lambda m: f"{m.clock.year % (100 if m.clock.year > 0 else -100):02d}",
    "a": lambda m: "am" if m.clock.hour < 12 else "pm",
    "A": lambda m: "AM" if m.clock.hour < 12 else "PM",
    "B": _beat,
    "g": lambda m: str(m.clock.hour % 12 or 12),
    "G": lambda m: str(m.clock.hour),
    "h": lambda m: f"{m.clock.hour % 12 or 12:02d}",
    "H": lambda m: f"{m.clock.hour:02d}",
    "i": lambda m: f"{m.clock.minute:02d}",
    "s": lambda m: f"{m.clock.second:02d}",
    "u": lambda m: f"{m.clock.millisecond:03d}000",
    "v": lambda m: f"{m.clock.millisecond:03d}",
    "e": lambda m: m.zone.name,
    "I": lambda m: str(int(m.offset.summer)),
    "O": lambda m: offset_text(m.offset.seconds, ""),
    "P": lambda m: offset_text(m.offset.seconds, ":"),
    "p": lambda m: "Z" if m.offset.abbreviation in ("UTC", "Z") else offset_text(m.offset.seconds, ":"),
    "T": lambda m: m.offset.abbreviation,
    "Z": lambda m: str(m.offset.seconds),
    "U": lambda m: str(m.milliseconds // 1000),
}
_COMPOUND = {"c": "Y-m-d\\TH:i:sP", "r": "D, d M Y H:i:s O"}


def format_timestamp(milliseconds: int, format: str, zone: str | None = None) -> str:
    """A timestamp as text, in PHP's date letters. Letters that mean nothing stand for themselves."""
    here = zone_of(zone)
    check_range(milliseconds)
    moment = _Moment(milliseconds, clock_at(milliseconds, here), here.offset_at(milliseconds // 1000), here)
    return _write(moment, readable(format))


def _write(moment: _Moment, format: str) -> str:
    parts: list[str] = []
    letters = iter(format)
    for letter in letters:
        if letter == "\\":
            parts.append(next(letters, "\\"))
        elif letter in _WRITERS:
            parts.append(_WRITERS[letter](moment))
        else:
            parts.append(_write(moment, _COMPOUND[letter]) if letter in _COMPOUND else letter)
    return "".join(parts)


# Reading -------------------------------------------------------------------------------------------------------------


class _Mismatch(ValueError):
    """The text does not have the form of the format."""


@dataclass(slots=True)
class _Reading:
    """The state of reading a text by a format. Fields are None until something names them."""

    text: str
    position: int = 0
    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    millisecond: int | None = None
    weekday: int | None = None
    epoch: int | None = None
    zone: Zone | None = None
    #: the format allows more text after this
    open_end: bool = False

    def take(self, pattern: str, what: str) -> str:
        match = re.compile(pattern, re.ASCII).match(self.text, self.position)
        if match is None:
            raise _Mismatch(f"{what} could not be found")
        self.position = match.end()
        return match.group()

    def number(self, digits: int, what: str) -> int:
        return int(self.take(rf"[0-9]{{1,{digits}}}", what))

    def exactly(self, digits: int, what: str) -> int:
        return int(self.take(rf"[0-9]{{{digits}}}", what))

    def reset(self, *, all_fields: bool) -> None:
        """`!` takes everything back to the epoch, `|` only what was not named."""
        zero = {"year": 1970, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "millisecond": 0}
        for name, value in zero.items():
            if all_fields or getattr(self, name) is None:
                setattr(self, name, value)
        if all_fields:
            self.zone = self.weekday = self.epoch = None


def _read_short_year(reading: _Reading) -> None:
    year = reading.exactly(2, "A two digit year")
    reading.year = year + (2000 if year < 70 else 1900)


def _read_month_name(reading: _Reading) -> None:
    reading.month = find_month(reading.take("[A-Za-z]+", "A textual month"))
    if reading.month is None:
        raise _Mismatch("A textual month could not be found")


def _read_weekday(reading: _Reading) -> None:
    reading.weekday = find_weekday(reading.take("[A-Za-z]+", "A textual day"))
    if reading.weekday is None:
        raise _Mismatch("A textual day could not be found")


def _read_hour(reading: _Reading) -> None:
    reading.hour = reading.number(2, "A two digit hour")


def _read_hour_12(reading: _Reading) -> None:
    reading.hour = reading.number(2, "A two digit hour")
    if not 1 <= reading.hour <= 12:
        raise _Mismatch("Hour cannot be higher than 12")


def _read_half(reading: _Reading) -> None:
    if reading.hour is None:
        raise _Mismatch("Meridian can only come after an hour has been found")
    afternoon = reading.take(r"[AaPp]\.?[Mm]\.?", "A meridian")[0] in "pP"
    reading.hour = reading.hour % 12 + (12 if afternoon else 0)


def _read_fraction(digits: int) -> Callable[[_Reading], None]:
    def read(reading: _Reading) -> None:
        text = reading.take(rf"[0-9]{{1,{digits}}}", "A fraction of a second")
        reading.millisecond = int(text.ljust(3, "0")[:3])

    return read


def _read_epoch(reading: _Reading) -> None:
    reading.epoch = int(reading.take(r"[+-]?[0-9]{1,19}", "A unix timestamp"))
    reading.zone = UTC_ZONE


def _read_zone(reading: _Reading) -> None:
    text = reading.take(r"\(?(?:(?:GMT)?[+-][0-9:]+|[A-Za-z][A-Za-z0-9/_+-]*)\)?", "A timezone").strip("()")
    reading.zone = find_zone(text)
    if reading.zone is None:
        raise _Mismatch("The timezone could not be found in the database")


def _read_year_day(reading: _Reading) -> None:
    day = reading.number(3, "A three digit day-of-year")
    if reading.year is None:
        raise _Mismatch("A 'day of year' can only come after a year has been found")
    reading.year, reading.month, reading.day = date_of_days(days_of_date(reading.year, 1, 1) + day)


def _setter(name: str, digits: int, what: str, *, exact: bool = False) -> Callable[[_Reading], None]:
    def read(reading: _Reading) -> None:
        setattr(reading, name, reading.exactly(digits, what) if exact else reading.number(digits, what))

    return read


def _skip(pattern: str, what: str) -> Callable[[_Reading], None]:
    def read(reading: _Reading) -> None:
        reading.take(pattern, what)

    return read


_READERS: dict[str, Callable[[_Reading], None]] = {
    **dict.fromkeys("dj", _setter("day", 2, "A two digit day")),
    **dict.fromkeys("mn", _setter("month", 2, "A two digit month")),
    **dict.fromkeys("Dl", _read_weekday),
    **dict.fromkeys("MF", _read_month_name),
    **dict.fromkeys("GH", _read_hour),
    **dict.fromkeys("gh", _read_hour_12),
    **dict.fromkeys("aA", _read_half),
    **dict.fromkeys("eTOPp", _read_zone),
    "S": _skip("(?i:st|nd|rd|th)", "A day suffix"),
    "z": _read_year_day,
    "y": _read_short_year,
    "Y": _setter("year", 4, "A four digit year"),
    "i": _setter("minute", 2, "A two digit minute", exact=True),
    "s": _setter("second", 2, "A two digit second", exact=True),
    "u": _read_fraction(6),
    "v": _read_fraction(3),
    "U": _read_epoch,
    " ": _skip(r"[ \t]*", "A blank"),
    "#": _skip(r"[;:/.,()-]", "A separation symbol"),
    "?": _skip(r"(?s:.)", "A character"),
    "*": _skip(r"[^\s,;:/.\\()0-9-]*", "Text"),
    "!": lambda reading: reading.reset(all_fields=True),
    "|": lambda reading: reading.reset(all_fields=False),
}


def parse_with_format(text: str, format: str, now: int, zone: str | None = None) -> int:
    """The timestamp of a text that has the form of a format. Raises when it has not.

    A zone in the text wins over the argument. Dates that do not exist carry over: February 30 is in March.
    """
    here = zone_of(zone)
    reading = _Reading(text)
    try:
        _read(reading, readable(format))
        return check_range(_instant(reading, now, here))
    except _Mismatch as error:
        raise XanoScriptError(
            f"Unable to parse time: {text[:60]}",
            hint=f'{error}; the format is "{format}", in the letters of PHP\'s date()',
        ) from None


def _read(reading: _Reading, format: str) -> None:
    letters = iter(format)
    for letter in letters:
        if letter == "+":
            reading.open_end = True
        elif letter in _READERS and not reading.open_end:
            _READERS[letter](reading)
        elif not reading.open_end:
            wanted = next(letters, "\\") if letter == "\\" else letter
            reading.take(re.escape(wanted), f'The separation symbol "{wanted}"')
    if reading.position < len(reading.text) and not reading.open_end:
        raise _Mismatch("Trailing data")


def _instant(reading: _Reading, now: int, here: Zone) -> int:
    if reading.epoch is not None:
        return reading.epoch * 1000 + (reading.millisecond or 0)
    clock = clock_at(now, here)
    year = clock.year if reading.year is None else reading.year
    month = clock.month if reading.month is None else reading.month
    day = clock.day if reading.day is None else reading.day
    time = [reading.hour, reading.minute, reading.second, reading.millisecond]
    if time == [None, None, None, None]:
        hour, minute, second, millisecond = clock.hour, clock.minute, clock.second, clock.millisecond
    else:
        hour, minute, second, millisecond = (part or 0 for part in time)
    days = days_of_date(year, month, day)
    if reading.weekday is not None:
        days += (reading.weekday - weekday_of_days(days)) % 7
    local = days * DAY + hour * 3600 + minute * 60 + second
    return (reading.zone or here).instant_of(local) * 1000 + millisecond
