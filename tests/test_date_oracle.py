"""Date phrases against timelib, the library with which PHP reads them: generated phrases give the same second.

`strtotime` wraps timelib as of 2010; it is in the extra `dev` where there is a wheel of it. What PHP changed since
stands in `CHANGED` with the reason, and phrases of that kind are not generated. The large run is marked slow.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsrun.dates.timestamps import time_of_text
from xsrun.errors import XanoScriptError

timelib = pytest.importorskip("strtotime", reason="no wheel of strtotime for this Python")

#: Phrases that PHP reads otherwise since the version of timelib that is asked: phrase, timelib's, xsrun's, the reason.
CHANGED: list[tuple[str, int | None, int | None, str]] = [
    ("3 tue", 1_701_129_600, 1_701_209_600, "an amount of weekdays keeps the time of day since PHP 8.1"),
    ("+0 sat +2 sec", 1_700_265_602, 1_700_345_602, "as before"),
    # `january 01.`, the time `01.19`, and `71 monday`
    ("january 01.01.1971 monday", 1_714_953_600, 1_714_958_340, "as before"),
]
#: 2023-11-14 22:13:20, a Tuesday.
NOW = 1_700_000_000

UNITS = [
    "sec",
    "second",
    "min",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "fortnight",
    "month",
    "year",
]
WEEKDAYS = ["monday", "tue", "wednesday", "thurs", "friday", "sat", "sunday"]
MONTHS = ["january", "feb", "march", "apr", "may", "june", "jul", "august", "sept", "october", "nov", "december"]
ORDINALS = ["first", "second", "third", "fourth", "fifth", "last"]

_AMOUNTS = st.tuples(st.sampled_from(["+", "-", ""]), st.integers(0, 40), st.sampled_from(["", " "])).map(
    lambda parts: f"{parts[0]}{parts[1]}{parts[2]}"
)
_SHIFTS = st.tuples(_AMOUNTS, st.sampled_from(UNITS), st.sampled_from(["", "", " ago"])).map("".join)
_WHICH = st.tuples(st.sampled_from(["next ", "last ", "this ", "previous "]), st.sampled_from(UNITS + WEEKDAYS)).map(
    "".join
)
_OF_MONTH = st.tuples(
    st.sampled_from(ORDINALS), st.sampled_from(WEEKDAYS), st.sampled_from(MONTHS), st.integers(1990, 2035)
).map(lambda parts: f"{parts[0]} {parts[1]} of {parts[2]} {parts[3]}")
_EDGES = st.tuples(st.sampled_from(["first", "last"]), st.sampled_from(["next month", "last month", *MONTHS])).map(
    lambda parts: f"{parts[0]} day of {parts[1]}"
)
_DATES = st.tuples(st.integers(1971, 2036), st.integers(1, 12), st.integers(1, 31))
_DAYS = st.one_of(
    _DATES.map(lambda date: "{:04d}-{:02d}-{:02d}".format(*date)),
    _DATES.map(lambda date: f"{date[1]}/{date[2]}/{date[0]}"),
    _DATES.map(lambda date: "{2:02d}.{1:02d}.{0:04d}".format(*date)),
    _DATES.map(lambda date: f"{date[2]} {MONTHS[date[1] - 1]} {date[0]}"),
    _DATES.map(lambda date: f"{MONTHS[date[1] - 1]} {date[2]}, {date[0]}"),
    _DATES.map(lambda date: "{:04d}{:02d}{:02d}".format(*date)),
    st.tuples(st.integers(1980, 2030), st.integers(1, 53), st.integers(1, 7)).map(
        lambda one: "{:04d}-W{:02d}-{}".format(*one)
    ),
    st.sampled_from(["today", "tomorrow", "yesterday", "now", *WEEKDAYS, *MONTHS]),
)
_HOURS = st.one_of(
    st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda one: f"{one[0]}:{one[1]:02d}"),
    st.tuples(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)).map(
        lambda one: "{:02d}:{:02d}:{:02d}".format(*one)
    ),
    st.tuples(st.integers(1, 12), st.sampled_from(["am", " pm", "AM", " p.m."])).map(lambda one: f"{one[0]}{one[1]}"),
    st.sampled_from(["noon", "midnight"]),
)
_ZONES = st.sampled_from(["UTC", "Z", "+02:00", "-0530", "GMT"])
#: A month, a date and a weekday, which are an amount of weekdays to all versions (`CHANGED`).
_AMOUNT_OF_WEEKDAYS = re.compile(rf"(?:{'|'.join(MONTHS)}) \d\d\.\d\d\.\d{{4}} (?:{'|'.join(WEEKDAYS)})\b")
PHRASES = st.one_of(
    _SHIFTS,
    _WHICH,
    _OF_MONTH,
    _EDGES,
    _DAYS,
    st.lists(_SHIFTS, min_size=2, max_size=3).map(" ".join),
    st.tuples(_DAYS, _HOURS).map(" ".join),
    st.tuples(_DAYS, _HOURS, _ZONES).map(" ".join),
    st.tuples(_DAYS, _SHIFTS).map(" ".join),
    st.tuples(_HOURS, _WHICH).map(" ".join),
    st.tuples(_WHICH, _WHICH).map(" ".join),
    st.tuples(_WHICH, _HOURS, _SHIFTS).map(" ".join),
    st.tuples(_DAYS, _WHICH, _HOURS).map(" ".join),
    st.lists(st.one_of(_SHIFTS, _WHICH, _OF_MONTH, _EDGES, _DAYS, _HOURS, _ZONES), min_size=2, max_size=4).map(
        " ".join
    ),
    st.tuples(_EDGES, _HOURS).map(" ".join),
).filter(lambda phrase: not _AMOUNT_OF_WEEKDAYS.search(phrase))


@pytest.fixture(autouse=True, scope="module")
def in_utc() -> Iterator[None]:
    """timelib goes by the zone of the process."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def by_timelib(phrase: str) -> int | None:
    try:
        return int(timelib.strtotime(phrase, NOW))
    except ValueError:
        return None


def by_xsrun(phrase: str) -> int | None:
    try:
        return time_of_text(phrase, NOW * 1000) // 1000
    except XanoScriptError:
        return None


@pytest.mark.parametrize(("phrase", "theirs", "ours", "reason"), CHANGED)
def test_what_php_changed_since(phrase: str, theirs: int | None, ours: int | None, reason: str) -> None:
    assert reason
    assert (by_timelib(phrase), by_xsrun(phrase)) == (theirs, ours)


@given(PHRASES)
@settings(max_examples=500)
def test_as_timelib(phrase: str) -> None:
    assert by_xsrun(phrase) == by_timelib(phrase)


@pytest.mark.slow
@given(PHRASES)
@settings(max_examples=50_000)
def test_as_timelib_at_length(phrase: str) -> None:
    assert by_xsrun(phrase) == by_timelib(phrase)
