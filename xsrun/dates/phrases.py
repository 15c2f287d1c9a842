"""Time texts and relative phrases, as PHP reads them: `2024-01-31 10:00`, `first monday of may 2025`, `+1 week ago`.

A text is cut into tokens; at each place the token that takes the most characters wins, an earlier one of the table
when two take the same. A token fills in fields of a `Phrase`, which is then laid over a base time. Where phrases have
quirks (`11:00 tomorrow` is midnight, `last day of` keeps the time), they are PHP's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

from xsrun.dates.phrase_fields import Phrase, PhraseError
from xsrun.dates.words import AMOUNTS, PIECES, TOO_SMALL_UNITS, UNITS, WEEKDAYS, month_number
from xsrun.dates.zones import UTC_ZONE, days_of_date, find_zone, weekday_of_days
from xsrun.hints import NamedTuple

#: Longer texts are not times.
MAX_LENGTH = 1000


# The table of tokens -------------------------------------------------------------------------------------------------

Handler = Callable[[Phrase, "re.Match[str]"], None]


class TokenRule(NamedTuple):
    pattern: re.Pattern[str]
    handle: Handler


_tokens: list[tuple[str, Handler]] = []


def _token(*patterns: str) -> Callable[[Handler], Handler]:
    """Declare a token of the table, in the order in which ties are decided. `<name>` in a pattern is a piece."""

    def declare(handle: Handler) -> Handler:
        _tokens.extend((pattern, handle) for pattern in patterns)
        return handle

    return declare


@cache
def _table() -> list[TokenRule]:
    def fill(pattern: str) -> re.Pattern[str]:
        return re.compile(re.sub(r"(?<!\?P)<(\w+)>", lambda match: PIECES[match.group(1)], pattern), re.ASCII)

    return [TokenRule(fill(pattern), handle) for pattern, handle in _tokens]


def _number(text: str) -> int:
    return int(text.rstrip("stndrh"))


def _year(text: str) -> int:
    """Two digits and fewer mean 1970 to 2069."""
    year = int(text)
    return year if len(text) > 3 or year >= 100 else year + (2000 if year < 70 else 1900)


def _hour12(text: str, meridian: str) -> int:
    hour = int(text) % 12
    return hour + 12 if meridian[0] in "pP" else hour


# Tokens --------------------------------------------------------------------------------------------------------------


@_token(r"(?i:yesterday)", r"(?i:tomorrow)")
def _neighbour_day(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.unset_time()
    phrase.days = 1 if match.group()[0] in "tT" else -1


@_token(r"(?i:now)")
def _now(phrase: Phrase, match: re.Match[str]) -> None:
    """Changes nothing."""


@_token(r"(?i:noon)")
def _noon(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.unset_time()
    phrase.set_time(12)


@_token(r"(?i:midnight|today)")
def _midnight(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.unset_time()


@_token(r"@(-?[0-9]{1,19})(?:\.[0-9]{0,6})?")
def _epoch(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_date(1970, 1, 1)
    phrase.has_date = False
    phrase.unset_time()
    phrase.seconds += int(match.group(1))
    phrase.set_zone(UTC_ZONE)


@_token(r"(?i:(first|last) day of)")
def _month_edge(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.month_edge = match.group(1).lower()


@_token(r"(?i:(back|front) of )(<h24>)(?:[ \t]*(<mer>))?")
def _quarter(phrase: Phrase, match: re.Match[str]) -> None:
    """`back of 7pm` is 19:15, `front of 7pm` 18:45."""
    which, hour, meridian = match.groups()
    phrase.unset_time()
    back = which.lower() == "back"
    at = _hour12(hour, meridian) if meridian else int(hour)
    phrase.set_time(at if back else at - 1, 15 if back else 45)


@_token(r"(<ordinal>)[ \t]+(<weekday>)[ \t]+(?i:of)")
def _weekday_of_month(phrase: Phrase, match: re.Match[str]) -> None:
    amount = AMOUNTS[match.group(1).lower()]
    phrase.unset_time()
    phrase.within_month = "first" if amount > 0 else "last"
    _shift_weekday(phrase, amount, match.group(2), 1 if amount > 0 else 0)


@_token(r"(<h12>)[ \t]*(<mer>)", r"(<h12>)[:.](<minlz>)[ \t]*(<mer>)", r"(<h12>)[:.](<min>)[:.](<seclz>)[ \t]*(<mer>)")
def _time_12(phrase: Phrase, match: re.Match[str]) -> None:
    hour, *parts, meridian = match.groups()
    phrase.set_time(_hour12(hour, meridian), *map(int, parts))


@_token(r"(<h12>):(<minlz>):(<seclz>)[:.][0-9]+(<mer>)")
def _time_with_parts(phrase: Phrase, match: re.Match[str]) -> None:
    hour, minute, second, meridian = match.groups()
    phrase.set_time(_hour12(hour, meridian), int(minute), int(second))


@_token(r"[tT](<h24>)", r"[tT]?(<h24>)[:.](<min>)", r"[tT]?(<h24>)[:.](<min>)[:.](<sec>)(?:\.[0-9]+)?")
def _time_24(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_time(*map(int, match.groups()))


@_token(r"[tT]?(<h24lz>)(<minlz>)")
def _four_digits(phrase: Phrase, match: re.Match[str]) -> None:
    """A time, or after a time a year."""
    if not phrase.has_time:
        phrase.set_time(int(match.group(1)), int(match.group(2)))
    else:
        phrase.year = int(match.group(1) + match.group(2))


@_token(r"[tT]?(<h24lz>)(<minlz>)(<seclz>)")
def _six_digits(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_time(*map(int, match.groups()))


@_token(r"(<month>)/(<day>)(?:/(<year>))?")
def _american(phrase: Phrase, match: re.Match[str]) -> None:
    month, day, year = match.groups()
    phrase.set_date(_year(year) if year else None, int(month), _number(day))


@_token(r"([+-]?<year4>)-(<monthlz>)-(<daylz>)", r"(<year4>)/(<monthlz>)/(<daylz>)/?", r"(<year4>)/(<month>)/(<day>)")
def _year_month_day(phrase: Phrase, match: re.Match[str]) -> None:
    year, month, day = match.groups()
    phrase.set_date(int(year), int(month), _number(day))


@_token(r"([0-9]{2})-(<monthlz>)-(<daylz>)", r"(<year>)-(<month>)-(<day>)")
def _short_year_month_day(phrase: Phrase, match: re.Match[str]) -> None:
    year, month, day = match.groups()
    phrase.set_date(_year(year), int(month), _number(day))


@_token(r"([+-][0-9]{5,19})-(<monthlz>)-(<daylz>)")
def _far_date(phrase: Phrase, match: re.Match[str]) -> None:
    year, month, day = match.groups()
    phrase.set_date(int(year), int(month), int(day))


@_token(r"(<year4>)-(<month>)")
def _year_month(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_date(int(match.group(1)), int(match.group(2)), 1)


@_token(r"(<day>)<gap>(<monthtext>)<gap>(<year>)")
def _day_month_year(phrase: Phrase, match: re.Match[str]) -> None:
    day, month, year = match.groups()
    phrase.set_date(_year(year), month_number(month), _number(day))


@_token(r"(<day>)[.\t-](<month>)[.-](<year4>)", r"(<day>)[.\t](<month>)\.([0-9]{2})")
def _pointed(phrase: Phrase, match: re.Match[str]) -> None:
    day, month, year = match.groups()
    phrase.set_date(_year(year), int(month), _number(day))


@_token(r"(?P<m><monthtext>)<gap>(?P<y><year4>)", r"(?P<y><year4>)<gap>(?P<m><monthtext>)")
def _month_year(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_date(int(match["y"]), month_number(match["m"]), 1)


@_token(r"(<monthtext>)<gap>(<day>)<comma>(<year>)")
def _month_day_year(phrase: Phrase, match: re.Match[str]) -> None:
    month, day, year = match.groups()
    phrase.set_date(_year(year), month_number(month), _number(day))


@_token(r"(<monthtext>)<gap>(<day>)(?:<comma>|$)")
def _month_day(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_date(None, month_number(match.group(1)), _number(match.group(2)))


@_token(r"(<day>)<gap>(<monthtext>)")
def _day_month(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_date(None, month_number(match.group(2)), _number(match.group(1)))


@_token(r"(<year4>)(<monthlz>)(<daylz>)")
def _eight_digits(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_date(*map(int, match.groups()))


@_token(
    r"(<year4>)(<monthlz>)(<daylz>)[tT](<h24>):?(<minlz>):?(<seclz>)",
    r"(<year4>)-(<monthlz>)-(<daylz>)T(<h24lz>):(<minlz>):(<seclz>)\.[0-9]+(<cor>)?",
    r"(<year4>)-(<month>)-(<day>)T(<h24>):(<min>):(<sec>)",
    r"(<year4>):(<monthlz>):(<daylz>) (<h24lz>):(<minlz>):(<seclz>)",
)
def _date_and_time(phrase: Phrase, match: re.Match[str]) -> None:
    year, month, day, hour, minute, second, *rest = match.groups()
    phrase.set_time(int(hour), int(minute), int(second))
    phrase.set_date(int(year), int(month), _number(day))
    if rest and rest[0]:
        phrase.set_zone(find_zone(rest[0]))


@_token(r"(<year4>)[.-]?(<yearday>)")
def _day_of_year(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_date(int(match.group(1)), 1, int(match.group(2)))


@_token(r"(<year4>)-?W(<week>)(?:-?([0-7]))?")
def _iso_week(phrase: Phrase, match: re.Match[str]) -> None:
    """The days since the first of January are a shift, so that what follows can shift them further."""
    year, week, day = match.groups()
    phrase.set_date(int(year), 1, 1)
    first = weekday_of_days(days_of_date(int(year), 1, 1))
    phrase.days = (7 if first > 4 else 0) - first + (int(week) - 1) * 7 + int(day or 1)


@_token(r"(?P<m><monthabbr>)-(?P<d><daylz>)-(?P<y><year>)", r"(?P<y><year>)-(?P<m><monthabbr>)-(?P<d><daylz>)")
def _dashed_month(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_date(_year(match["y"]), month_number(match["m"]), int(match["d"]))


@_token(r"(<day>)/(<monthabbr>)/(<year4>):(<h24lz>):(<minlz>):(<seclz>)[ \t]+(<cor>)")
def _log_line(phrase: Phrase, match: re.Match[str]) -> None:
    day, month, year, hour, minute, second, zone = match.groups()
    phrase.set_time(int(hour), int(minute), int(second))
    phrase.set_date(int(year), month_number(month), _number(day))
    phrase.set_zone(find_zone(zone))


@_token(r"<year4>")
def _bare_year(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.year = int(match.group())


@_token(r"(?i:ago)")
def _ago(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.reverse()


@_token(r"<weekday>", r"(?i:weekdays?)")
def _weekday(phrase: Phrase, match: re.Match[str]) -> None:
    """The next such day from the base on; PHP takes a lone `weekday` for Monday."""
    phrase.unset_time()
    phrase.weekday = WEEKDAYS.get(match.group().lower(), 1)
    if phrase.weekday_mode != 2:
        phrase.weekday_mode = 1


@_token(r"(<which>)[ \t]+(?i:week)")
def _which_week(phrase: Phrase, match: re.Match[str]) -> None:
    """`this week` is its Monday, unless another weekday is named."""
    phrase.days += 7 * AMOUNTS[match.group(1).lower()]
    phrase.weekday_mode = 2
    if phrase.weekday is None:
        phrase.weekday = 1


@_token(r"(<ordinal>)[ \t]+(<unit>)")
def _which_unit(phrase: Phrase, match: re.Match[str]) -> None:
    word = match.group(1).lower()
    _shift(phrase, AMOUNTS[word], match.group(2).lower(), mode=1 if word == "this" else 0, keeps_time=False)


@_token(r"(<monthname>)")
def _bare_month(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_date(None, month_number(match.group(1)), None)


@_token(r"<cor>", r"\(?([A-Za-z]{1,6})\)?", r"([A-Z][a-z]+(?:[_/-][A-Za-z]+)+)")
def _zone(phrase: Phrase, match: re.Match[str]) -> None:
    phrase.set_zone(find_zone(match.group().strip("()")))


@_token(
    r"(<monthtext>)<gap>(<day>)<comma>(<h12>)[:.](<minlz>)[ \t]*(<mer>)",
    r"(<monthtext>)<gap>(<day>)<comma>(<h12>)[:.](<min>)[:.](<seclz>)[ \t]*(<mer>)",
)
def _month_day_time_12(phrase: Phrase, match: re.Match[str]) -> None:
    month, day, hour, *parts, meridian = match.groups()
    phrase.set_date(None, month_number(month), _number(day))
    phrase.set_time(_hour12(hour, meridian), *map(int, parts))


@_token(
    r"(<monthtext>)<gap>(<day>)<comma>[tT]?(<h24>)[:.](<min>)",
    r"(<monthtext>)<gap>(<day>)<comma>[tT]?(<h24>)[:.](<min>)[:.](<sec>)",
)
def _month_day_time_24(phrase: Phrase, match: re.Match[str]) -> None:
    month, day, *parts = match.groups()
    phrase.set_date(None, month_number(month), _number(day))
    phrase.set_time(*map(int, parts))


@_token(r"([+-]*)[ \t]*([0-9]{1,13})[ \t]*(<unit>)")
def _amount(phrase: Phrase, match: re.Match[str]) -> None:
    signs, digits, unit = match.groups()
    amount = -int(digits) if signs.count("-") % 2 else int(digits)
    _shift(phrase, amount, unit.lower(), mode=1, keeps_time=True)


def _shift(phrase: Phrase, amount: int, unit: str, *, mode: int, keeps_time: bool) -> None:
    if unit in UNITS:
        name, size = UNITS[unit]
        setattr(phrase, name, getattr(phrase, name) + amount * size)
    elif unit not in TOO_SMALL_UNITS:
        if not keeps_time:
            phrase.unset_time()
        if unit in WEEKDAYS:
            _shift_weekday(phrase, amount, unit, mode)
        else:
            phrase.working_days = amount


def _shift_weekday(phrase: Phrase, amount: int, name: str, mode: int) -> None:
    phrase.days += (amount - 1 if amount > 0 else amount) * 7
    phrase.weekday = WEEKDAYS[name.lower()]
    phrase.weekday_mode = mode


# Reading -------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def parse_phrase(text: str) -> Phrase:
    """What a time text says. The result is shared: do not change it. Raises `PhraseError`."""
    if len(text) > MAX_LENGTH:
        raise PhraseError("The text is too long for a time")
    text = text.strip(" \t\n\r")
    if not text:
        raise PhraseError("The text is empty")
    phrase = Phrase()
    position = 0
    while position < len(text):
        if text[position] in " .,\t\n":
            position += 1
            continue
        best, handle = None, None
        for token in _table():
            match = token.pattern.match(text, position)
            if match is not None and (best is None or match.end() > best.end()):
                best, handle = match, token.handle
        if best is None or handle is None or best.end() == position:
            raise PhraseError(f"Unexpected character {text[position]!r}")
        handle(phrase, best)
        position = best.end()
    return phrase
