"""Filters of timestamps: milliseconds since the epoch, UTC."""

from __future__ import annotations

from datetime import timedelta

from xsrun.database.date_parts import DATE_PARTS
from xsrun.database.operators.declare import operator
from xsrun.dates.calendar import EPOCH, moment, months_later


def _part(name: str, part: str, what: str) -> None:
    """Declare a filter that gives a part of a timestamp."""
    read = DATE_PARTS[part]

    def part_of(milliseconds: int) -> float | None:
        when = moment(milliseconds)
        return None if when is None else read(when)

    part_of.__doc__ = what
    part_of.__name__ = part_of.__qualname__ = name
    text = f"extract({part} FROM to_timestamp({{0}} / 1000.0) AT TIME ZONE 'UTC')::bigint"
    operator(name, "int", result="int", postgres=text)(part_of)


_part("timestamp_year", "year", "The year.")
_part("timestamp_month", "month", "The month, 1 to 12.")
_part("timestamp_week", "week", "The ISO week, 1 to 53.")
_part("timestamp_day_of_month", "day", "The day of the month, 1 to 31.")
_part("timestamp_day_of_week", "dow", "The day of the week, 0 for Sunday to 6.")
_part("timestamp_day_of_year", "doy", "The day of the year, 1 to 366.")
_part("timestamp_hour", "hour", "The hour, 0 to 23.")
_part("timestamp_minute", "minute", "The minute, 0 to 59.")


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
    _shift(f"timestamp_add_{_unit}", 1, _milliseconds, f"A timestamp a number of {_unit} later")
    _shift(f"timestamp_subtract_{_unit}", -1, _milliseconds, f"A timestamp a number of {_unit} earlier")
_shift_months("timestamp_add_months", 1, 1, "A timestamp a number of months later", 1703980800000)
_shift_months("timestamp_subtract_months", -1, 1, "A timestamp a number of months earlier", 1693440000000)
_shift_months("timestamp_add_years", 1, 12, "A timestamp a number of years later", 1761868800000)
_shift_months("timestamp_subtract_years", -1, 12, "A timestamp a number of years earlier", 1635638400000)
