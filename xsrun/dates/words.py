"""The words of time texts, and the pieces of regular expressions that tokens are put together from."""

from __future__ import annotations

import re
from collections.abc import Iterable

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan I",
            "february feb II",
            "march mar III",
            "april apr IV",
            "may V",
            "june jun VI",
            "july jul VII",
            "august aug VIII",
            "september sep sept IX",
            "october oct X",
            "november nov XI",
            "december dec XII",
        ),
        1,
    )
    for name in names.split()
}
_ROMAN = ("XII", "XI", "X", "IX", "VIII", "VII", "VI", "IV", "V", "III", "II", "I")
_DAY_NAMES = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
WEEKDAYS = {spelling: number for number, name in enumerate(_DAY_NAMES) for spelling in (name, name + "s", name[:3])}
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth", "sixth"),
    *("seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
)
AMOUNTS = {
    **{word: number for number, word in enumerate(_ORDINALS, 1)},
    "next": 1,
    "last": -1,
    "previous": -1,
    "this": 0,
}
#: unit -> (field of the phrase, how many of it)
UNITS: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), ("milliseconds", 1)),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), ("seconds", 1)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("minutes", 1)),
    **dict.fromkeys(("hour", "hours"), ("hours", 1)),
    **dict.fromkeys(("day", "days"), ("days", 1)),
    **dict.fromkeys(("week", "weeks"), ("days", 7)),
    **dict.fromkeys(("fortnight", "fortnights", "forthnight", "forthnights"), ("days", 14)),
    **dict.fromkeys(("month", "months"), ("months", 1)),
    **dict.fromkeys(("year", "years"), ("years", 1)),
}
#: Units below what a timestamp holds.
TOO_SMALL_UNITS = ("usec", "usecs", "microsecond", "microseconds", "µs", "µsec", "µsecs")


def _any_of(words: Iterable[str]) -> str:
    """An alternation that prefers the longest word; the case of letters does not matter."""
    return "(?i:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"


# Pieces of tokens; the longer alternative stands first ---------------------------------------------------------------

PIECES = {
    "h24": r"(?:2[0-4]|[01]?[0-9])",
    "h24lz": r"(?:2[0-4]|[01][0-9])",
    "h12": r"(?:1[0-2]|0?[1-9])",
    "min": r"[0-5]?[0-9]",
    "minlz": r"[0-5][0-9]",
    "sec": r"(?:60|[0-5]?[0-9])",
    "seclz": r"(?:60|[0-5][0-9])",
    "mer": r"(?:[AaPp]\.?[Mm]\.?)(?:[\t ]|$)",
    "month": r"(?:1[0-2]|0?[0-9])",
    "monthlz": r"(?:1[0-2]|0[0-9])",
    "day": r"(?:(?:3[01]|[0-2]?[0-9])(?:st|nd|rd|th)?)",
    "daylz": r"(?:3[01]|[0-2][0-9])",
    "year": r"[0-9]{1,4}",
    "year4": r"[0-9]{4}",
    "yearday": r"(?:36[0-6]|3[0-5][0-9]|[12][0-9]{2}|0[1-9][0-9]|00[1-9])",
    "week": r"(?:5[0-3]|[1-4][0-9]|0[1-9])",
    "monthname": _any_of(name for name in MONTHS if name.islower()),
    "monthtext": f"(?:{_any_of(name for name in MONTHS if name.islower())}|{'|'.join(_ROMAN)})",
    "monthabbr": _any_of(name for name in MONTHS if name.islower() and (len(name) < 4 or name == "sept")),
    "weekday": _any_of(WEEKDAYS),
    "unit": _any_of([*UNITS, *TOO_SMALL_UNITS, *WEEKDAYS, "weekday", "weekdays"]),
    "ordinal": _any_of(AMOUNTS),
    "which": _any_of(["next", "last", "previous", "this"]),
    "gap": r"[ .\t-]*",
    "comma": r"[,.stndrh\t ]+",
}
PIECES["cor"] = r"(?:GMT)?[+-](?:{h24lz}:{minlz}:{seclz}|{h24lz}{minlz}{seclz}|{h24}(?::?{min}|:)?)".format_map(PIECES)


def find_month(text: str) -> int | None:
    """The number of a month by its English name or abbreviation."""
    return MONTHS.get(text.lower())


def find_weekday(text: str) -> int | None:
    """The number of a weekday by its English name or abbreviation; 0 is Sunday."""
    return WEEKDAYS.get(text.lower())


def month_number(text: str) -> int:
    return MONTHS.get(text.lower()) or MONTHS[text.upper()]
