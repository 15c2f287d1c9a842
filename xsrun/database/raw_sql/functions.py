"""PostgreSQL functions that SQLite lacks, for the SQL that programs write themselves (see `translation`).

Times are texts here, `YYYY-MM-DD HH:MM:SS`, as PostgreSQL prints them; UTC.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from xsrun.database import postgres_text
from xsrun.database.aggregates import OrderedValues
from xsrun.database.columns import decode_loose
from xsrun.database.date_parts import DATE_PARTS
from xsrun.database.jsonb import json_text_of, member
from xsrun.database.operators.declare import null_safe
from xsrun.dates.calendar import moment, months_later
from xsrun.running.context import system_clock
from xsrun.values.conversion import Value, from_json, to_json

_UNITS = {
    "microsecond": timedelta(microseconds=1),
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200}
_INTERVAL_PART = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)
_CLOCK = re.compile(r"([+-]?)(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?")


def parse_time(value: Value) -> datetime | None:
    """A text of a date or time; None for any other."""
    if value.__class__ is not str:
        return None
    text = value.strip().removesuffix("Z").replace("T", " ")
    text = re.sub(r"[+-]00(:?00)?$", "", text)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def time_text(when: datetime | None) -> str | None:
    """A time as PostgreSQL prints it."""
    if when is None:
        return None
    return when.isoformat(" ").rstrip("0").rstrip(".") if when.microsecond else when.isoformat(" ")


def now() -> str | None:
    """The time of the machine."""
    return time_text(moment(system_clock()))


def to_timestamp(seconds: float | None) -> str | None:
    """The time that is this many seconds after 1970."""
    return None if seconds is None else time_text(moment(round(seconds * 1000)))


def date_of(value: Value) -> str | None:
    """The day of a time."""
    when = parse_time(value)
    return when.date().isoformat() if when is not None else None


def date_part(part: str, value: Value) -> float | None:
    """`extract(part from value)`."""
    when = parse_time(value)
    if when is None:
        return None
    read = DATE_PARTS.get(part.lower())
    number = read(when) if read is not None else None
    return int(number) if number is not None and number == int(number) else number


def date_trunc(unit: str, value: Value) -> str | None:
    """`date_trunc(unit, value)`."""
    when = parse_time(value)
    if when is None:
        return None
    unit = unit.lower()
    day = when.replace(hour=0, minute=0, second=0, microsecond=0)
    cuts: dict[str, Callable[[], datetime]] = {
        "second": lambda: when.replace(microsecond=0),
        "minute": lambda: when.replace(second=0, microsecond=0),
        "hour": lambda: when.replace(minute=0, second=0, microsecond=0),
        "day": lambda: day,
        "week": lambda: day - timedelta(days=day.weekday()),
        "month": lambda: day.replace(day=1),
        "quarter": lambda: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "year": lambda: day.replace(month=1, day=1),
    }
    cut = cuts.get(unit)
    return time_text(cut()) if cut is not None else None


def shifted(value: Value, interval: Value, sign: int) -> str | None:
    """A time plus or minus an interval like `1 day 02:00`."""
    when = parse_time(value)
    if when is None or interval.__class__ is not str:
        return None
    months, delta = 0.0, timedelta()
    for number, word in _INTERVAL_PART.findall(_CLOCK.sub(" ", interval)):
        unit = word.lower().removesuffix("s")
        unit = {"min": "minute", "sec": "second", "hr": "hour", "mon": "month", "yr": "year"}.get(unit, unit)
        if unit in _MONTHS:
            months += float(number) * _MONTHS[unit]
        elif unit in _UNITS:
            delta += float(number) * _UNITS[unit]
    for minus, hours, minutes, seconds in _CLOCK.findall(interval):
        part = timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds or 0))
        delta += -part if minus == "-" else part
    later = months_later(when, sign * int(months))
    return None if later is None else time_text(later + sign * delta)


_PATTERNS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MM": "%m",
    "Month": "%B",
    "Mon": "%b",
    "DD": "%d",
    "Day": "%A",
    "Dy": "%a",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "AM": "%p",
    "PM": "%p",
}
_PATTERN = re.compile("|".join(sorted(_PATTERNS, key=len, reverse=True)))


def to_char(value: Value, pattern: str) -> str | None:
    """`to_char(time, pattern)`; numbers come as plain text."""
    when = parse_time(value)
    if when is None:
        return (
            None if value is None else postgres_text.text_of(value) if value.__class__ in (int, float) else str(value)
        )
    return _PATTERN.sub(lambda match: when.strftime(_PATTERNS[match.group(0)]), pattern)


def split_part(text: str | None, separator: str, number: int) -> str | None:
    """`split_part(text, separator, n)`, counted from 1, from the end when negative."""
    if text is None:
        return None
    parts = text.split(separator) if separator else [text]
    index = number - 1 if number > 0 else number
    return parts[index] if -len(parts) <= index < len(parts) else ""


def regexp_replace(text: str | None, pattern: str, replacement: str, flags: str = "") -> str | None:
    """`regexp_replace`: the first match, or all with the flag g."""
    if text is None:
        return None
    template = re.sub(r"\\(\d|&)", lambda m: "\\g<0>" if m.group(1) == "&" else f"\\g<{m.group(1)}>", replacement)
    count = 0 if "g" in flags else 1
    return postgres_text.with_expression(
        pattern, "i" in flags, lambda found, seconds: str(found.sub(template, text, count=count, timeout=seconds))
    )


def regexp_split(text: str | None, pattern: str) -> str | None:
    """`regexp_split_to_array` as a JSON list."""
    if text is None:
        return None
    parts = postgres_text.with_expression(
        pattern, False, lambda found, seconds: found.split(text, timeout=seconds, concurrent=False)
    )
    return to_json(parts)


def array_item(items: str | None, number: int) -> Value:
    """An element of a JSON list, counted from 1."""
    values = from_json(items) if items is not None else []
    item = values[number - 1] if 0 < number <= len(values) else None
    return to_json(item) if item.__class__ in (list, dict) else item


def array_length(items: str | None) -> int | None:
    """How many elements a JSON list has; null when it is empty."""
    return len(from_json(items)) or None if items is not None else None


def concat(*parts: Value) -> str:
    """`concat`: nulls are nothing."""
    return "".join(_shown(part) for part in parts if part is not None)


def concat_ws(separator: str, *parts: Value) -> str:
    """`concat_ws`: joined by a separator, nulls left out."""
    return separator.join(_shown(part) for part in parts if part is not None)


def _shown(value: Value) -> str:
    return value if value.__class__ is str else postgres_text.text_of(value)


def path_of(path: str) -> list[str]:
    """The keys of a path like `{a,b,0}`."""
    return [key.strip().strip('"') for key in path.strip("{} ").split(",") if key.strip()]


def at_path(value: str | None, path: str) -> str | None:
    """`value #> path`: the JSON there."""
    found = member(from_json(value), path_of(path)) if value is not None else None
    return None if found is None else to_json(found)


def text_at_path(value: str | None, path: str) -> str | None:
    """`value #>> path`: the text there."""
    found = at_path(value, path)
    return None if found is None else json_text_of(found)


def loose_value(value: Value) -> Value:
    """The value in a column of an undeclared table; lists and objects stay JSON."""
    found = decode_loose(value)
    return value if found.__class__ in (list, dict) else found


def times_interval(number: float | None, interval: str) -> str | None:
    """An interval multiplied by a number."""
    if number is None:
        return None
    parts = _INTERVAL_PART.findall(interval)
    return " ".join(f"{float(amount) * number} {unit}" for amount, unit in parts)


def series(first: int, last: int, step: int = 1) -> str:
    """The numbers of `generate_series` as a JSON list."""
    return to_json(list(range(first, last + (1 if step > 0 else -1), step)))


def boolean(value: Value) -> bool | None:
    """`value::boolean`."""
    if value.__class__ is str:
        return value.strip().lower() in ("true", "t", "yes", "y", "on", "1")
    return None if value is None else bool(value)


def list_element(value: Value, kind: str) -> str | None:
    """An element of `jsonb_array_elements` as JSON; json_each gives scalars as they are."""
    if kind in ("object", "array"):
        return str(value)
    return "true" if kind == "true" else "false" if kind == "false" else to_json(value)


def json_kind(value: str | None) -> str | None:
    """`jsonb_typeof`."""
    if value is None:
        return None
    kinds = {"dict": "object", "list": "array", "str": "string", "bool": "boolean", "NoneType": "null"}
    return kinds.get(type(from_json(value)).__name__, "number")


class OrderedList(OrderedValues):
    """`json_agg(value ORDER BY key)`."""

    def step(self, value: Value, is_json: int, key: Value, descending: int) -> None:
        self.descending = bool(descending)
        self.entries.append((key, value if is_json and value is not None else to_json(value)))

    def finalize(self) -> str:
        return f"[{','.join(self.ordered())}]"


class StringAgg(OrderedValues):
    """`string_agg(text, separator ORDER BY key)`."""

    separator = ""

    def step(self, value: Value, separator: str, key: Value = 0, descending: int = 0) -> None:
        if value is not None:
            self.descending, self.separator = bool(descending), separator
            self.entries.append((key, _shown(value)))

    def finalize(self) -> str | None:
        return self.separator.join(self.ordered()) if self.entries else None


#: name -> (number of operands, class); -1 for any number.
AGGREGATES: dict[str, tuple[int, type]] = {"xs_sql_ordered": (4, OrderedList), "xs_sql_string_agg": (-1, StringAgg)}


#: name -> (number of operands, function); -1 for any number.
FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "xs_sql_now": (0, now),
    "xs_sql_to_timestamp": (1, to_timestamp),
    "xs_sql_date": (1, date_of),
    "xs_sql_time": (1, lambda value: time_text(parse_time(value))),
    "xs_sql_part": (2, date_part),
    "xs_sql_trunc": (2, date_trunc),
    "xs_sql_shift": (3, shifted),
    "xs_sql_to_char": (2, to_char),
    "xs_sql_split_part": (3, split_part),
    "xs_sql_replace": (-1, regexp_replace),
    "xs_sql_split": (2, regexp_split),
    "xs_sql_item": (2, array_item),
    "xs_sql_array_length": (-1, lambda items, _dimension=1: array_length(items)),
    "xs_sql_left": (2, null_safe(lambda text, n: text[:n] if n else "")),
    "xs_sql_right": (2, null_safe(lambda text, n: text[-n:] if n > 0 else text[abs(n) :] if n else "")),
    "xs_sql_initcap": (1, null_safe(lambda text: re.sub(r"[^\W_]+", lambda m: m.group(0).capitalize(), text))),
    "xs_sql_lpad": (-1, lambda text, n, fill=" ": None if text is None else text[:n].rjust(n, fill)),
    "xs_sql_rpad": (-1, lambda text, n, fill=" ": None if text is None else text[:n].ljust(n, fill)),
    "xs_sql_reverse": (1, null_safe(lambda text: text[::-1])),
    "xs_sql_repeat": (2, null_safe(lambda text, n: text * max(n, 0))),
    "xs_sql_position": (2, null_safe(lambda needle, text: text.find(needle) + 1)),
    "xs_sql_md5": (1, null_safe(lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())),
    "xs_sql_uuid": (0, lambda: str(uuid.uuid4())),
    "xs_sql_strftime": (2, lambda value, form: (when := parse_time(value)) and when.strftime(form)),
    "xs_sql_string_list": (2, null_safe(lambda text, separator: to_json(text.split(separator)))),
    "xs_sql_path": (2, at_path),
    "xs_sql_path_text": (2, text_at_path),
    "xs_sql_value": (1, loose_value),
    "xs_sql_times": (2, times_interval),
    "xs_sql_series": (-1, series),
    "xs_sql_typeof": (1, json_kind),
    "xs_sql_boolean": (1, boolean),
    "xs_sql_element": (2, list_element),
    "xs_sql_concat": (-1, concat),
    "xs_sql_concat_ws": (-1, concat_ws),
}

#: How long the text or list is that a function of these values gives, for those that make long ones of short ones.
SIZES: dict[str, Callable[..., int]] = {
    "xs_sql_repeat": lambda text, n: len(text) * n,
    "xs_sql_lpad": lambda _text, n, _fill=" ": n,
    "xs_sql_rpad": lambda _text, n, _fill=" ": n,
    "xs_sql_series": lambda first, last, step=1: (last - first) // (step or 1),
}
#: What a function raises for values of a kind that it does not take.
MISUSE = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)


def sized(name: str, function: Callable[..., Value], check_size: Callable[[int], None]) -> Callable[..., Value]:
    """A function that has the size of what it is to make tested before."""
    size = SIZES.get(name)
    if size is None:
        return function

    def checked(*values: Value) -> Value:
        if None not in values:
            check_size(size(*values))
        return function(*values)

    return checked
