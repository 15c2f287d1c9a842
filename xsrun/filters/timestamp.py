"""Filters on timestamps: milliseconds since the epoch, UTC (semantics 2.7).

Formats are in the letters of PHP's date(), phrases are PHP's, time zones are named as in `Europe/Paris` and default to
UTC. `"now"` and relative phrases count from the time of the run.
"""

from __future__ import annotations

from xsrun.dates.formats import format_timestamp as format_time
from xsrun.dates.formats import parse_with_format
from xsrun.dates.timestamps import check_range, parse_timestamp_value, shift, time_of_text
from xsrun.errors import XanoScriptError
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.values.conversion import Value, parse_number


def _time(context: Context, value: Value, timezone: str | None = None) -> int:
    """The timestamp a filter is given: a number, numeric text or a time text; null is 0, as for any int."""
    return 0 if value is None else parse_timestamp_value(value, context.now(), timezone)


def _time_of_phrase(context: Context, value: Value, timezone: str | None) -> int:
    """Like `_time`, but a text is a time text first: `"20240131"` is a day, not a number of milliseconds."""
    if value.__class__ is not str:
        return parse_timestamp_value(value, context.now(), timezone)
    try:
        return time_of_text(value, context.now(), timezone)
    except XanoScriptError:
        if parse_number(value) is None:
            raise
        return parse_timestamp_value(value, context.now(), timezone)


@filter("to_timestamp", elementwise=True)
def to_timestamp(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """The timestamp of a time text or relative phrase, in milliseconds.

    The time zone applies to texts that name none. A number is taken as milliseconds already.

    >>> "2024-01-31 10:00"|to_timestamp
    1706695200000
    >>> "Jul 4 2024 10:30"|to_timestamp:"America/New_York"
    1720103400000
    """
    return _time_of_phrase(context, value, timezone)


@filter("to_ms", elementwise=True)
def to_ms(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """Milliseconds since the epoch of a time text or relative phrase.

    >>> "1970-01-01 00:00:02"|to_ms
    2000
    """
    return _time_of_phrase(context, value, timezone)


@filter("to_seconds", elementwise=True)
def to_seconds(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """Seconds since the epoch of a time text or relative phrase, rounded down.

    >>> "@86400"|to_seconds
    86400
    """
    return _time_of_phrase(context, value, timezone) // 1000


@filter("to_minutes", elementwise=True)
def to_minutes(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """Minutes since the epoch of a time text or relative phrase, rounded down.

    >>> "1970-01-01 01:00:59"|to_minutes
    60
    """
    return _time_of_phrase(context, value, timezone) // 60_000


@filter("to_hours", elementwise=True)
def to_hours(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """Hours since the epoch of a time text or relative phrase, rounded down.

    >>> "1970-01-02 05:59"|to_hours
    29
    """
    return _time_of_phrase(context, value, timezone) // 3_600_000


@filter("to_days", elementwise=True)
def to_days(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """Days since the epoch of a time text or relative phrase, rounded down; the days are those of UTC.

    >>> "1970-01-02 23:59"|to_days
    1
    """
    return _time_of_phrase(context, value, timezone) // 86_400_000


@filter("parse_timestamp")
def parse_timestamp(context: Context, value: str, format: str, timezone: str | None = "UTC") -> int:
    """The timestamp of a text that is written in a format. A text in another form is an error.

    What the format does not name comes from the current time: begin it with `!` to have zeros instead.

    >>> "15/08/2023 13:45"|parse_timestamp:"!d/m/Y H:i"
    1692107100000
    """
    return parse_with_format(str(value), format, context.now(), timezone)


@filter("format_timestamp")
def format_timestamp(context: Context, value: Value, format: str, timezone: str | None = "UTC") -> str:
    """A timestamp as text. A backslash keeps a letter of the format as it is.

    >>> 1692132330000|format_timestamp:"Y-m-d H:i:s":"America/New_York"
    "2023-08-15 16:45:30"
    """
    context.check_size(len(format) * 16)
    return format_time(_time(context, value), format, timezone)


@filter("transform_timestamp")
def transform_timestamp(context: Context, value: Value, format: str, timezone: str | None = "UTC") -> int:
    """A timestamp moved by a relative phrase, in the calendar of the time zone.

    January 31 and a month is in March: days that a month does not have carry over. A phrase with only a date keeps
    the time of day.

    >>> 1698710400000|transform_timestamp:"-7 days"
    1698105600000
    >>> 1706659200000|transform_timestamp:"first day of next month midnight"
    1706745600000
    """
    return shift(_time(context, value, timezone), format, timezone)


@filter("add_secs_to_timestamp")
def add_secs_to_timestamp(context: Context, value: Value, seconds: int) -> int:
    """A timestamp so many seconds later, or earlier for a negative number.

    >>> 1691527530000|add_secs_to_timestamp:60
    1691527590000
    """
    return check_range(_time(context, value) + seconds * 1000)


@filter("add_ms_to_timestamp")
def add_ms_to_timestamp(context: Context, value: Value, milliseconds: int) -> int:
    """A timestamp so many milliseconds later, or earlier for a negative number.

    >>> 1698710400000|add_ms_to_timestamp:-250
    1698710399750
    """
    return check_range(_time(context, value) + milliseconds)


@filter("ms_to_secs")
def ms_to_secs(value: int) -> int:
    """Milliseconds as whole seconds, rounded down.

    >>> 1500999|ms_to_secs
    1500
    """
    return value // 1000


@filter("secs_to_ms")
def secs_to_ms(value: int) -> int:
    """Seconds as milliseconds.

    >>> 1500|secs_to_ms
    1500000
    """
    return check_range(value * 1000)


def _part(context: Context, value: Value, letter: str, timezone: str | None) -> int:
    return int(format_time(_time(context, value), letter, timezone))


@filter("timestamp_year")
def timestamp_year(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """The year of a timestamp.

    >>> 1698710400000|timestamp_year
    2023
    """
    return _part(context, value, "Y", timezone)


@filter("timestamp_month")
def timestamp_month(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """The month of a timestamp, 1 to 12.

    >>> 1698710400000|timestamp_month
    10
    """
    return _part(context, value, "n", timezone)


@filter("timestamp_week")
def timestamp_week(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """The ISO week of a timestamp, 1 to 53; weeks begin on Monday.

    >>> 1698710400000|timestamp_week
    44
    """
    return _part(context, value, "W", timezone)


@filter("timestamp_hour")
def timestamp_hour(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """The hour of a timestamp, 0 to 23.

    >>> 1692132330000|timestamp_hour:"America/New_York"
    16
    """
    return _part(context, value, "G", timezone)


@filter("timestamp_minute")
def timestamp_minute(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """The minute of a timestamp, 0 to 59.

    >>> 1692132330000|timestamp_minute
    45
    """
    return _part(context, value, "i", timezone)


@filter("timestamp_day_of_month")
def timestamp_day_of_month(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """The day of the month of a timestamp, 1 to 31.

    >>> 1698710400000|timestamp_day_of_month
    31
    """
    return _part(context, value, "j", timezone)


@filter("timestamp_day_of_week")
def timestamp_day_of_week(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """The weekday of a timestamp, 0 for Sunday to 6 for Saturday.

    >>> 1698710400000|timestamp_day_of_week
    2
    """
    return _part(context, value, "w", timezone)


@filter("timestamp_day_of_year")
def timestamp_day_of_year(context: Context, value: Value, timezone: str | None = "UTC") -> int:
    """The day of the year of a timestamp, 1 to 366.

    >>> 1698710400000|timestamp_day_of_year
    304
    """
    return _part(context, value, "z", timezone) + 1
