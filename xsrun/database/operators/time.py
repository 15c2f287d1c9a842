"""Filters of time stamps: milliseconds since the epoch, UTC."""

from __future__ import annotations

from datetime import timedelta

from xsrun.database.operators.declare import operator
from xsrun.dates.calendar import EPOCH, moment, months_later

_PART = "extract({part} FROM to_timestamp({{0}} / 1000.0) AT TIME ZONE 'UTC')::bigint"


def _part(part: str) -> str:
    return _PART.format(part=part)


@operator("timestamp_year", "int", result="int", postgres=_part("year"))
def timestamp_year(milliseconds: int) -> int | None:
    """The year."""
    when = moment(milliseconds)
    return None if when is None else when.year


@operator("timestamp_month", "int", result="int", postgres=_part("month"))
def timestamp_month(milliseconds: int) -> int | None:
    """The month, 1 to 12."""
    when = moment(milliseconds)
    return None if when is None else when.month


@operator("timestamp_week", "int", result="int", postgres=_part("week"))
def timestamp_week(milliseconds: int) -> int | None:
    """The ISO week, 1 to 53."""
    when = moment(milliseconds)
    return None if when is None else when.isocalendar().week


@operator("timestamp_day_of_month", "int", result="int", postgres=_part("day"))
def timestamp_day_of_month(milliseconds: int) -> int | None:
    """The day of the month, 1 to 31."""
    when = moment(milliseconds)
    return None if when is None else when.day


@operator("timestamp_day_of_week", "int", result="int", postgres=_part("dow"))
def timestamp_day_of_week(milliseconds: int) -> int | None:
    """The day of the week, 0 for Sunday to 6."""
    when = moment(milliseconds)
    return None if when is None else when.isoweekday() % 7


@operator("timestamp_day_of_year", "int", result="int", postgres=_part("doy"))
def timestamp_day_of_year(milliseconds: int) -> int | None:
    """The day of the year, 1 to 366."""
    when = moment(milliseconds)
    return None if when is None else when.timetuple().tm_yday


@operator("timestamp_hour", "int", result="int", postgres=_part("hour"))
def timestamp_hour(milliseconds: int) -> int | None:
    """The hour, 0 to 23."""
    when = moment(milliseconds)
    return None if when is None else when.hour


@operator("timestamp_minute", "int", result="int", postgres=_part("minute"))
def timestamp_minute(milliseconds: int) -> int | None:
    """The minute, 0 to 59."""
    when = moment(milliseconds)
    return None if when is None else when.minute


def _epoch(name: str, unit: int, what: str, example: int) -> None:
    """Declare a filter that counts whole units since 1970."""
    text = f"(floor({{0}} / {unit}.0))::bigint" if unit > 1 else "{0}"

    def count(milliseconds: int) -> int:
        return milliseconds // unit

    count.__doc__ = f"""{what} since 1970.

    >>> db.add "visit" {{ data = {{at: 1698710400000}} }}
    ... db.query "visit" {{
    ...   where = ($db.visit.at|{name}) == {example}
    ...   return = {{type: "count"}}
    ... }} as $count
    {{"count": 1}}
    """
    count.__name__ = count.__qualname__ = name
    operator(name, "int", result="int", postgres=text)(count)


_epoch("timestamp_epoch_ms", 1, "Milliseconds", 1698710400000)
_epoch("timestamp_epoch_sec", 1_000, "Whole seconds", 1698710400)
_epoch("timestamp_epoch_seconds", 1_000, "Whole seconds", 1698710400)
_epoch("timestamp_epoch_minute", 60_000, "Whole minutes", 28311840)
_epoch("timestamp_epoch_hour", 3_600_000, "Whole hours", 471864)
_epoch("timestamp_epoch_day", 86_400_000, "Whole days", 19661)


def _shift(name: str, sign: int, unit: int, what: str) -> None:
    """Declare a filter that adds or subtracts a fixed unit of time."""
    signed = sign * unit

    def shift(milliseconds: int, amount: int) -> int:
        return milliseconds + amount * signed

    shift.__doc__ = _shift_text(name, what, 1698710400000 + 2 * signed)
    shift.__name__ = shift.__qualname__ = name
    text = f"({{0}} + {{1}} * {signed})"
    operator(name, "int", "int", result="timestamp", postgres=text, sqlite=text, defaults=(1,))(shift)


def _shift_months(name: str, sign: int, months: int, what: str, expected: int) -> None:
    """Declare a filter that adds or subtracts months or years, to the last day of a shorter month."""
    text = (
        "(extract(epoch FROM ((to_timestamp({0} / 1000.0) AT TIME ZONE 'UTC') "
        f"+ make_interval(months => ({{1}} * {sign * months})::int)) AT TIME ZONE 'UTC') * 1000)::bigint"
    )

    def shift(milliseconds: int, amount: int) -> int | None:
        when = moment(milliseconds)
        later = None if when is None else months_later(when, amount * months * sign)
        return None if later is None else (later - EPOCH) // timedelta(milliseconds=1)

    shift.__doc__ = _shift_text(name, what, expected)
    shift.__name__ = shift.__qualname__ = name
    operator(name, "int", "int", result="timestamp", postgres=text, defaults=(1,))(shift)


def _shift_text(name: str, what: str, expected: int) -> str:
    return f"""{what}; one when no number is given.

    >>> db.add "visit" {{ data = {{at: 1698710400000}} }}
    ... db.query "visit" {{
    ...   where = ($db.visit.at|{name}:2) == {expected}
    ...   return = {{type: "count"}}
    ... }} as $count
    {{"count": 1}}
    """


for _unit, _milliseconds in (("seconds", 1_000), ("minutes", 60_000), ("hours", 3_600_000), ("days", 86_400_000)):
    _shift(f"timestamp_add_{_unit}", 1, _milliseconds, f"A time stamp so many {_unit} later")
    _shift(f"timestamp_subtract_{_unit}", -1, _milliseconds, f"A time stamp so many {_unit} earlier")
_shift_months("timestamp_add_months", 1, 1, "A time stamp so many months later", 1703980800000)
_shift_months("timestamp_subtract_months", -1, 1, "A time stamp so many months earlier", 1693440000000)
_shift_months("timestamp_add_years", 1, 12, "A time stamp so many years later", 1761868800000)
_shift_months("timestamp_subtract_years", -1, 12, "A time stamp so many years earlier", 1635638400000)
