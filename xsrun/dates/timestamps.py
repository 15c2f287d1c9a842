"""Timestamps: reading them from texts, shifting and formatting them (semantics 2.7).

A timestamp is an int, milliseconds since the epoch, UTC. Zones are given by name and default to UTC. What cannot be
read raises `XanoScriptError`.
"""

from __future__ import annotations

import math

from xsrun.dates.phrase_fields import Phrase, PhraseError
from xsrun.dates.phrases import parse_phrase
from xsrun.dates.zones import DAY, Zone, date_of_days, days_of_date, weekday_of_days, zone_of
from xsrun.errors import XanoScriptError
from xsrun.hints import NamedTuple
from xsrun.values.conversion import MAX_INT, MIN_INT, Value, describe, parse_number, readable


class Clock(NamedTuple):
    """What calendar and clock show in a zone; `days` are counted from 1970-01-01."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    millisecond: int
    days: int


def clock_at(milliseconds: int, zone: Zone) -> Clock:
    """What calendar and clock of the zone show at an instant."""
    seconds, millisecond = divmod(milliseconds, 1000)
    days, second = divmod(seconds + zone.offset_at(seconds).seconds, DAY)
    return Clock(*date_of_days(days), second // 3600, second // 60 % 60, second % 60, millisecond, days)


def check_range(milliseconds: int) -> int:
    """The timestamp itself; raises when it does not fit 64 bits."""
    if not MIN_INT <= milliseconds <= MAX_INT:
        raise XanoScriptError("The time is out of range")
    return milliseconds


def refuse(text: str, reason: str = "") -> XanoScriptError:
    """The error for a text that is not a time."""
    shown = text if len(text) <= 60 else text[:57] + "..."
    return XanoScriptError(
        f"Unable to parse time: {shown}",
        hint=f"{reason}; write an ISO 8601 time, or a phrase such as +7 days or first monday of next month".lstrip(
            "; "
        ),
    )


def parse_timestamp_value(value: Value, now: int, zone: str | None = None) -> int:
    """The timestamp of a value that stands for one: a number, numeric text, a time text or a relative phrase.

    Numbers are milliseconds as they are. `now` (milliseconds) is what phrases count from; a fraction of a second that
    is written in the text is dropped (semantics 3.3).
    """
    if value.__class__ is int:
        return check_range(value)
    if value.__class__ is float and math.isfinite(value):
        return check_range(int(value))
    if value.__class__ is not str:
        raise XanoScriptError("Unable to parse time", hint=f"the value is {describe(value)}")
    number = parse_number(value)
    if number is not None and math.isfinite(number):
        return check_range(int(number))
    return time_of_text(value, now, zone)


def time_of_text(text: str, now: int, zone: str | None = None) -> int:
    """The timestamp of a time text or relative phrase, counted from `now`, as PHP's strtotime.

    A date without a time is midnight; a phrase keeps the time of day of `now` unless it says otherwise.
    """
    here, text = zone_of(zone), readable(text)
    if text == "now":  # by far the most frequent one, and the table of tokens is costly to make
        return now
    try:
        phrase = parse_phrase(text)
    except PhraseError as error:
        raise refuse(text, str(error)) from None
    fold = None if phrase.has_date or phrase.hour is not None else _season(here, now)
    return _lay_over(phrase, now, here, date_is_midnight=True, fold=fold)


def shift(milliseconds: int, text: str, zone: str | None = None) -> int:
    """A timestamp moved by a phrase, as PHP's DateTime::modify: a date in the phrase keeps the time of day."""
    here, text = zone_of(zone), readable(text)
    try:
        phrase = parse_phrase(text)
    except PhraseError as error:
        raise refuse(text, str(error)) from None
    fold = _season(here, milliseconds)
    return _lay_over(phrase, milliseconds, here, date_is_midnight=phrase.zone is not None, fold=fold)


def _season(zone: Zone, milliseconds: int) -> int:
    """Which of two equal times on the clock is meant after a shift: that of the season the shift starts in."""
    return 0 if zone.offset_at(milliseconds // 1000).summer else 1


def _lay_over(phrase: Phrase, base: int, here: Zone, *, date_is_midnight: bool, fold: int | None) -> int:
    clock = clock_at(base, here)
    year = clock.year if phrase.year is None else phrase.year
    month = clock.month if phrase.month is None else phrase.month
    day = clock.day if phrase.day is None else phrase.day
    if phrase.hour is not None:
        second = phrase.hour * 3600 + (phrase.minute or 0) * 60 + (phrase.second or 0)
        millisecond = 0
    elif phrase.has_date and date_is_midnight:
        second, millisecond = 0, 0
    else:
        second = clock.hour * 3600 + clock.minute * 60 + clock.second
        millisecond = 0 if phrase.year is not None and date_is_midnight else clock.millisecond
    zone = phrase.zone or here
    days, second = divmod(_first_day(phrase, year, month, day) * DAY + second, DAY)
    # hours and less move the clock on the wall, not the instant: over a clock change PHP 8 counts like that
    second += phrase.hours * 3600 + phrase.minutes * 60 + phrase.seconds
    days, second = divmod(_move_days(phrase, days) * DAY + second, DAY)
    if phrase.working_days is not None:
        days = _move_working_days(days, phrase.working_days)
    return check_range(zone.instant_of(days * DAY + second, fold) * 1000 + millisecond + phrase.milliseconds)


def _first_day(phrase: Phrase, year: int, month: int, day: int) -> int:
    """The day, counted from 1970-01-01, that the phrase's shifts start from; 24:00 then carries it on (as PHP does)."""
    if phrase.within_month is not None:
        day = 1
        month += phrase.months + (phrase.within_month == "last")
    if phrase.month_edge is not None:
        day, month = _edge(phrase.month_edge, month)
    return days_of_date(year, month, day)


def _edge(edge: str, month: int) -> tuple[int, int]:
    """Day and month of the first or last day of a month, which is the day before the first of the next one."""
    return (1, month) if edge == "first" else (0, month + 1)


def _move_days(phrase: Phrase, days: int) -> int:
    """The day that a phrase leads to, in PHP's order: the weekday, the other shifts, the edge of the month."""
    if phrase.weekday is not None:
        days = _move_to_weekday(phrase, days)
    year, month, day = date_of_days(days)
    day += phrase.days
    if phrase.within_month is None:
        month += phrase.months
    if phrase.month_edge is not None:
        day, month = _edge(phrase.month_edge, month)
    return days_of_date(year + phrase.years, month, day)


def _move_to_weekday(phrase: Phrase, days: int) -> int:
    wanted, current = phrase.weekday or 0, weekday_of_days(days)
    if phrase.weekday_mode == 2:
        if current == 0 and wanted != 0:
            wanted -= 7
        elif wanted == 0 and current != 0:
            wanted = 7
        return days - current + wanted
    if wanted < 0:
        return days - (7 - (-wanted - current))
    difference = wanted - current
    if (phrase.days < 0 and difference < 0) or (phrase.days >= 0 and difference <= -phrase.weekday_mode):
        difference += 7
    return days + difference


def _move_working_days(days: int, count: int) -> int:
    """Move by days from Monday to Friday. Whole weeks first, so that a huge count takes no longer."""
    weekday = weekday_of_days(days)
    weeks, rest = divmod(abs(count), 5)
    step = 1 if count > 0 else -1
    days += 7 * weeks * step
    if rest == 0:
        # stopping on a weekend: back to Friday, or on to Monday when going backwards or nowhere
        if count > 0:
            return days - {0: 2, 6: 1}.get(weekday, 0)
        return days + {6: 2, 0: 1}.get(weekday, 0)
    if count > 0:
        return days + rest + (1 if weekday == 6 else 2 if weekday + rest > 5 else 0)
    return days - rest - (1 if weekday == 0 else 2 if weekday > 0 and weekday - rest < 1 else 0)
